"""Times as text and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compass.domain.time import NS_PER_S, from_datetime, from_rfc3339, rfc3339, to_datetime

LATEST = int(datetime(2262, 1, 1, tzinfo=UTC).timestamp()) * NS_PER_S
MOMENTS = st.integers(-LATEST // 4, LATEST)
EXACT = MOMENTS.map(lambda ns: ns // 1000 * 1000)


@given(EXACT)
@example(-500_000_000)
@example(-1_000)
@example(LATEST - 1_000)
def test_microseconds_come_back_as_they_went(ns: int) -> None:
    assert from_rfc3339(rfc3339(ns)) == ns
    assert from_datetime(to_datetime(ns)) == ns


@given(MOMENTS)
def test_no_nanosecond_is_lost_in_the_text(ns: int) -> None:
    text = rfc3339(ns)
    assert text.endswith("Z")
    whole, _, digits = text[:-1].partition(".")
    assert not digits.endswith("0")
    seconds = from_rfc3339(f"{whole}Z")
    assert seconds is not None
    assert seconds + int(digits.ljust(9, "0")) == ns


@given(MOMENTS, MOMENTS)
def test_whole_seconds_of_text_sort_as_time_does(one: int, other: int) -> None:
    one, other = one // NS_PER_S * NS_PER_S, other // NS_PER_S * NS_PER_S
    assert (one < other) == (rfc3339(one) < rfc3339(other))


@given(EXACT, st.integers(-14 * 60, 14 * 60))
def test_any_zone_is_the_same_moment(ns: int, minutes: int) -> None:
    there = to_datetime(ns).astimezone(timezone(timedelta(minutes=minutes)))
    assert from_rfc3339(there.isoformat()) == ns


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_795_000_000 * NS_PER_S, "2026-11-18T11:06:40Z"),
        (1_795_000_000 * NS_PER_S + 250_000_000, "2026-11-18T11:06:40.25Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_how_it_looks(ns: int, text: str) -> None:
    assert rfc3339(ns) == text


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-11-18", "2026-11-18T11:06:40", "2026-13-18T11:06:40Z", "0001-01-01T00:00:00Z", "9" * 50,
     "2026-11-18T11:06:40Z" + " " * 40, "9999-12-31T23:59:59Z"],
)  # fmt: skip
def test_what_is_no_moment_is_none(text: str) -> None:
    assert from_rfc3339(text) is None


@given(st.text(max_size=60))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    assert isinstance(from_rfc3339(text), int | None)
