"""Run one investigation for a person: live view while it works, then the result and its exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from rich.console import Console

from compass.domain.board import Board
from compass.domain.chronicle import Resumed
from compass.domain.failure import ExitCode, Status
from compass.domain.incident import Incident, Severity
from compass.domain.time import to_datetime
from compass.entrypoints.briefed import Told, rules_with, told
from compass.entrypoints.cli.at_prompt import consent as consent_at
from compass.entrypoints.cli.at_prompt import gate
from compass.entrypoints.cli.conversation.foreground import can_answer, can_talk
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.render.output import progress_console, tell
from compass.entrypoints.cli.session import must_name
from compass.entrypoints.cli.when import parse_when
from compass.entrypoints.config import Config
from compass.entrypoints.learning import catching_up, remembering
from compass.entrypoints.live import config
from compass.entrypoints.models import advised
from compass.entrypoints.observability import send, wanted
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import SourceChoice, live_choice, means, recording_choice, runner_name
from compass.investigation.commanding import Ordered, desk_of, order_named
from compass.investigation.commanding.base import Payloads
from compass.investigation.commanding.give import give, somebody
from compass.investigation.commanding.go_on import Continue
from compass.investigation.commanding.stop import Stop
from compass.investigation.recorder import Listener, Recorder, show_nothing
from compass.investigation.runner import Means, investigate, open_investigation
from compass.investigation.settings import Limits
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError, ConfigurationError, StaleRunnerError
from compass.projections.build_view import build_view
from compass.projections.view import View
from compass.sources.recording import RecordingSource

Begin = Callable[[Recorder, Means], Awaitable[None]]
DEEP_WORK = 10_000.0
"""Work units for what a person orders after the end."""
EXIT_OF = {
    Status.DONE: ExitCode.DONE, Status.INCONCLUSIVE: ExitCode.INCONCLUSIVE, Status.FAILED: ExitCode.FAILED,
    Status.STOPPED: ExitCode.STOPPED, Status.RUNNING: ExitCode.FAILED,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the person asked for. Times are as typed. `model`: ask the language model, if one is chosen;
    `team`: go by what the team wrote down. `told`: the limits of the investigation itself, where these are others."""

    service: str | None = None
    symptom: str | None = None
    since: str | None = None
    start: str | None = None
    end: str | None = None
    at: str | None = None
    severity: Severity | None = None
    sequential: bool = False
    ask: bool = False
    limits: Limits = Limits()
    told: Limits | None = None
    quiet: bool = False
    model: bool = True
    team: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it ended, and what a person is shown. `of` is what commands about it must name (`session.must_name`)."""

    id: UUID
    view: View
    exit_code: ExitCode
    of: int


def incident_of(folder: Path, request: Request) -> Incident:
    """The recording's incident with what the person said about it. Raises BadInputError for times outside it."""
    incident = RecordingSource.open(folder).incident()
    detected = incident.detected_ns
    if request.at is not None:
        detected = parse_when(request.at, incident.now_ns, "--at")
        if not incident.window.start_ns <= detected <= incident.window.end_ns:
            raise BadInputError("the time lies outside the recording", where="--at", hint=_window(incident))
    window = incident.window
    if request.since is not None:
        start = parse_when(request.since, detected, "--since")
        if start >= detected or start >= window.end_ns:
            raise BadInputError("the window would be empty", where="--since", hint=_window(incident))
        window = replace(window, start_ns=max(window.start_ns, start))
    return replace(
        incident, detected_ns=detected, window=window, service=request.service or incident.service,
        symptom=request.symptom or incident.symptom, severity=request.severity or incident.severity,
    )  # fmt: skip


def _window(incident: Incident) -> str:
    start, end = to_datetime(incident.window.start_ns), to_datetime(incident.window.end_ns)
    return f"it covers {start:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S} UTC"


async def investigate_recording(chronicle: Chronicle, chosen: Settings, folder: Path, request: Request) -> Result:
    """Open and run one investigation on a recording. Whatever is wrong with the input is found before it is stored."""
    incident, known = incident_of(folder, request), await told(chronicle, use=request.team)
    rules, wrong = rules_with(config().signals, known.knowledge, incident.now_ns)
    choice, known = recording_choice(folder, rules), replace(known, lost=(*known.lost, *wrong))
    prepared = _means(chosen, choice, request, known, incident)
    prepared = await advised(prepared, chronicle, incident.severity, use=request.model)
    prepared = remembering(prepared, chronicle)

    async def begin(recorder: Recorder, using: Means) -> None:
        await open_investigation(recorder, incident, using, source_uri=choice.uri)

    return await run_to_end(chronicle, await chronicle.create(incident.title), prepared, request, begin)


async def investigate_live(
    chronicle: Chronicle, chosen: Settings, connected: Config, incident: Incident, request: Request
) -> Result:
    """Open and run one investigation on live servers."""
    known = await told(chronicle, use=request.team)
    rules, wrong = rules_with(connected.signals, known.knowledge, incident.now_ns)
    choice, known = live_choice(replace(connected, signals=rules), incident), replace(known, lost=(*known.lost, *wrong))
    prepared = _means(chosen, choice, request, known, incident)
    prepared = await advised(prepared, chronicle, incident.severity, use=request.model)
    prepared = remembering(prepared, chronicle)

    async def begin(recorder: Recorder, using: Means) -> None:
        await open_investigation(recorder, incident, using, source_uri=choice.uri)

    return await run_to_end(chronicle, await chronicle.create(incident.title), prepared, request, begin)


def _means(chosen: Settings, choice: SourceChoice, request: Request, known: Told, incident: Incident) -> Means:
    # Recorded with the limits, so that whoever resumes keeps to it: what is told a model cannot be taken back.
    limits = replace(request.limits, advise=request.limits.advise and request.model)
    return means(chosen, choice, limits, sequential=request.sequential, told=known, now_ns=incident.now_ns)


async def run_to_end(
    chronicle: Chronicle, investigation: UUID, prepared: Means, request: Request, begin: Begin
) -> Result:
    """Run (or go on with) an investigation; Ctrl-C is a human's stop and is recorded as one. On a terminal it is a
    conversation.

    `begin` writes the first events. It is called with the lease held and everything folded, so that what another
    runner did meanwhile is known.
    """
    console = progress_console()
    job = _Job(chronicle=chronicle, investigation=investigation, prepared=prepared, request=request, begin=begin)
    talk = not request.quiet and can_talk(console)
    board, before = await (_talked(job, console) if talk else _watched(job, console))
    await _observed(chronicle, investigation, before)
    number = await chronicle.number(investigation)
    view = build_view(board, prepared.crew.mechanisms, id=str(investigation), number=number)
    of = await must_name(chronicle, investigation)
    return Result(id=investigation, exit_code=EXIT_OF[board.status], view=view, of=of)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    chronicle: Chronicle
    investigation: UUID
    prepared: Means
    request: Request
    begin: Begin


async def _watched(job: _Job, console: Console) -> tuple[Board, int]:
    """With lines of what is done, or with nothing shown: the board at the end, and the last event before this run."""
    prepared, limits = job.prepared, job.request.limits
    with LiveView(console, quiet=job.request.quiet) as live:
        listener: Listener = show_nothing if job.request.quiet else live
        recorder = Recorder(job.chronicle, job.investigation, runner_name(), listener)
        await wait_for_lease(recorder, limits.lease_s)
        if not job.request.quiet and can_answer(console):
            consent = consent_at(live, limits.consent_s)
            prepared = replace(prepared, money=replace(prepared.money, consent=consent))
            if job.request.ask:
                prepared = replace(prepared, gate=gate(live, prepared.crew.mechanisms, limits.gate_s))
        before = await _run(job, recorder, prepared, job.begin, tell)
    return recorder.board, before


async def _talked(job: _Job, console: Console) -> tuple[Board, int]:
    """As a conversation: the same."""
    from compass.entrypoints.cli.conversation.talk import Conversation

    prepared, limits = job.prepared, job.request.limits
    recorder = Recorder(job.chronicle, job.investigation, runner_name(), lambda event: talk(event))
    talk = Conversation(
        console=console, chronicle=job.chronicle, recorder=recorder, mechanisms=prepared.crew.mechanisms,
        limits=limits, terminal_file=sys.stdin.fileno(), number=await job.chronicle.number(job.investigation),
    )  # fmt: skip
    await wait_for_lease(recorder, limits.lease_s)
    talk.recall(await job.chronicle.read(job.investigation))
    own = replace(limits, work=DEEP_WORK, advise=False)  # for what is ordered after the end
    deeper = replace(prepared, limits=own, model=None, advisers=(), sequential=False)

    async def take_up() -> Board:
        async def begin(recorder: Recorder, using: Means) -> None:
            told = job.request.told or job.prepared.limits
            await recorder.append(*taken_up(recorder, using, told), actor="human")

        await wait_for_lease(recorder, limits.lease_s, quiet=True)
        await _run(job, recorder, deeper, begin, talk.tell)
        return recorder.board

    money = replace(prepared.money, consent=talk.consent)
    prepared = replace(prepared, money=money, attended=True, gate=talk.gate if job.request.ask else prepared.gate)
    with talk:
        before = await _run(job, recorder, prepared, job.begin, talk.tell)
        await talk.after(take_up)
    return recorder.board, before


async def _run(job: _Job, recorder: Recorder, using: Means, begin: Begin, say: Callable[[str], None]) -> int:
    """Until it has ended, with the lease held: the last event before. The lease is given up whatever happens."""
    try:
        before = (await recorder.catch_up()).seq
        await begin(recorder, using)
        async with catching_up(job.chronicle, say):
            await _stoppable(job.chronicle, job.investigation, recorder, using)
    finally:
        await recorder.release()
    return before


def taken_up(recorder: Recorder, using: Means, told: Limits | None) -> Payloads:
    """The events that an investigation is taken up again, by whom and with what. A pause that somebody ordered before
    it stopped running ends with it: else all that is ordered now would wait for a person who is gone. `told`: the
    limits of the investigation itself, where those of `using` are others."""
    board = recorder.board
    resumed = Resumed(
        runner=recorder.runner.split(":")[1], after_seq=board.seq, budget_usd=using.budget_usd,
        model=using.model.name if using.model is not None else "", limits=using.limits,
        told=told if told != using.limits else None,
    )  # fmt: skip
    going_on: Payloads = ()
    if board.orders.paused:
        order = Ordered(kind=order_named("continue"), value=Continue(reason="taken up again"))
        going_on = order.apply(desk_of(board, using.crew.mechanisms), somebody())
    return (*going_on, (f"resumed/{board.seq}", resumed))


async def _observed(chronicle: Chronicle, investigation: UUID, before: int) -> None:
    """COMPASS's own telemetry, where somebody wants it. Its troubles end nothing."""
    if not wanted(os.environ):
        return
    events = await chronicle.read(investigation)
    try:
        if not await asyncio.to_thread(send, events, os.environ, after=before):
            tell("compass: the OTLP endpoint did not take spans or metrics of this run; nothing else is affected")
    except ConfigurationError as error:
        tell(f"compass: {error}")


async def _stoppable(chronicle: Chronicle, investigation: UUID, recorder: Recorder, prepared: Means) -> Board:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, asked.set)

    async def stop() -> None:
        await asked.wait()
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C ends the process at once
        crew = prepared.crew
        desk = desk_of(recorder.board, crew.mechanisms, crew.strategies)
        await give(chronicle, investigation, Ordered(kind=order_named("stop"), value=Stop()), desk, somebody())

    watcher = asyncio.create_task(stop())
    try:
        return await investigate(recorder, prepared)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


async def wait_for_lease(recorder: Recorder, lease_s: float, *, quiet: bool = False) -> None:
    """Take the lease; after a crash the dead runner's lease has to run out first, which takes seconds.

    Raises StaleRunnerError when another runner is alive and keeps it.
    """
    waited = 0.0
    while True:
        try:
            return await recorder.claim(lease_s)
        except StaleRunnerError:
            if waited >= lease_s + 2:
                raise
            if waited == 0 and not quiet:
                tell("another runner holds this investigation; waiting for its lease to run out ...")
            await asyncio.sleep(0.5)
            waited += 0.5
