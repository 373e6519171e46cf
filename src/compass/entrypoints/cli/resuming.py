"""Take an investigation up again: after a crash, for a deeper attempt, or to stop it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

from compass.domain import chronicle as c
from compass.domain.advised import ModelAsked
from compass.domain.chronicle import NewEvent
from compass.domain.commands import command
from compass.domain.failure import ExitCode, Status
from compass.entrypoints.briefed import Told
from compass.entrypoints.cli import session
from compass.entrypoints.cli.commanding import owed
from compass.entrypoints.cli.investigating import (
    DEEP_WORK,
    EXIT_OF,
    Request,
    Result,
    run_to_end,
    taken_up,
    wait_for_lease,
)
from compass.entrypoints.cli.render.output import tell
from compass.entrypoints.learning import remembering
from compass.entrypoints.models import advised
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import SourceChoice, choice_of, means, runner_name
from compass.investigation.advising.sent import settle
from compass.investigation.commanding import Ordered, desk_of, order_named
from compass.investigation.commanding.base import Payloads
from compass.investigation.commanding.give import ACTOR, give, somebody
from compass.investigation.commanding.stop import Stop
from compass.investigation.commanding.test import deepen as direction
from compass.investigation.conclude import conclude
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import COMMANDER, Means
from compass.investigation.settings import Limits
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError, NotFoundError, StaleRunnerError
from compass.projections.board import fold_all
from compass.projections.build_view import build_view
from compass.projections.view import AccountLine, ProposalLine

OPEN = (Status.RUNNING, Status.STOPPED)
FOLLOW_S = 0.25
"""Between two looks at what another runner committed."""


def go_on(reference: str | None, *, quiet: bool, model: bool = True) -> Result:
    """Resume, with what it was told when it began. Raises BadInputError when there is nothing left to do."""
    chosen = session.settings()

    async def work() -> Result:
        """What is open, or has ended and still owes what a person ordered, is taken up. That is looked at again under
        the lease: meanwhile another runner may have ended it."""
        async with session.open_chronicle(chosen) as chronicle:
            investigation = await chronicle.find(reference)
            events = await chronicle.read(investigation)
            board = fold_all(events)
            status = board.status
            if status not in OPEN and not owed(board):
                of = await session.must_name(chronicle, investigation)
                raise BadInputError(
                    f"this investigation has ended ({status.value}); there is nothing to go on with", where="resume",
                    hint=f"{command('show', of)}; {command('test N', of)} tries harder to refute an account",
                )  # fmt: skip
            request = _as_told(events, quiet=quiet, model=model)
            using = _means(chosen, events, request.limits, sequential=request.sequential)
            prepared = await _equipped(chronicle, using, events, use=request.limits.advise)

            async def begin(recorder: Recorder, using: Means) -> None:
                # Else another runner ended it while this one waited.
                if recorder.board.status in OPEN or owed(recorder.board):
                    await recorder.append(*taken_up(recorder, using, request.told), actor="human")

            return await run_to_end(chronicle, investigation, prepared, request, begin)

    return session.run(work)


def _as_told(events: tuple[c.Event, ...], *, quiet: bool, model: bool) -> Request:
    """What the investigation was told: to resume is the same loop. Only after its end it is the run for an order that
    is taken up, with the limits of that. The comparison with a sequential run is made where the end was not reached
    yet. `model` False is recorded with the limits, so that whoever resumes next keeps to it."""
    runs = _runs(events)
    opened = next((run for run in runs if isinstance(run, c.Opened)), None)
    ends = {event.payload.status for event in events if isinstance(event.payload, c.Ended)}
    told, over = _limits_told(runs), not ends <= {Status.STOPPED}
    limits = next((run.limits for run in reversed(runs) if run.limits is not None), told) if over else told
    if over and fold_all(events).status not in OPEN:
        limits = replace(limits, work=DEEP_WORK)
    limits, told = (replace(one, advise=one.advise and model) for one in (limits, told))
    compared = opened is not None and opened.mode == "sequential" and not over
    return Request(
        quiet=quiet, limits=limits, told=told if told != limits else None, sequential=compared,
        ask=opened is not None and opened.gated,
    )  # fmt: skip


def _runs(events: tuple[c.Event, ...]) -> tuple[c.Opened | c.Resumed, ...]:
    return tuple(event.payload for event in events if isinstance(event.payload, c.Opened | c.Resumed))


def _limits_told(runs: tuple[c.Opened | c.Resumed, ...]) -> Limits:
    """The limits of the investigation itself, whatever was ordered since."""
    last = next((run for run in reversed(runs) if run.limits is not None), None)
    told = last.told if isinstance(last, c.Resumed) else None
    return told or (last.limits if last is not None else None) or Limits()


def test_deeper(reference: str | None, account: str) -> tuple[AccountLine | ProposalLine, Result]:
    """Order a deeper attempt, run it, and give the account (or a model's proposal) as it was, with the new result."""
    chosen = session.settings()

    async def work() -> tuple[AccountLine | ProposalLine, Result]:
        async with session.open_chronicle(chosen) as chronicle:
            return await deepen(chronicle, chosen, reference, account)

    return session.run(work)


async def deepen(
    chronicle: Chronicle, chosen: Settings, reference: str | None, account: str, *, model: bool = True
) -> tuple[AccountLine | ProposalLine, Result]:
    """The same within an open chronicle; `model` False: no language model is heard meanwhile."""
    loaded = await session.load(chronicle, chosen, reference)
    line = session.pick_any(loaded.view, account)
    head = next(h for h in loaded.board.hypotheses.values() if h.label == line.label)
    desk = desk_of(loaded.board, session.mechanisms_for(chosen, loaded.board))
    order = direction(head).apply(desk, somebody())
    if loaded.board.status is Status.RUNNING:
        done = await carried_out(chronicle, chosen, loaded, order)
        if done is not None:
            return line, done
        order = ()  # it is recorded; nobody is left who would work on it
    return line, await reopened(chronicle, chosen, loaded, order, model=model)


async def carried_out(chronicle: Chronicle, chosen: Settings, loaded: session.Loaded, order: Payloads) -> Result | None:
    """Give an order to test deeper to an investigation that runs, and wait until its runner carried it out.

    None: its runner died, or it ended before it saw the order.
    """
    stored = await chronicle.append(
        loaded.id, None, [NewEvent(key=key, payload=one, actor=ACTOR) for key, one in order]
    )
    tell(f"#{loaded.number} is running: its runner carries this out (Ctrl-C leaves it to that)")
    probe = Recorder(chronicle, loaded.id, runner_name(), show_nothing)
    number = len(fold_all(e for e in await chronicle.read(loaded.id) if e.seq <= stored[-1].seq).asked)
    paused = False
    while True:
        board = await probe.catch_up()
        settled = not board.round_open and board.believed_round >= board.round
        if board.status is Status.STOPPED or (board.deepened >= number and settled):
            view = build_view(board, session.mechanisms_for(chosen, board), id=str(loaded.id), number=loaded.number)
            code = ExitCode.DONE if board.status is Status.RUNNING else EXIT_OF[board.status]
            return Result(id=loaded.id, exit_code=code, view=view, of=loaded.of)
        if board.status is not Status.RUNNING or await unattended(chronicle, loaded.id):
            return None
        if board.orders.paused and not paused:
            tell(f"#{loaded.number} is paused: compass continue {loaded.number} goes on")
        paused = board.orders.paused
        await asyncio.sleep(FOLLOW_S)


async def unattended(chronicle: Chronicle, investigation: UUID) -> bool:
    """Whether it has not ended, and no runner holds its lease: its runner died, seconds ago or long. Only looks: a
    runner that is late keeps what it has."""
    if await chronicle.held(investigation):
        return False
    return fold_all(await chronicle.read(investigation)).status is Status.RUNNING


async def abandoned(chronicle: Chronicle, investigation: UUID) -> bool:
    """Whether what was ordered of a running investigation is left lying: its runner died, or ended before seeing it."""
    held = await chronicle.held(investigation)  # before the events: a runner that has ended has committed its end
    board = fold_all(await chronicle.read(investigation))
    return not held if board.status is Status.RUNNING else owed(board)


async def reopened(
    chronicle: Chronicle, chosen: Settings, loaded: session.Loaded, order: Payloads, *, model: bool = False
) -> Result:
    """Give an order to an investigation that has ended, and work on it until it ends again: as it was told, but with
    the work of orders, and without the model where either says so."""
    told = _limits_told(_runs(loaded.events))
    limits = replace(told, work=DEEP_WORK, advise=told.advise and model)
    request, using = Request(quiet=True, limits=limits, told=told), _means(chosen, loaded.events, limits)
    prepared = await _equipped(chronicle, using, loaded.events, use=limits.advise)

    async def begin(recorder: Recorder, using: Means) -> None:
        # All at once: an order without the round that follows it would be left for whoever resumes next.
        await recorder.append(*order, *taken_up(recorder, using, told), actor="human")

    return await run_to_end(chronicle, loaded.id, prepared, request, begin)


def order_stop(reference: str | None) -> str:
    """Record the order and wait until the runner obeyed; without a living runner, end it here."""
    chosen = session.settings()

    async def work() -> str:
        """What became of it, in a sentence. The order is committed before the wait: it holds whatever becomes of this
        process."""
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            if loaded.board.status is not Status.RUNNING:
                return f"#{loaded.number} is not running (it is {loaded.board.status.value})"
            desk = desk_of(loaded.board, session.mechanisms_for(chosen, loaded.board))
            stop = Ordered(kind=order_named("stop"), value=Stop())
            await give(chronicle, loaded.id, stop, desk, somebody())
            recorder = Recorder(chronicle, loaded.id, runner_name(), show_nothing)
            try:
                await wait_for_lease(recorder, Limits().lease_s, quiet=True)
            except StaleRunnerError:
                return f"#{loaded.number} is ordered to stop; its runner is still busy and ends when it gets there"
            return await _ended(recorder, loaded.number)

    return session.run(work)


async def _ended(recorder: Recorder, number: int) -> str:
    """With the lease in hand: what the runner did, or its end when it died without one."""
    try:
        board = await recorder.catch_up()
        if board.status is not Status.RUNNING:
            return f"#{number} stopped; `compass resume {number}` goes on"
        await settle(recorder)
        await recorder.append(*conclude(recorder.board, "stopped by a human", Limits()), actor=COMMANDER)
        return f"#{number} had no living runner; it is recorded as stopped; `compass resume {number}` goes on"
    finally:
        await recorder.release()


async def _equipped(chronicle: Chronicle, prepared: Means, events: tuple[c.Event, ...], *, use: bool) -> Means:
    """With the model that is chosen now, and what the investigation has spent."""
    board = fold_all(events)
    severity = board.incident.severity if board.incident is not None else None
    calls = [event.payload.call for event in events if isinstance(event.payload, ModelAsked)]
    heard = await advised(prepared, chronicle, severity, calls=calls, spent=board.advice.charged_usd, use=use)
    return remembering(heard, chronicle)


def _means(chosen: Settings, events: tuple[c.Event, ...], limits: Limits, *, sequential: bool = False) -> Means:
    """With what it was told of the team's knowledge when it began, whatever was applied since."""
    board = fold_all(events)
    now_ns = board.incident.now_ns if board.incident is not None else 0
    known = Told(knowledge=board.team)
    return means(chosen, _source(events), limits, sequential=sequential, told=known, now_ns=now_ns)


def _source(events: tuple[c.Event, ...]) -> SourceChoice:
    """Where the telemetry is. Raises BadInputError when it is there no more: before anything is recorded."""
    opened = next((e.payload for e in events if isinstance(e.payload, c.Opened)), None)
    if opened is None:
        raise NotFoundError("this investigation never began: it holds no opening event", hint="compass investigate")
    choice = choice_of(opened.source_uri, opened.incident, fold_all(events).team)
    choice.open()  # connects to nothing yet
    return choice
