from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from compass.entrypoints.cli.render.sparkline import ASCII, BLOCKS, sparkline


def test_a_step_is_seen_as_low_then_high() -> None:
    assert sparkline([1, 1, 1, 9, 9, 9], 6) == "▁▁▁███"


def test_gaps_are_blank_and_constants_are_flat() -> None:
    assert sparkline([5, None, 5], 3) == "▁ ▁"
    assert sparkline([None, None], 5) == ""


def test_plain_terminals_get_ascii() -> None:
    assert set(sparkline([1, 2, 3], 3, unicode=False)) <= set(ASCII)


@given(st.lists(st.one_of(st.none(), st.floats(-1e12, 1e12)), min_size=0, max_size=200), st.integers(1, 60))
def test_never_wider_than_asked_and_the_largest_is_the_highest(values: list[float | None], width: int) -> None:
    drawn = sparkline(values, width)
    assert len(drawn) <= width
    assert set(drawn) <= set(BLOCKS + " ")
    known = [v for v in values if v is not None]
    if len(values) <= width and known and max(known) > min(known) and math.isfinite(max(known) - min(known)):
        assert drawn[values.index(max(known))] == BLOCKS[-1]
