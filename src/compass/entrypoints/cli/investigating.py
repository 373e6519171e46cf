"""Run one investigation for a person: live view while it works, then the result and its exit code."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from rich.console import Console

from compass.domain.board import Board
from compass.domain.chronicle import CommandGiven, NewEvent
from compass.domain.failure import ExitCode, Status
from compass.domain.incident import Incident, Severity
from compass.domain.time import to_datetime
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.when import parse_when
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import SourceChoice, means, recording_choice, runner_name
from compass.investigation.recorder import Listener, Recorder, show_nothing
from compass.investigation.runner import Means, investigate, open_investigation
from compass.investigation.settings import Limits
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError, StaleRunnerError
from compass.projections.build_view import build_view
from compass.projections.view import View
from compass.sources.recording import RecordingSource

EXIT_OF = {
    Status.DONE: ExitCode.DONE, Status.INCONCLUSIVE: ExitCode.INCONCLUSIVE, Status.FAILED: ExitCode.FAILED,
    Status.STOPPED: ExitCode.STOPPED, Status.RUNNING: ExitCode.FAILED,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the person asked for. Times are as typed."""

    service: str | None = None
    symptom: str | None = None
    since: str | None = None
    at: str | None = None
    severity: Severity | None = None
    sequential: bool = False
    limits: Limits = Limits()
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    id: UUID
    view: View
    exit_code: ExitCode


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
    """Open and run one investigation on a recording."""
    incident = incident_of(folder, request)
    choice = recording_choice(folder)
    investigation = await chronicle.create(incident.title)
    return await run_to_end(chronicle, chosen, investigation, choice, request, incident)


async def run_to_end(
    chronicle: Chronicle, chosen: Settings, investigation: UUID, choice: SourceChoice, request: Request,
    incident: Incident | None = None,
) -> Result:  # fmt: skip
    """Run (or go on with) an investigation; Ctrl-C is a human's stop and is recorded as one."""
    console = Console(stderr=True, highlight=False)
    with LiveView(console) as live:
        listener: Listener = show_nothing if request.quiet else live
        recorder = Recorder(chronicle, investigation, runner_name(), listener)
        await _claim(recorder, request.limits.lease_s)
        prepared = means(chosen, choice, request.limits, sequential=request.sequential)
        await recorder.catch_up()
        if incident is not None:
            await open_investigation(recorder, incident, prepared, source_uri=choice.uri)
        try:
            board = await _stoppable(chronicle, investigation, recorder, prepared)
        finally:
            await recorder.release()
    return Result(
        id=investigation, exit_code=EXIT_OF[board.status], view=await _view(chronicle, investigation, prepared, board)
    )


async def _stoppable(chronicle: Chronicle, investigation: UUID, recorder: Recorder, prepared: Means) -> Board:
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, asked.set)

    async def stop() -> None:
        await asked.wait()
        order = NewEvent(key="command/stop/sigint", payload=CommandGiven(command="stop"), actor="human")
        await chronicle.append(investigation, None, [order])

    watcher = asyncio.create_task(stop())
    try:
        return await investigate(recorder, prepared)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


async def _claim(recorder: Recorder, lease_s: float) -> None:
    """Take the lease; after a crash the dead runner's lease has to run out first, which takes seconds."""
    waited = 0.0
    while True:
        try:
            return await recorder.claim(lease_s)
        except StaleRunnerError:
            if waited >= lease_s + 2:
                raise
            if waited == 0:
                print("another runner holds this investigation; waiting for its lease to run out ...", file=sys.stderr)
            await asyncio.sleep(0.5)
            waited += 0.5


async def _view(chronicle: Chronicle, investigation: UUID, prepared: Means, board: Board) -> View:
    number = next((s.number for s in await chronicle.list(limit=10_000) if s.id == investigation), 0)
    return build_view(board, prepared.crew.mechanisms, id=str(investigation), number=number)

