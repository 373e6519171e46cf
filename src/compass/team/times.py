"""Times as a team writes them: `Mon-Fri 22:00-06:00 Europe/Berlin`, `2026-12-01 22:00 to 2026-12-02 02:00 UTC`."""

from __future__ import annotations

import re
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from compass.domain.team import Span, Weekly
from compass.team.problems import meant

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKLY_EXAMPLE = "Mon-Fri 22:00-06:00 Europe/Berlin"
SPAN_EXAMPLE = "2026-12-01 22:00 to 2026-12-02 02:00 Europe/Berlin"
MINUTES_A_DAY = 24 * 60
YEARS = (1990, 2200)
_WEEKLY = re.compile(
    r"(?:(?P<days>[A-Za-z][A-Za-z ,-]{0,60}?)\s+)?(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})"
    r"(?:\s+(?P<zone>\S{1,64}))?"
)
_AT = r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?"
_SPAN = re.compile(rf"(?P<start>{_AT})\s+to\s+(?P<end>{_AT}|open)(?:\s+(?P<zone>\S{{1,64}}))?")


def weekly_of(text: str) -> Weekly:
    """`[days] START-END [zone]`: days as `Mon-Fri` or `Sat, Sun`, none meaning every day; the zone UTC where none is
    named. Raises ValueError saying what is wrong."""
    found = _WEEKLY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:80]!r} is not a time that comes back each week: write {WEEKLY_EXAMPLE}")
    zone = found["zone"] or "UTC"
    _zone(zone)
    start, end = _minutes(found["start"]), _minutes(found["end"]) % MINUTES_A_DAY
    if start == MINUTES_A_DAY:
        raise ValueError("24:00 is an end, not a start: write 00:00")
    return Weekly(start=start, end=end, days=_days(found["days"] or ""), zone=zone)


def span_of(text: str) -> Span:
    """`START to END [zone]`: dates and times with an offset each, or one zone for both; `open` for an end that is not
    known. Raises ValueError saying what is wrong."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:80]!r} is not a stretch of time: write {SPAN_EXAMPLE}")
    zone = _zone(found["zone"]) if found["zone"] else None
    start = _at(found["start"], zone)
    end = None if found["end"] == "open" else _at(found["end"], zone)
    if end is not None and end <= start:
        raise ValueError(f"it ends before it begins: {text[:80]}")
    return Span(start=start, end=end)


def is_span(text: str) -> bool:
    """Whether somebody meant a stretch of time rather than one that comes back each week."""
    return bool(re.match(r"\s*\d{4}-", text))


def date_of(text: str) -> date:
    """Raises ValueError saying what is wrong."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{text[:40]!r} is not a day: write 2026-12-31") from error


def weekly_text(weekly: Weekly) -> str:
    """As `weekly_of` reads it."""
    days = ", ".join(_run(first, last) for first, last in _runs(weekly.days))
    clock = "-".join(f"{at // 60:02d}:{at % 60:02d}" for at in (weekly.start, weekly.end))
    return f"{days} {clock} {weekly.zone}".strip()


def span_text(span: Span) -> str:
    """As `span_of` reads it."""
    return f"{_at_text(span.start)} to {_at_text(span.end) if span.end else 'open'}"


def _at_text(at: datetime) -> str:
    return at.isoformat(" ", "seconds" if at.second else "minutes")


def _runs(days: tuple[int, ...]) -> list[tuple[int, int]]:
    """Days that follow one another, as first and last of each run."""
    runs: list[tuple[int, int]] = []
    for day in sorted(days):
        if runs and runs[-1][1] == day - 1:
            runs[-1] = runs[-1][0], day
        else:
            runs.append((day, day))
    return runs


def _run(first: int, last: int) -> str:
    begin, end = DAYS[first].capitalize(), DAYS[last].capitalize()
    return begin if first == last else f"{begin}-{end}"


def _minutes(text: str) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    if minutes > 59 or hours * 60 + minutes > MINUTES_A_DAY:
        raise ValueError(f"{text} is not a time of day")
    return hours * 60 + minutes


def _days(text: str) -> tuple[int, ...]:
    if text.strip().lower() in ("", "daily", "every day"):
        return ()
    chosen: set[int] = set()
    for part in re.split(r"\s*,\s*|\s+", text.strip()):
        first, _, last = part.partition("-")
        begin = _day(first)
        end = _day(last) if last else begin
        chosen |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return tuple(sorted(chosen))


def _day(word: str) -> int:
    short = word.strip().lower()[:3]
    if short not in DAYS:
        raise ValueError(f"{word[:20]!r} is not a day of the week: write Mon, Tue, Wed, Thu, Fri, Sat or Sun")
    return DAYS.index(short)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name[:64]!r} is not a time zone: {meant(name, available_timezones())}") from error


def _at(text: str, zone: tzinfo | None) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text[:40]!r} is no date and time") from error
    if at.tzinfo is None:
        if zone is None:
            raise ValueError(f"{text} has no time zone: add one at the end, as in {SPAN_EXAMPLE}")
        at = at.replace(tzinfo=zone)
    elif zone is not None:
        raise ValueError(f"{text} has an offset and a zone is named, too: write one of them")
    if not YEARS[0] <= at.year < YEARS[1]:
        raise ValueError(f"the year {at.year} is no year of any work on this system")
    return datetime.fromisoformat(at.isoformat())  # a fixed offset: zones' rules change, what was announced does not
