"""`compass signals`: from a recording or from live servers to what is understood of a service."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from compass.domain.failure import ExitCode
from compass.domain.incident import Incident
from compass.domain.time import NS_PER_S, Window
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.output import console, page, show, show_json
from compass.entrypoints.cli.render.signals import signal_lines
from compass.entrypoints.cli.when import parse_when
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.live import config, live_source
from compass.ports.errors import BadInputError, NotFoundError
from compass.sources.recording import RecordingSource
from compass.sources.recording.layout import KUBERNETES_PART, LOGS_PART, METRICS_PART, TOPOLOGY_PART, TRACES_PART
from compass.sources.recording.signals import ServiceSignals

SINCE_S = 30 * 60
MOST_NOTES = 3
NEEDED = frozenset(
    part.name for part in (METRICS_PART, LOGS_PART, TRACES_PART, KUBERNETES_PART, TOPOLOGY_PART)
)  # fmt: skip
"""What says something about a service itself; changes and alerts are not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What the command prints as JSON. `origin` is where the data came from."""

    origin: str
    signals: ServiceSignals


def run_signals(service: str, recording: Path | None, since: str | None, *, as_json: bool, full: bool) -> int:
    """Show what is understood. Raises NotFoundError, with near names, for a service that the data does not name."""
    if recording is not None:
        report = _recorded(service, recording, since)
    else:
        report = session.run(lambda: _live(service, since, quiet=as_json))
    if as_json:
        show_json(report)
    else:
        out = console()
        show(out, signal_lines(report.signals, report.origin, page(out, full=full)))
    return int(ExitCode.DONE)


def _recorded(service: str, folder: Path, since: str | None) -> Signals:
    source = RecordingSource.open(folder, config().signals)
    window = source.incident().window
    if since is not None:
        start = max(window.start_ns, _start(since, window.end_ns))
        window = Window(start_ns=start, end_ns=window.end_ns)
    try:
        return Signals(origin=source.name, signals=source.signals(service, window))
    finally:
        source.close()


async def _live(service: str, since: str | None, *, quiet: bool) -> Signals:
    now = SystemClock().now_ns()
    start = _start(since, now) if since is not None else now - SINCE_S * NS_PER_S
    incident = Incident(
        title=f"signals of {service}", window=Window(start_ns=start, end_ns=now), detected_ns=now, now_ns=now,
        service=service,
    )  # fmt: skip
    chosen = config()
    source = live_source(chosen, incident, parts=NEEDED)
    if not quiet:
        print(f"asking {', '.join(chosen.sources)} ...", file=sys.stderr)
    try:
        kept = await source.kept()
        notes = [f"{part}: {note}" for part, told in sorted(kept.told.items()) for note in told.missing]
        try:
            found = await asyncio.to_thread(kept.recording.signals, service)
        except NotFoundError as error:
            # A name that nothing knows may be known to the source that could not be read.
            seen = f"{error.what}, as far as could be read" if notes else error.what
            raise NotFoundError(seen, where="; ".join(notes[:MOST_NOTES]), hint=error.hint) from error
        fields = await source.log_fields(found.service.name)
        return Signals(origin=source.name, signals=replace(found, fields=fields, missing=(*notes, *found.missing)))
    finally:
        await source.aclose()


def _start(since: str, end_ns: int) -> int:
    start = parse_when(since, end_ns, "--since")
    if start >= end_ns:
        raise BadInputError("the window would be empty", where="--since", hint="--since 30m")
    return start
