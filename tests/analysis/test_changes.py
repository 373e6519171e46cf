from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.changes import Reach, Timing, relate, timing_of, weight_of
from compass.analysis.graph import build_graph
from compass.domain.incident import Change, Dependency, Onset
from compass.domain.time import NS_PER_S, Instant
from tests.analysis.synthetic import START_NS, service

ONSET = Onset(instant=Instant(ns=START_NS, uncertainty_ns=30 * NS_PER_S), method="given")
GRAPH = build_graph([Dependency(caller=service("web"), callee=service("orders"))])


def change(seconds_before: float, name: str = "orders", change_id: str = "c1") -> Change:
    at = Instant(ns=START_NS - int(seconds_before * NS_PER_S), uncertainty_ns=NS_PER_S)
    return Change(id=change_id, at=at, kind="deploy", summary="v2", entity=service(name))


@pytest.mark.parametrize(("before", "timing"), [(60, Timing.BEFORE), (20, Timing.OVERLAPS), (-90, Timing.AFTER)])
def test_order_is_claimed_only_where_intervals_do_not_overlap(before: float, timing: Timing) -> None:
    assert timing_of(change(before), ONSET) is timing


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_weight_only_ever_falls_with_age(first: float, second: float) -> None:
    young, old = sorted((first, second))
    assert 1.0 >= weight_of(change(young), ONSET) >= weight_of(change(old), ONSET) > 0.0


def test_a_change_half_an_hour_old_has_half_the_weight_and_one_after_the_onset_little() -> None:
    assert weight_of(change(30 * 60 + 31), ONSET) == pytest.approx(0.5, rel=0.01)
    assert weight_of(change(-120), ONSET) < 0.3


def test_changes_are_ranked_by_what_they_reach() -> None:
    changes = [change(60, "orders", "self"), change(60, "mail", "none"), change(60, "web", "above")]
    related = {r.change.id: r for r in relate(changes, ONSET, GRAPH, {service("orders"): 0.9})}
    assert related["self"].reach is Reach.SELF
    assert related["none"].reach is related["above"].reach is Reach.NONE
    assert related["self"].strength > related["none"].strength
    below = relate([change(60)], ONSET, GRAPH, {service("web"): 0.9})[0]
    assert (below.reach, below.nearest) == (Reach.BELOW, service("web"))
    assert relate([change(60)], ONSET, GRAPH, {})[0].reach is Reach.UNKNOWN


def test_what_came_after_the_page_is_left_out_and_order_does_not_matter() -> None:
    changes = [change(60, change_id=f"c{i}") for i in range(5)] + [change(-600, change_id="late")]
    detected = START_NS + 300 * NS_PER_S
    first = relate(changes, ONSET, GRAPH, {}, detected)
    assert first == relate(changes[::-1], ONSET, GRAPH, {}, detected)
    assert [r.change.id for r in first] == [f"c{i}" for i in range(5)]
