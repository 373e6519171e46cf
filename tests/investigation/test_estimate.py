"""The estimate before anything is spent: earlier investigations of that size, else the calls, else nothing."""

from __future__ import annotations

from uuid import UUID

import pytest

from compass.domain.advice import PastCost
from compass.investigation.estimate import estimate


def past(*costs: float, observations: int = 100, calls: int = 5) -> list[PastCost]:
    return [
        PastCost(investigation=UUID(int=i), observations=observations, calls=calls, tokens=1000, usd=usd)
        for i, usd in enumerate(costs)
    ]


def test_earlier_investigations_of_that_size_decide() -> None:
    told = estimate([*past(0.1, 0.3, 0.2), *past(9.0, 9.0, 9.0, observations=1000)], 1.0, 5, size=120)
    assert told is not None
    assert (told.usual_usd, told.most_usd) == (0.2, 0.3)
    assert told.basis == "3 earlier investigations of this size"


def test_without_a_size_all_of_them_count() -> None:
    told = estimate([*past(0.1, 0.3), *past(0.5, observations=1000)], 1.0, 5)
    assert told is not None
    assert (told.usual_usd, told.basis) == (0.3, "3 earlier investigations")


@pytest.mark.parametrize("few", [past(0.1, 0.2), past(*[0.1] * 9, calls=0), past(*[0.1] * 9, observations=7)])
def test_with_too_few_the_calls_are_counted(few: list[PastCost]) -> None:
    told = estimate(few, 0.01, 5, size=100)
    assert told is not None
    assert told.basis == "the calls it may make"
    assert 0 < told.usual_usd < told.most_usd
    assert told.most_usd == pytest.approx(0.11)


def test_an_unknown_price_gives_no_figure() -> None:
    assert estimate([], None, 5) is None
