"""Times that a team wrote down, as intervals: single ones, and those that come back weekly in a zone of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from compass.domain.team import Span, Weekly
from compass.domain.time import Window, from_datetime, to_datetime

MOST_DAYS = 62
"""An incident that lasts longer than this lies within no weekly time."""
_OPEN_NS = 2**62
_DAY = timedelta(days=1)


def occurrences(weekly: Weekly, over: Window) -> Iterator[Window]:
    """The stretches of `weekly` that begin up to a day before `over` or within it, in order.

    Wall-clock times: of a time that comes twice (clocks go back) the first counts, a time that is left out (clocks go
    forward) is read with the offset from before. A stretch that is left out as a whole is none. A zone that this
    machine does not know has none: nothing is hidden by what cannot be read.
    """
    try:
        zone = ZoneInfo(weekly.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return
    first = to_datetime(over.start_ns).astimezone(zone).date() - 2 * _DAY
    last = to_datetime(over.end_ns).astimezone(zone).date() + _DAY
    if (last - first).days > MOST_DAYS:
        return
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        if weekly.days and day.weekday() not in weekly.days:
            continue
        length = weekly.end + (24 * 60 if weekly.end <= weekly.start else 0)
        start_ns, end_ns = _at(day, weekly.start, zone), _at(day, length, zone)
        if start_ns < end_ns:
            yield Window(start_ns=start_ns, end_ns=end_ns)


def _at(day: date, minutes: int, zone: ZoneInfo) -> int:
    """So many minutes after midnight by the clock on the wall."""
    local = datetime.combine(day, time()) + timedelta(minutes=minutes)
    return from_datetime(local.replace(tzinfo=zone).astimezone(UTC))


def all_within(during: Iterable[Weekly], over: Window) -> bool:
    """Whether all of `over` surely lies within these times together, whichever of them."""
    reached = over.start_ns
    for one in sorted(window for weekly in during for window in occurrences(weekly, over)):
        if one.start_ns <= reached < one.end_ns:
            reached = one.end_ns
            if reached >= over.end_ns:
                return True
    return False


def meeting(spans: Iterable[Span], weekly: Iterable[Weekly], over: Window) -> tuple[Window, ...]:
    """The stretches that have any moment in common with `over`, in order; an open one ends with `over`."""
    single = (
        Window(
            start_ns=from_datetime(one.start),
            end_ns=max(from_datetime(one.start), from_datetime(one.end) if one.end is not None else _OPEN_NS),
        )
        for one in spans
    )
    found = {*single, *(window for each in weekly for window in occurrences(each, over))}
    return tuple(
        Window(start_ns=one.start_ns, end_ns=min(one.end_ns, max(over.end_ns, one.start_ns)))
        if one.end_ns == _OPEN_NS
        else one
        for one in sorted(found)
        if one.start_ns < over.end_ns and over.start_ns < one.end_ns
    )
