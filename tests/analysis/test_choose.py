from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.choose import choose, information
from compass.domain.disproof import DisproofPlan, PlanArguments
from compass.domain.entity import EntityKind, EntityRef

HERE = EntityRef(kind=EntityKind.SERVICE, name="a")


def plan(key: str, hypothesis: str = "h", cost: float = 1.0, power: float = 0.5) -> DisproofPlan:
    return DisproofPlan(
        id=key,
        hypothesis=hypothesis,
        strategy="s",
        arguments=PlanArguments(entity=HERE),
        expectation="e",
        cost=cost,
        power=power,
    )


plans = st.lists(
    st.builds(
        plan, key=st.sampled_from([f"p{i}" for i in range(20)]), hypothesis=st.sampled_from(["h1", "h2", "h3"]),
        cost=st.sampled_from([0.0, 0.1, 1.0, 2.0, math.nan]), power=st.floats(allow_nan=True, allow_infinity=True),
    ),
    max_size=20, unique_by=lambda p: p.id,
)  # fmt: skip
beliefs = st.dictionaries(st.sampled_from(["h1", "h2", "h3"]), st.floats(0, 1))


@given(belief=st.floats(0.001, 0.999), power=st.floats(0.05, 0.99))
@settings(max_examples=100, deadline=None)
def test_information_lies_between_nothing_and_the_uncertainty_that_is_left(belief: float, power: float) -> None:
    left = -belief * math.log(belief) - (1 - belief) * math.log(1 - belief)
    assert 0 <= information(belief, power) <= left + 1e-12


@given(belief=st.floats(0.01, 0.99), one=st.floats(0.06, 0.98), two=st.floats(0.06, 0.98))
@settings(max_examples=100, deadline=None)
def test_more_power_tells_more(belief: float, one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert information(belief, low) <= information(belief, high) + 1e-12


def test_a_plan_that_cannot_tell_true_from_false_tells_nothing() -> None:
    assert information(0.5, 0.05) == pytest.approx(0.0, abs=1e-12)
    assert information(0.5, 0.6) > 0.1
    assert information(math.nan, 0.6) == 0.0
    assert information(0.5, math.nan) == 0.0
    assert information(0.5, 0.6) > information(0.01, 0.6)


@given(known=plans, belief=beliefs, budget=st.floats(0, 20), seed=st.randoms())
@settings(max_examples=100, deadline=None)
def test_order_of_arrival_does_not_matter_and_the_budget_holds(known, belief, budget, seed) -> None:
    chosen = choose(known, belief, budget)
    shuffled = list(known)
    seed.shuffle(shuffled)
    # compared by id: a power that is not a number is not equal to itself
    assert [p.id for p in choose(shuffled, belief, budget)] == [p.id for p in chosen]
    assert sum(p.cost for p in chosen) <= budget + 1e-9
    assert len({p.id for p in chosen}) == len(chosen)


def test_the_most_information_per_cost_comes_first() -> None:
    cheap, dear, weak = plan("a", cost=1.0), plan("b", "g", cost=4.0), plan("c", "k", power=0.1)
    assert [p.id for p in choose([dear, weak, cheap], {"h": 0.4, "g": 0.4, "k": 0.4}, 10)] == ["a", "b", "c"]
    assert [p.id for p in choose([dear, weak, cheap], {"h": 0.4, "g": 0.4, "k": 0.4}, 2)] == ["a", "c"]


def test_it_spreads_over_theories_before_it_repeats_one() -> None:
    same = [plan("a1", "h"), plan("a2", "h"), plan("b1", "g")]
    assert [p.id for p in choose(same, {"h": 0.4, "g": 0.4}, 2)] == ["a1", "b1"]
