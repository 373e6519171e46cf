"""Keep an incident's telemetry as a recording: everything of its window, exactly, or not at all."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from compass.domain.chronicle import Opened
from compass.domain.incident import Incident
from compass.entrypoints.cli import session
from compass.entrypoints.cli.investigating import Request
from compass.entrypoints.cli.render.output import say, tell
from compass.entrypoints.cli.scope import live_incident
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.config import Config
from compass.entrypoints.live import config, connected
from compass.entrypoints.wiring import LIVE
from compass.ports.errors import BadInputError, SourceRefusedError
from compass.sources.live.feed import Scope
from compass.sources.live.got import Got
from compass.sources.live.redacting import redacted
from compass.sources.live.source import gather
from compass.sources.live.window import write_recording

GATHER_S = 300.0  # nobody waits for a page here: all of it matters more


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be kept, and where."""

    output: Path
    investigation: str | None = None
    service: str | None = None
    start: str | None = None
    end: str | None = None
    redacted: bool = True


def write(wanted: Wanted) -> None:
    """Gather and write. Raises BadInputError where the folder exists or the investigation was of no live servers."""
    if wanted.output.exists():
        raise BadInputError("it exists already", where=str(wanted.output), hint="name a folder that does not exist yet")
    chosen = config()
    incident = _incident(wanted)
    incident = replace(incident, origin=wanted.output.name)
    got = session.run(lambda: _gather(chosen, incident, wanted))
    lost = [f"{part}: {error}" for part, found in sorted(got.items()) for _, error in found.lost]
    if not any(found.gathered for found in got.values()):
        raise SourceRefusedError("nothing could be gathered: " + "; ".join(lost), where="record", hint="compass doctor")
    partial = wanted.output.with_name(f".{wanted.output.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        write_recording(partial, incident, got)
        partial.rename(wanted.output)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    left = [f"{part}: {note}" for part, found in sorted(got.items()) for one in found.gathered for note in one.missing]
    for note in (*lost, *left):
        tell(f"not in it: {note}")
    kept = ", ".join(part for part, found in got.items() if found.gathered)
    say(f"{wanted.output}: {kept}.  compass investigate --recording {wanted.output}")


def _incident(wanted: Wanted) -> Incident:
    if wanted.service is not None or wanted.start is not None:
        request = Request(service=wanted.service, start=wanted.start, end=wanted.end)
        return live_incident(request, None, SystemClock().now_ns())
    loaded = session.read_one(wanted.investigation)
    opened = next(event.payload for event in loaded.events if isinstance(event.payload, Opened))
    if not opened.source_uri.startswith(LIVE):
        raise BadInputError(
            f"#{loaded.number} was of a recording, which is kept already", where="record",
            hint="compass record --from 14:00 --to 15:00 -o DIR records live servers",
        )  # fmt: skip
    return opened.incident


async def _gather(chosen: Config, incident: Incident, wanted: Wanted) -> dict[str, Got]:
    scope = Scope(window=incident.window, detected_ns=incident.detected_ns, service=incident.service, exact=True)
    async with connected(chosen) as feeds:
        got = await gather(feeds, scope, SystemClock(), within_s=GATHER_S)
    if not wanted.redacted:
        return got
    return await asyncio.to_thread(_redacted, got)


def _redacted(got: dict[str, Got]) -> dict[str, Got]:
    return {
        part: replace(found, gathered=tuple(redacted(one) for one in found.gathered)) for part, found in got.items()
    }
