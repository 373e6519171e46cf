"""`compass signals`: from a recording or from live servers to what is understood of a service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from compass.domain.failure import ExitCode
from compass.domain.incident import Incident
from compass.domain.time import NS_PER_S, Window
from compass.domain.unread import Unread
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.output import console, page, show, show_json, tell
from compass.entrypoints.cli.render.signals import signal_lines
from compass.entrypoints.cli.unread import Reading, odd_of, readings_of
from compass.entrypoints.cli.when import parse_when
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.live import config, live_source
from compass.ports.errors import BadInputError, NotFoundError, SourceError
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
    """What the command prints as JSON. `origin` is where the data came from. `unread`: series whose names no rule fits,
    and which of them moved since `since_ns`; `readings`: what a language model made of such names."""

    origin: str
    signals: ServiceSignals
    unread: Unread | None = None
    since_ns: int | None = None
    readings: tuple[Reading, ...] = ()


def run_signals(
    service: str, recording: Path | None, since: str | None, *, as_json: bool, full: bool, reject: str | None = None
) -> int:
    """Show what is understood. Raises NotFoundError, with near names, for a service that the data does not name."""
    if recording is not None:
        report = session.run(lambda: _recorded(service, recording, since, reject))
    else:
        report = session.run(lambda: _live(service, since, reject, quiet=as_json))
    if as_json:
        show_json(report)
    else:
        out = console()
        show(out, signal_lines(report, page(out, full=full)))
    return int(ExitCode.DONE)


async def _recorded(service: str, folder: Path, since: str | None, reject: str | None) -> Signals:
    source = RecordingSource.open(folder, config().signals)
    window = source.incident().window
    if since is not None:
        start = max(window.start_ns, _start(since, window.end_ns))
        window = Window(start_ns=start, end_ns=window.end_ns)
    try:
        return await _with_unread(source, source.incident(), source.name, source.signals(service, window), reject)
    finally:
        source.close()


async def _with_unread(
    source: RecordingSource, incident: Incident, origin: str, found: ServiceSignals, reject: str | None
) -> Signals:
    """With what is not understood and moved, and what a model made of it, where a model is chosen."""
    incident = replace(incident, window=found.window, now_ns=min(incident.now_ns, found.window.end_ns))
    try:
        odd = await odd_of(source, incident, found.service, found.window)
    except SourceError as error:
        note = f"whether unknown series moved: {error}"
        return Signals(origin=origin, signals=replace(found, missing=(*found.missing, note)))
    models = config().llm  # without one, the database of what they said need not be opened
    wanted = reject is not None or (isinstance(models, Mapping) and bool(models.get("fast")))
    readings = await readings_of(odd, reject) if wanted else ()
    return Signals(origin=origin, signals=found, unread=odd.unread, since_ns=odd.since_ns, readings=readings)


async def _live(service: str, since: str | None, reject: str | None, *, quiet: bool) -> Signals:
    now = SystemClock().now_ns()
    start = _start(since, now) if since is not None else now - SINCE_S * NS_PER_S
    incident = Incident(
        title=f"signals of {service}", window=Window(start_ns=start, end_ns=now), detected_ns=now, now_ns=now,
        service=service,
    )  # fmt: skip
    chosen = config()
    source = live_source(chosen, incident, parts=NEEDED)
    if not quiet:
        tell(f"asking {', '.join(chosen.sources)} ...")
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
        found = replace(found, fields=fields, missing=(*notes, *found.missing))
        return await _with_unread(kept.recording, incident, source.name, found, reject)
    finally:
        await source.aclose()


def _start(since: str, end_ns: int) -> int:
    start = parse_when(since, end_ns, "--since")
    if start >= end_ns:
        raise BadInputError("the window would be empty", where="--since", hint="--since 30m")
    return start
