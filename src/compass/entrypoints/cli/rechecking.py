"""Measure the same signals again, from the same servers, and keep what was found with the investigation."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.chronicle import NewEvent, Opened, ServersAsked
from compass.domain.incident import Incident
from compass.domain.time import NS_PER_S, Window
from compass.entrypoints.cli import session
from compass.entrypoints.cli.when import parse_when
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.live import config, live_source
from compass.entrypoints.wiring import LIVE
from compass.investigation.recheck import parts_of, recheck
from compass.ports.clock import Deadline
from compass.ports.errors import BadInputError

WITHIN_S = 45.0
SHORTEST_S = 60
ACTOR = "human"


def measure_again(reference: str | None, last: str) -> session.Loaded:
    """The investigation with one recheck more. Raises BadInputError where there is nothing to measure or no later."""
    chosen, clock = session.settings(), SystemClock()
    now = clock.now_ns()
    window = Window(start_ns=_start(last, now), end_ns=now)

    async def work() -> session.Loaded:
        """What was measured and what servers were asked for it go in with one append, of which a person is the actor:
        it takes no lease, so that it can be done while a runner works."""
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            incident = _later(loaded, window)
            telemetry = live_source(config(), incident, parts_of(loaded.view))
            try:
                deadline = Deadline(at_s=clock.monotonic_s() + WITHIN_S)
                found = await recheck(telemetry, loaded.board, loaded.view, window, deadline)
            finally:
                await telemetry.aclose()
            asked = ServersAsked(requests=telemetry.asked)
            events = [
                NewEvent(key=f"recheck/{now}", payload=found, actor=ACTOR),
                NewEvent(key=f"asked/recheck/{now}", payload=asked, actor=ACTOR),
            ]
            await chronicle.append(loaded.id, None, events)
            return await session.load(chronicle, chosen, str(loaded.id))

    return session.run(work)


def _start(last: str, now: int) -> int:
    start = parse_when(last, now, "--last")
    if now - start < SHORTEST_S * NS_PER_S:
        raise BadInputError("less than a minute shows nothing", where="--last", hint="--last 15m")
    return start


def _later(loaded: session.Loaded, window: Window) -> Incident:
    """The incident, now. Raises BadInputError where its telemetry has no later or nothing was found in it."""
    opened = next(event.payload for event in loaded.events if isinstance(event.payload, Opened))
    if not opened.source_uri.startswith(LIVE):
        raise BadInputError(
            f"#{loaded.number} is of a recording, and a recording has no later", where="recheck",
            hint="compass recheck measures what live servers say now",
        )  # fmt: skip
    if not loaded.view.situation.symptoms and not loaded.view.accounts:
        raise BadInputError(
            f"#{loaded.number} has found nothing that could be measured again", where="recheck",
            hint=f"compass show {loaded.number}",
        )  # fmt: skip
    return replace(opened.incident, window=window, detected_ns=window.end_ns, now_ns=window.end_ns)
