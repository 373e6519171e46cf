"""Which window of live telemetry an investigation looks at, from what a person or a page says."""

from __future__ import annotations

from dataclasses import replace

from compass.analysis.wording import duration
from compass.domain.incident import Incident, Severity
from compass.domain.time import NS_PER_S, Window, to_datetime
from compass.entrypoints.cli.investigating import Request
from compass.entrypoints.cli.when import parse_when
from compass.ports.errors import BadInputError
from compass.sources.paging import Page

SINCE_S = 30 * 60
BASELINE_S = 30 * 60  # what is usual cannot be learnt from less
_EARLIEST_NS = 946_684_800 * NS_PER_S  # 2000-01-01
LONG_S = 6 * 3600  # after so long others have been at work on it, and what led to it is no news
AFTER_S = 30 * 60  # of an incident that is over, as much after the page as shows whether it went away


def live_incident(request: Request, page: Page | None, now_ns: int) -> Incident:
    """The incident as told. Its window reaches from before `since` (as long again, at least half an hour: what is
    usual) to now, or to half an hour after the page where that is long ago. An alert that fires since longer than
    LONG_S is looked at now, unless a time is given: who is paged by it tonight asks what is wrong tonight.

    Raises BadInputError for times that make no window.
    """
    told, note = _paged(page, now_ns), ""
    if told is not None and page is not None and _fires_too_long(request, page, told, now_ns):
        note, told = _too_long(told, now_ns), None
    detected = parse_when(request.at, now_ns, "--at") if request.at is not None else told or now_ns
    if detected > now_ns:
        raise BadInputError("the time lies in the future", where="--at")
    window = _exact(request, now_ns) or _around(request, detected, now_ns)
    if not window.start_ns <= detected <= window.end_ns:
        detected = window.end_ns
    service = request.service or (page.service if page is not None else None)
    symptom = request.symptom or (page.symptom if page is not None else "")
    incident = Incident(
        title=page.title if page is not None else _title(service, symptom), window=window, detected_ns=detected,
        now_ns=window.end_ns, service=service, symptom=symptom, runbook=page.runbook if page is not None else "",
    )  # fmt: skip
    incident = replace(incident, note=note)
    severity = request.severity or (page.severity if page is not None else None)
    return replace(incident, severity=severity or Severity.UNKNOWN)


def _paged(page: Page | None, now_ns: int) -> int | None:
    """When the page says that it began. The clock of who wrote it may be ahead of ours, and a time that was never set
    is year 1 (Go's zero)."""
    if page is None or page.starts_ns is None or page.starts_ns < _EARLIEST_NS:
        return None
    return min(page.starts_ns, now_ns)


def _fires_too_long(request: Request, page: Page, told: int, now_ns: int) -> bool:
    given = any(time is not None for time in (request.at, request.since, request.start, request.end))
    return page.firing and not given and now_ns - told > LONG_S * NS_PER_S


def _too_long(told: int, now_ns: int) -> str:
    since, last = duration((now_ns - told) / NS_PER_S), duration(SINCE_S + BASELINE_S)
    return (
        f"it fires since {since}: this looks at the last {last}, where what was wrong all along looks usual; "
        f"--at {to_datetime(told):%Y-%m-%dT%H:%MZ} looks at its start"
    )


def _exact(request: Request, now_ns: int) -> Window | None:
    if request.start is None and request.end is None:
        return None
    end = parse_when(request.end, now_ns, "--to") if request.end is not None else now_ns
    if request.start is None:
        raise BadInputError("--to needs --from", where="--to", hint="--from 13:30 --to 14:30")
    start = parse_when(request.start, now_ns, "--from")
    if not start < end <= now_ns:
        raise BadInputError("the window is empty or reaches into the future", where="--from, --to")
    return Window(start_ns=start, end_ns=end)


def _around(request: Request, detected: int, now_ns: int) -> Window:
    since = (
        parse_when(request.since, detected, "--since") if request.since is not None else detected - SINCE_S * NS_PER_S
    )
    if since >= detected:
        raise BadInputError("the window would be empty", where="--since", hint="--since 30m")
    before = max(BASELINE_S * NS_PER_S, detected - since)
    return Window(start_ns=since - before, end_ns=min(now_ns, detected + AFTER_S * NS_PER_S))


def _title(service: str | None, symptom: str) -> str:
    if service and symptom:
        return f"{service}: {symptom}"
    return f"{service} under investigation" if service else symptom or "Investigation"
