"""Whether it was over when the data ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.observation import Spark
from compass.exports.overview import is_over
from tests.support.boards import ORDERS, WINDOW, seen


def drawn(*values: float | None, split: int | None = 4) -> bool | None:
    return is_over(replace(seen("latency.up", ORDERS), spark=Spark(values=values, window=WINDOW, split=split)))


@pytest.mark.parametrize(
    ("values", "over"),
    [((1, 1, 1, 1, 9, 9, 9, 9), False), ((1, 1, 1, 1, 9, 9, 9, 1, 1, 2), True), ((9, 9, 9, 9, 1, 1, 1, 1), False),
     ((9, 9, 9, 9, 1, 1, 9, 9, 9), True), ((1, 1, None, 1, 9, None, 9, 8, 9), False)],
)  # fmt: skip
def test_the_last_samples_tell_whether_it_went_back(values: tuple[float | None, ...], over: bool) -> None:
    assert drawn(*values) is over


def test_what_cannot_be_seen_is_not_told() -> None:
    assert drawn(1, 1, 1, 1, 9, 9) is None, "too few samples"
    assert drawn(1, 1, 1, 9, 9, 9, split=None) is None
    assert drawn(5, 5, 5, split=0) is None, "nothing before"
    assert drawn(1, 1, 1, 1, 1, 1, 1) is None, "nothing went away from its level"
    assert is_over(seen("latency.up", ORDERS)) is None
