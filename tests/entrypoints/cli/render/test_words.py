from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.entrypoints.cli.render import words

NOON = 1_700_049_600 * 10**9 + 12 * 3600 * 10**9 - 12 * 3600 * 10**9  # 2023-11-15 12:00:00 UTC


def test_utc_and_local_where_they_differ() -> None:
    assert words.clock_time(NOON, timezone(timedelta(hours=2))) == "12:00:00 UTC (14:00:00 local)"
    assert words.clock_time(NOON, UTC) == "12:00:00 UTC"


@pytest.mark.parametrize(("seconds", "said"), [(0.42, "0.4 s"), (38, "38 s"), (300, "5 min"), (7800, "2 h 10 min")])
def test_durations(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(("share", "said"), [(0.812, "81 %"), (0.0421, "4.2 %"), (0.0002, "<0.1 %"), (1.0, "100 %")])
def test_percent(share: float, said: str) -> None:
    assert words.percent(share) == said


def test_names_beyond_the_room_are_counted() -> None:
    some = tuple(EntityRef(kind=EntityKind.SERVICE, name=n) for n in "abcd")
    assert words.names(some, 2) == "a, b and 2 more"
    assert words.names((), 2) == "none"


def test_cut_says_that_it_cut() -> None:
    assert words.cut("one  two three", 9) == "one two…"
    assert words.cut("short", 9) == "short"
