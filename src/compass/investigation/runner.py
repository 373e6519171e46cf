"""The loop: fold the chronicle, decide the next move, make it, append what came of it. Resume is the same loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from compass.analysis.likelihood import LikelihoodTable
from compass.analysis.posterior import ENGINE
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.commanded import CommandGiven
from compass.domain.failure import Status
from compass.domain.incident import Incident
from compass.domain.team import TeamKnowledge
from compass.investigation import conclude, intake
from compass.investigation.advising.base import Adviser
from compass.investigation.advising.hear import Money, do_without, hear, lost_before
from compass.investigation.advising.sent import settle
from compass.investigation.answers import gate_decision
from compass.investigation.beliefs import believe
from compass.investigation.briefing import briefing
from compass.investigation.consulting import consult
from compass.investigation.funnel import Funnel
from compass.investigation.lease import while_held
from compass.investigation.moves import SCREEN, Kind, Move, next_move
from compass.investigation.pausing import rest
from compass.investigation.reading import read
from compass.investigation.recall import recall
from compass.investigation.recorder import Recorder
from compass.investigation.requesting import requests_of
from compass.investigation.rounds import Field, run_round
from compass.investigation.sequential import measure_sequential
from compass.investigation.settings import Crew, Limits
from compass.investigation.shared import SingleFlight
from compass.ports.clock import Clock
from compass.ports.documents import Documents
from compass.ports.knowledge import Knowledge
from compass.ports.language_model import LanguageModel
from compass.ports.replies import Replies
from compass.ports.telemetry import Telemetry
from compass.ports.tools import Tools
from compass.projections.board import ahead

COMMANDER = "commander"
WITHOUT_TEAM = "what the team calls normal, critical or known"
STOP_POLL_S = 0.25
R = TypeVar("R")


Gate = Callable[[Board], Awaitable[bool | None]]
"""Shows a person what and where, and asks whether to go on to why; None: nobody answered in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """All that an investigation works with. `open_telemetry` gives a fresh, cold source each time.

    `gate` None: nobody is asked; a recorded policy goes on. `attended`: a person sits there and commands. `model` None:
    none was chosen, which is normal;
    `advisers` are what it is asked, `budget_usd` what it may cost without anybody's consent, `money` how that
    is estimated and asked for. `model_wrong`: why the model that was chosen cannot be used in this run, in words.
    `knowledge` is asked, `documents` are read, where the crew says so; `kept` is where what series mean is kept.
    `open_tools` connects to the tools that `crew.asks` are calls of. `team` is what the team wrote down and applied;
    `team_lost` says why some of it could not be had.
    """

    crew: Crew
    table: LikelihoodTable
    open_telemetry: Callable[[], Telemetry]
    clock: Clock
    limits: Limits = Limits()
    sequential: bool = False
    gate: Gate | None = None
    attended: bool = False
    model: LanguageModel | None = None
    advisers: Sequence[Adviser[Any]] = ()
    budget_usd: float | None = None
    money: Money = Money()
    model_wrong: str = ""
    knowledge: Knowledge | None = None
    documents: Documents | None = None
    open_tools: Callable[[], Tools] | None = None
    kept: Replies | None = None
    team: TeamKnowledge | None = None
    team_lost: Sequence[str] = ()


async def open_investigation(recorder: Recorder, incident: Incident, means: Means, *, source_uri: str) -> None:
    """Record that an investigation begins and who commands it."""
    opened = c.Opened(
        incident=incident, engine=ENGINE, mode="sequential" if means.sequential else "parallel",
        commander="human" if means.attended or means.gate else "policy:unattended",
        specialists=tuple(s.name for s in means.crew.specialists), source_uri=source_uri,
        model=means.model.name if means.model else "", budget_usd=means.budget_usd, limits=means.limits,
        gated=means.gate is not None,
    )  # fmt: skip
    began: list[tuple[str, c.Payload]] = [("opened", opened)]
    if means.team is not None and (told := briefing(means.team)) is not None:
        began.append(("team/briefed", told))
    lost = (c.GapNamed(gap=f"team knowledge: {why}", hides=WITHOUT_TEAM) for why in means.team_lost)
    began += [(f"gap/team/{number}", gap) for number, gap in enumerate(lost)]
    if means.model_wrong:
        began.append(("opened/lost", lost_before(means.model_wrong)))
    await recorder.append(*began, actor=COMMANDER)


async def investigate(recorder: Recorder, means: Means) -> Board:
    """Run until the investigation has ended; returns the final board. The lease must have been claimed. Raises
    StaleRunnerError where another runner takes it over meanwhile."""
    funnel = Funnel(means.open_telemetry())
    tools = _tools(recorder.board, means)
    shared = SingleFlight()
    field = Field(telemetry=funnel, shared=shared, clock=means.clock, tools=tools, pause_s=means.limits.pause_s)
    work = _to_the_end(recorder, means, field, funnel, shared)
    try:
        await while_held(work, recorder, means.limits.lease_s, means.clock)
    finally:
        try:
            await funnel.aclose()
        finally:
            if tools is not None:
                await tools.aclose()
    return recorder.board


async def _to_the_end(recorder: Recorder, means: Means, field: Field, funnel: Funnel, shared: SingleFlight) -> None:
    """Move by move, until nothing is left to do."""
    started = means.clock.monotonic_s()
    agents: dict[str, float] = {}
    if means.model is not None:
        means.model.recall(await recorder.calls())
    await settle(recorder)
    while (move := next_move(recorder.board, means.crew, means.limits)).kind is not Kind.NOTHING:
        if move.kind is Kind.CONCLUDE:
            await settle(recorder)
            await _finish(recorder, means, move, started, agents, funnel)
        else:
            await _make(move, recorder, means, field, agents)
        if move.kind is Kind.RUN_ROUND and move.phase == SCREEN:
            # What screens share, every span and line among it, is read by nobody who attempts to refute.
            await shared.close()
            await funnel.release()
        await recorder.catch_up(shown=True)


def _tools(board: Board, means: Means) -> Tools | None:
    """The team's own tools where they are still to be asked. Their servers start while others screen."""
    if means.open_tools is None or not means.crew.asks or board.consulted is not None or board.round > 1:
        return None
    tools = means.open_tools()
    tools.begin()
    return tools


async def _make(move: Move, recorder: Recorder, means: Means, field: Field, agents: dict[str, float]) -> None:
    if move.kind is Kind.CHECK_SOURCES:
        await _or_stop(intake.check_sources(recorder, field.telemetry), recorder)
    elif move.kind is Kind.ORIENT:
        await _or_stop(intake.orient(recorder, field.telemetry), recorder)
    elif move.kind is Kind.START_ROUND:
        started = c.RoundStarted(number=move.round, phase=move.phase, board_seq=recorder.board.seq)
        await recorder.append((f"round/{move.round}/started", started), actor=COMMANDER)
    elif move.kind is Kind.RUN_ROUND:
        await _or_stop(run_round(recorder, means.crew, means.limits, field, agents), recorder)
    elif move.kind is Kind.CONSULT:
        await _or_stop(consult(recorder, means.crew.asks, field.tools, means.clock), recorder)
    elif move.kind is Kind.WAIT:
        await _or_stop(rest(recorder, means.clock, means.limits.pause_s), recorder)
    elif move.kind is Kind.GATE:
        await _gate(recorder, means)
    elif move.kind is Kind.ADVISE:
        await _or_stop(_advise(recorder, means), recorder)
    elif move.kind is Kind.RECALL:
        await _or_stop(recall(recorder, means.knowledge), recorder)
    elif move.kind is Kind.READ:
        await _or_stop(read(recorder, means.crew.mechanisms, means.documents), recorder)
    elif move.kind is Kind.BELIEVE:
        board = recorder.board
        payloads = await asyncio.to_thread(believe, board, means.crew.mechanisms, means.table)
        # Together: a crash between them would leave nobody who asks for what the new beliefs rest on.
        asked = requests_of(ahead(board, (payload for _, payload in payloads)), means.crew.mechanisms)
        await recorder.append(*payloads, *asked, actor="planning")


async def _advise(recorder: Recorder, means: Means) -> None:
    if means.model is None:
        await do_without(recorder, means.model_wrong)
    else:
        await hear(recorder, means.model, means.crew, means.advisers, means.money, means.limits, means.kept)


async def _gate(recorder: Recorder, means: Means) -> None:
    answer, asked_s, took_s = None, means.clock.monotonic_s(), None
    if means.gate is not None:
        question = asyncio.ensure_future(means.gate(recorder.board))
        await _until_stopped(question, recorder)
        if question.cancelled():
            return  # an order to stop came before an answer, or another runner ended it
        answer, took_s = question.result(), means.clock.monotonic_s() - asked_s
    payloads: list[tuple[str, c.Payload]] = [("decision/gate", gate_decision(recorder.board, answer, took_s=took_s))]
    if answer is False:
        payloads.append(("command/stop/gate", CommandGiven(command="stop")))
    await recorder.append(*payloads, actor="human" if answer is not None else COMMANDER)


async def _or_stop(work: Coroutine[Any, Any, None], recorder: Recorder) -> None:
    """Work that a person's `stop` ends at once; what had been committed stays."""
    task = asyncio.create_task(work)
    await _until_stopped(task, recorder)
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error


async def _until_stopped(work: asyncio.Future[R], recorder: Recorder) -> None:
    """Wait for `work`, or cancel it when a person orders a stop or another runner came to the end. It is done in
    either case."""
    watcher = asyncio.create_task(_wait_until_over(recorder))
    try:
        both: tuple[asyncio.Future[Any], ...] = (work, watcher)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (watcher, work):
            task.cancel()
        await asyncio.gather(work, watcher, return_exceptions=True)


async def _wait_until_over(recorder: Recorder) -> None:
    # The order comes from another process, through the database: there is no event of this one to wait for.
    while True:
        board = await recorder.catch_up(shown=True)
        if board.stop_requested or board.status is not Status.RUNNING:
            return
        await asyncio.sleep(STOP_POLL_S)


async def _finish(
    recorder: Recorder, means: Means, move: Move, started: float, agents: dict[str, float], telemetry: Telemetry
) -> None:
    elapsed = means.clock.monotonic_s() - started
    timing = c.TimingMeasured(elapsed_s=elapsed, agents_s=dict(sorted(agents.items())))
    if means.sequential and not recorder.board.stop_requested:
        timing = await measure_sequential(
            recorder.board, means.crew, means.open_telemetry, means.clock, elapsed, agents
        )
    key = f"timing/{recorder.board.round}/{recorder.board.reopened}"
    await recorder.append((key, timing), actor=COMMANDER)
    if telemetry.asked:
        asked = c.ServersAsked(requests=telemetry.asked)
        await recorder.append((f"asked/{recorder.runner}/{recorder.board.seq}", asked), actor=COMMANDER)
    await recorder.append(*conclude.conclude(recorder.board, move.reason, means.limits), actor=COMMANDER)
