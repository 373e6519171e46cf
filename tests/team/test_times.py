"""Times as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.team import Span, Weekly
from compass.team.times import date_of, is_span, span_of, span_text, weekly_of, weekly_text

WEEKLY = st.builds(
    Weekly, start=st.integers(0, 1439), end=st.integers(0, 1439),
    days=st.sets(st.integers(0, 6)).map(lambda days: tuple(sorted(days))),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)  # fmt: skip
AT = st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC))
SPANS = st.tuples(AT, st.none() | st.integers(1, 10**6)).map(
    lambda one: Span(start=one[0], end=one[1] and one[0] + timedelta(seconds=one[1]))
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Mon-Fri 22:00-06:00 Europe/Berlin", Weekly(start=1320, end=360, days=(0, 1, 2, 3, 4), zone="Europe/Berlin")),
        ("2:00 - 3:30", Weekly(start=120, end=210)),
        ("daily 00:00-24:00", Weekly(start=0, end=0)),
        ("every day 1:00-2:00", Weekly(start=60, end=120)),
        ("saturday, Sun 01:00-02:00 UTC", Weekly(start=60, end=120, days=(5, 6))),
        ("Fri-Mon 01:00-02:00", Weekly(start=60, end=120, days=(0, 4, 5, 6))),
    ],
)
def test_times_that_come_back(text: str, wanted: Weekly) -> None:
    assert weekly_of(text) == wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("at night", "is not a time that comes back each week: write Mon-Fri"),
        ("Mon 25:00-26:00", "25:00 is not a time of day"),
        ("Mon 24:00-02:00", "24:00 is an end"),
        ("Mun 01:00-02:00", "'Mun' is not a day of the week"),
        ("01:00-02:00 Europe/Berln", "did you mean Europe/Berlin"),
        ("01:00-02:00 ../../etc/passwd", "is not a time zone"),
    ],
)
def test_times_that_are_none(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        weekly_of(text)


def test_stretches_with_a_zone_an_offset_or_an_open_end() -> None:
    berlin = span_of("2026-07-01 22:00 to 2026-07-02 02:00 Europe/Berlin")
    assert berlin == Span(start=datetime(2026, 7, 1, 20, tzinfo=UTC), end=datetime(2026, 7, 2, 0, tzinfo=UTC))
    assert span_of("2026-07-01T20:00Z to 2026-07-02 02:00+02:00") == berlin
    assert span_of("2026-07-01 22:00 to open UTC").end is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-07-01 to 2026-07-02", "is not a stretch of time: write 2026-12-01"),
        ("2026-07-02 22:00 to 2026-07-01 22:00 UTC", "ends before it begins"),
        ("2026-07-02 22:00 to 2026-07-02 22:00 UTC", "ends before it begins"),
        ("2026-07-02 22:00 to 2026-07-03 22:00", "has no time zone"),
        ("2026-07-02 22:00Z to 2026-07-03 22:00Z UTC", "write one of them"),
        ("2026-02-30 22:00 to 2026-07-03 22:00 UTC", "no date and time"),
        ("0001-01-01 00:00 to 9999-12-31 23:59 UTC", "the year 1 is"),
    ],
)
def test_stretches_that_are_none(text: str, says: str) -> None:
    assert is_span(text)
    with pytest.raises(ValueError, match=says):
        span_of(text)


def test_days() -> None:
    assert date_of(" 2026-12-31") == date(2026, 12, 31)
    with pytest.raises(ValueError, match=r"'31\.12\.2026' is not a day: write 2026-12-31"):
        date_of("31.12.2026")


@given(WEEKLY)
def test_what_is_shown_of_a_week_is_read_the_same(weekly: Weekly) -> None:
    assert weekly_of(weekly_text(weekly)) == weekly
    assert not is_span(weekly_text(weekly))


@given(SPANS)
def test_what_is_shown_of_a_stretch_is_read_the_same(span: Span) -> None:
    assert span_of(span_text(span)) == span
    assert is_span(span_text(span))
