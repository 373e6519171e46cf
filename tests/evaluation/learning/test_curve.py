"""Figures by quarter of the order of time, and the difference of pairs with its interval."""

from __future__ import annotations

import math

import pytest

from compass.evaluation.learning.curve import Told, curves


def told(name: str, confidences: list[float], *, right: bool = True, work: float = 10.0) -> list[Told]:
    return [
        Told(id=f"{name}-{n:02}", earlier=n, rank=1 if right else 2, right=right, confidence=c, truth=c, work=work)
        for n, c in enumerate(confidences)
    ]  # fmt: skip


def test_a_constant_gain_has_no_width_and_adds_up_in_time() -> None:
    found = curves({"shop": told("shop", [0.5] * 8)}, {"shop": told("shop", [0.8] * 8, work=7.0)})
    gain = math.log(0.8) - math.log(0.5)
    difference = found["shop"].differences["log_loss"]
    assert difference.mean == pytest.approx(-gain)
    assert difference.interval == (pytest.approx(-gain), pytest.approx(-gain))
    assert found["shop"].saved == pytest.approx([gain * n for n in range(1, 9)])
    assert found["shop"].differences["loss"].mean == pytest.approx(-gain)
    assert found["shop"].differences["work"].mean == pytest.approx(-3.0)
    assert found["shop"].differences["ac1"].mean == 0.0


def test_quarters_go_by_time_and_know_how_much_was_taught() -> None:
    later = [0.5] * 6 + [0.9, 0.9]
    (first, _, _, last) = curves({"a": told("a", [0.5] * 8)}, {"a": told("a", later)})["a"].quarters
    assert (first.n, first.earlier, last.earlier) == (2, 0.5, 6.5)
    assert first.learned == first.without
    assert last.learned.log_loss < last.without.log_loss
    assert last.learned.brier == pytest.approx(0.01)


def test_all_sets_pool_the_same_quarter_and_fewer_cases_than_quarters_are_not_lost() -> None:
    before = {"a": told("a", [0.5] * 8), "b": told("b", [0.5, 0.5], right=False)}
    after = {"a": told("a", [0.6] * 8), "b": told("b", [0.4, 0.4], right=False)}
    found = curves(before, after)
    assert set(found) == {"a", "b", ""}
    assert (found[""].n, sum(q.n for q in found[""].quarters)) == (10, 10)
    assert sum(q.n for q in found["b"].quarters) == 2
    assert found[""].differences["brier"].mean == pytest.approx((8 * (0.16 - 0.25) + 2 * (0.16 - 0.25)) / 10)


def test_what_is_no_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        curves({"a": told("a", [0.5] * 3)}, {"a": told("a", [0.5] * 2)})


def test_a_hopeless_answer_costs_the_same_on_the_list_and_off_it() -> None:
    found = curves({"a": told("a", [0.01] * 4)}, {"a": told("a", [0.00001] * 4)})
    assert found["a"].differences["loss"].mean == 0.0
