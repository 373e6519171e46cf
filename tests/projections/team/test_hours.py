"""Weekly times: zones, clocks that go forward and back, midnight, and what only may lie within."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.team import Span, Weekly
from compass.domain.time import NS_PER_S, Window, from_rfc3339
from compass.projections.team.hours import all_within, meeting, occurrences

NIGHT = Weekly(start=2 * 60, end=4 * 60, zone="Europe/Berlin")


def over(start: str, end: str) -> Window:
    first, last = from_rfc3339(start), from_rfc3339(end)
    assert first is not None
    assert last is not None
    return Window(start_ns=first, end_ns=last)


@pytest.mark.parametrize(
    ("weekly", "start", "end", "within"),
    [
        (NIGHT, "2026-01-07T01:10:00Z", "2026-01-07T02:30:00Z", True),  # 02:10 to 03:30 CET
        (NIGHT, "2026-07-07T00:10:00Z", "2026-07-07T01:30:00Z", True),  # the same in summer
        (NIGHT, "2026-07-07T01:10:00Z", "2026-07-07T02:30:00Z", False),  # goes on behind its end
        (NIGHT, "2026-01-07T00:50:00Z", "2026-01-07T01:30:00Z", False),  # may have begun before it
        # Clocks go forward at 02:00: of 02:00 to 04:00 one hour is left, 01:00 to 02:00 UTC.
        (NIGHT, "2026-03-29T01:05:00Z", "2026-03-29T01:55:00Z", True),
        (NIGHT, "2026-03-29T01:05:00Z", "2026-03-29T02:05:00Z", False),
        # Clocks go back at 03:00: 02:00 comes twice, and the time has three hours, from 00:00 UTC on.
        (NIGHT, "2026-10-25T00:05:00Z", "2026-10-25T02:55:00Z", True),
        (NIGHT, "2026-10-25T00:05:00Z", "2026-10-25T03:05:00Z", False),
        # Over midnight, and only on a Monday (the day it begins).
        (Weekly(start=23 * 60, end=60, days=(0,)), "2026-01-06T00:10:00Z", "2026-01-06T00:50:00Z", True),
        (Weekly(start=23 * 60, end=60, days=(1,)), "2026-01-06T00:10:00Z", "2026-01-06T00:50:00Z", False),
        (Weekly(start=0, end=0), "2026-01-06T00:10:00Z", "2026-01-08T00:50:00Z", True),  # always
        (Weekly(start=0, end=1440), "2026-01-06T00:10:00Z", "2026-01-08T00:50:00Z", True),
        (Weekly(start=0, end=0, zone="Nowhere/Such"), "2026-01-06T00:10:00Z", "2026-01-06T00:50:00Z", False),
        (Weekly(start=0, end=0), "2026-01-06T00:10:00Z", "2026-06-08T00:50:00Z", False),  # too long to be read
    ],
)
def test_only_what_surely_lies_within_is_within(weekly: Weekly, start: str, end: str, within: bool) -> None:
    assert all_within((weekly,), over(start, end)) is within


def test_times_that_touch_hold_together() -> None:
    two = (Weekly(start=60, end=120), Weekly(start=120, end=180))
    assert all_within(two, over("2026-01-06T01:10:00Z", "2026-01-06T02:50:00Z"))
    assert not all_within(two[:1], over("2026-01-06T01:10:00Z", "2026-01-06T02:50:00Z"))


@given(
    start=st.integers(0, 1439), end=st.integers(0, 1440), days=st.sets(st.integers(0, 6)).map(sorted).map(tuple),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    at=st.integers(0, 4 * 366 * 86_400),
)  # fmt: skip
def test_every_stretch_begins_by_the_clock_on_the_wall(
    start: int, end: int, days: tuple[int, ...], zone: str, at: int
) -> None:
    from zoneinfo import ZoneInfo

    now_ns = (1_760_000_000 + at) * NS_PER_S
    weekly = Weekly(start=start, end=end, days=days, zone=zone)
    found = list(occurrences(weekly, Window(start_ns=now_ns, end_ns=now_ns + NS_PER_S)))
    assert len(found) <= 4
    for one in found:
        local = datetime.fromtimestamp(one.start_ns / NS_PER_S, tz=UTC).astimezone(ZoneInfo(zone))
        before = datetime.fromtimestamp(one.start_ns / NS_PER_S - 7_200, tz=UTC).astimezone(ZoneInfo(zone))
        if local.utcoffset() == before.utcoffset():  # else the clocks have just moved
            assert local.hour * 60 + local.minute == start
            assert not days or local.weekday() in days


def test_spans_and_weekly_times_that_meet_a_window_are_found_and_an_open_one_ends_with_it() -> None:
    window = over("2026-01-06T10:00:00Z", "2026-01-06T11:00:00Z")
    past = Span(start=datetime(2026, 1, 5, tzinfo=UTC), end=datetime(2026, 1, 6, 10, tzinfo=UTC))
    open_one = Span(start=datetime(2026, 1, 6, 9, tzinfo=UTC))
    future = Span(start=datetime(2026, 1, 6, 11, tzinfo=UTC))
    weekly = Weekly(start=10 * 60 + 30, end=12 * 60)
    found = meeting((past, open_one, future), (weekly,), window)
    assert found == (
        over("2026-01-06T09:00:00Z", "2026-01-06T11:00:00Z"), over("2026-01-06T10:30:00Z", "2026-01-06T12:00:00Z"),
    )  # fmt: skip
