"""Start an investigation on live servers: from a name, from a page, or from what is firing now."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from compass.analysis.wording import duration
from compass.domain.incident import Incident
from compass.domain.time import NS_PER_S, Window, to_datetime
from compass.entrypoints.cli import session
from compass.entrypoints.cli.asked import question
from compass.entrypoints.cli.investigating import Request, Result, investigate_live
from compass.entrypoints.cli.render.output import console, page, prompt, show, show_json, tell
from compass.entrypoints.cli.render.screen import first_screen
from compass.entrypoints.cli.render.words import clock_time, cut
from compass.entrypoints.cli.scope import live_incident
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.config import Config
from compass.entrypoints.live import config, connected, usable
from compass.ports.clock import Deadline
from compass.ports.errors import BadInputError, ConfigurationError, SourceError
from compass.redaction import bound
from compass.redaction.secret import Secrets
from compass.sources.live.feed import Scope
from compass.sources.live.gathered import JsonObject, Objects
from compass.sources.paging import Page, page_of, read_page
from compass.sources.recording.jsonfiles import string, strings, time_of
from compass.sources.recording.layout import ALERTS_PART
from compass.sources.runbooks import Shelf, steps_of

FIRING_S = 6 * 3600  # how far back alerts that still fire are looked for
ASK_S = 15.0
DAY_S = 86_400
MOST_LISTED = 9  # one key starts


def start(request: Request, alert: str | None, *, as_json: bool) -> int:
    """Investigate on live servers and show the result. Returns the exit code."""
    chosen, wrong = usable(config())
    for error in wrong:  # said before anything is asked
        tell(f"compass: {error}; going on without it")
    told = _page(alert) if alert is not None else None
    if told is None and not any((request.service, request.symptom, request.start, request.end)):
        told = _choose(chosen, as_json=as_json)
        if told is None:
            return 0
    result = _run(chosen, request, told)
    if as_json:
        show_json(result.view)
    else:
        out = console()
        show(out, first_screen(result.view, page(out, of=result.of)))
    return int(result.exit_code)


def _run(chosen: Config, request: Request, told: Page | None) -> Result:
    incident = live_incident(request, told, SystemClock().now_ns())
    settings = session.settings()

    if incident.note:
        tell(f"compass: {incident.note}")
    if not request.quiet:
        tell(_begins(chosen, incident))

    async def work() -> Result:
        nonlocal incident
        incident = replace(incident, runbook_steps=await _steps(incident.runbook, chosen))
        async with session.open_chronicle(settings) as chronicle:
            return await investigate_live(chronicle, settings, chosen, incident, request)

    return session.run(work)


def _begins(chosen: Config, incident: Incident) -> str:
    """What is done while nothing can be seen yet."""
    start, end = (clock_time(ns).split(" (")[0] for ns in (incident.window.start_ns, incident.window.end_ns))
    return f"asking {', '.join(chosen.sources)} for {start} to {end} ..."


async def _steps(address: str, chosen: Config) -> tuple[str, ...]:
    """What the runbook says, where the team lets it be read. One that cannot be read holds nobody up."""
    if not address:
        return ()
    told = chosen.runbooks
    token = Secrets(os.environ, chosen.base).get(told.token, "runbooks.token") if told.token else None
    folder = chosen.base / Path(told.folder).expanduser() if told.folder else None
    try:
        return await steps_of(address, Shelf(folder=folder, hosts=told.hosts, token=token), SystemClock())
    except SourceError as error:
        tell(f"compass: {error}")
        return ()


def _page(alert: str) -> Page:
    if alert == "-":
        return read_page(sys.stdin.buffer.read(), "standard input")
    try:
        return read_page(Path(alert).read_bytes(), alert)
    except OSError as error:
        raise BadInputError(f"it cannot be read: {error.strerror}", where=alert, hint="--alert FILE, or - ") from error


def _choose(chosen: Config, *, as_json: bool) -> Page | None:
    """What is firing now; a key starts. Without a terminal the list is all there is."""
    pages, now = session.run(lambda: firing_now(chosen)), SystemClock().now_ns()
    if as_json:
        show_json([_plain(one) for one in pages])
        return None
    out = console()
    if not pages:
        out.print("Nothing is firing now.  compass investigate SERVICE --since 30m looks anyway.")
        return None
    for number, one in enumerate(pages[:MOST_LISTED], start=1):
        began = since(one.starts_ns, now) if one.starts_ns is not None else "?"
        about = f"{one.service}: " if one.service and one.service not in one.title else ""
        line = bound(f"{number}  {began:<12}  {one.severity.value:<7} {about}{one.title}")
        out.print(cut(line, max(60, out.width)))
    if len(pages) > MOST_LISTED:
        out.print(f"   and {len(pages) - MOST_LISTED} more: compass investigate SERVICE")
    if not sys.stdin.isatty():
        return None
    with question():
        prompt("1-9 investigates, anything else leaves: ")
        key = _key()
    tell(key)
    return pages[int(key) - 1] if key.isdigit() and 0 < int(key) <= min(len(pages), MOST_LISTED) else None


def since(starts_ns: int, now_ns: int) -> str:
    """A time of day alone would make of yesterday's alert one of today."""
    if now_ns - starts_ns < DAY_S * NS_PER_S:
        return clock_time(starts_ns).split(" (")[0]
    return f"{to_datetime(starts_ns):%d %b} ({duration((now_ns - starts_ns) / NS_PER_S)})"


def _key() -> str:
    """One key, without Enter. Ctrl-C stays what it is."""
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSADRAIN)  # what was typed already counts
    try:
        return os.read(terminal, 1).decode("ascii", errors="replace")
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _plain(one: Page) -> dict[str, object]:
    return {
        "title": one.title, "service": one.service, "severity": one.severity.value, "symptom": one.symptom,
        "starts_ns": one.starts_ns, "runbook": one.runbook,
    }  # fmt: skip


async def firing_now(chosen: Config) -> Sequence[Page]:
    """Alerts that fire now, the severest and then the oldest first, from every source that knows alerts.

    Raises the first source's error when none could be asked.
    """
    clock = SystemClock()
    now = clock.now_ns()
    scope = Scope(window=Window(start_ns=now - FIRING_S * NS_PER_S, end_ns=now), detected_ns=now)
    deadline = Deadline(at_s=clock.monotonic_s() + ASK_S)
    async with connected(chosen) as feeds:
        able = [feed for feed in feeds if ALERTS_PART.name in feed.parts]
        if not able:
            raise ConfigurationError(
                "no connected source knows alerts", where="compass.toml",
                hint="compass investigate SERVICE --since 30m, or --alert FILE",
            )  # fmt: skip
        asked = (feed.gather(ALERTS_PART.name, scope, deadline=deadline) for feed in able)
        came = await asyncio.gather(*asked, return_exceptions=True)
    found: dict[tuple[str, int | None], Page] = {}
    errors = [one for one in came if isinstance(one, BaseException)]
    for error in errors:
        if not isinstance(error, SourceError):
            raise error
        tell(f"compass: {error}")
    if len(errors) == len(came):
        raise errors[0]
    for one in came:
        if not isinstance(one, BaseException) and isinstance(one.data, Objects):
            for body in one.data.objects:
                if string(body.get("status")) == "firing":
                    told = _of_alert(body)
                    found[told.title, told.starts_ns] = told
    return sorted(found.values(), key=lambda one: (one.severity.value, one.starts_ns or 0, one.title))


def _of_alert(body: JsonObject) -> Page:
    return page_of(strings(body.get("labels")), strings(body.get("annotations")), time_of(body.get("startsAt")))
