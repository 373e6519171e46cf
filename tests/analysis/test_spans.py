from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.spans import failing_below, gave_up, index_spans
from compass.tables.spans import SpanTable, empty_spans
from tests.analysis.span_tables import Spans


def _one(children: list[tuple[float, float]], duration: float = 100.0) -> SpanTable:
    spans = Spans()
    root = spans.add("t", "a", "root", 0, duration, kind="server")
    for start, length in children:
        spans.add("t", "a", "child", start, length, parent=root)
    return spans.table()


def test_own_time_subtracts_the_union_of_overlapping_children_once() -> None:
    index = index_spans(_one([(10, 30), (20, 30), (90, 50)]))
    assert index.own_ms[0] == 100 - 40 - 10


@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 80)), max_size=8),
    st.integers(1, 100),
)
@settings(max_examples=60, deadline=None)
def test_own_time_equals_a_brute_force_count(children: list[tuple[int, int]], duration: int) -> None:
    table = _one([(float(a), float(b)) for a, b in children], float(duration))
    covered = np.zeros(duration, dtype=bool)
    for start, length in children:
        covered[start : start + length] = True
    root = int(np.flatnonzero(table.parent == -1)[0])
    assert index_spans(table).own_ms[root] == duration - covered.sum()


def test_gap_is_immune_to_clock_skew_between_hosts() -> None:
    spans = Spans()
    front = spans.add("t", "front", "GET", 0, 100, kind="server")
    client = spans.add("t", "front", "call", 10, 60, parent=front, kind="client")
    spans.add("t", "orders", "POST", 500, 50, parent=client, kind="server")
    index = index_spans(spans.table())
    row = int(np.flatnonzero(index.call)[0])
    assert index.own_ms[row] == 10
    assert index.service_of(int(index.callee[row])).name == "orders"


def test_roles_are_derived_where_spans_state_no_kind() -> None:
    spans = Spans()
    for number in range(3):
        trace, at = f"t{number}", number * 1000.0
        root = spans.add(trace, "front", "handle", at, 100, kind="unspecified")
        call = spans.add(trace, "front", "HTTP GET", at + 10, 60, parent=root, kind="unspecified")
        if number:  # one call stays without an answer
            spans.add(trace, "orders", "GET /orders", at + 20, 40, parent=call, kind="unspecified")
    index = index_spans(spans.table())
    names = [index.table.names[k] for k in index.table.name]
    assert [n for n, call in zip(names, index.call, strict=True) if call] == ["HTTP GET"] * 3
    assert [n for n, e in zip(names, index.entry, strict=True) if e].count("GET /orders") == 2
    assert index.visit_own_ms[0] == 40  # waiting in calls is not the visit's own time, answered or not


def test_waiting_beside_a_call_is_not_own_work() -> None:
    spans = Spans()
    root = spans.add("t", "gate", "/", 0, 100, kind="server")
    spans.add("t", "gate", "filter", 1, 98, parent=root)
    client = spans.add("t", "gate", "call", 5, 90, parent=root, kind="client")
    spans.add("t", "orders", "x", 6, 80, parent=client, kind="server")
    assert index_spans(spans.table()).visit_own_ms[0] == 10


@given(st.lists(st.integers(-5, 12), min_size=1, max_size=10), st.integers(-(2**62), 2**62))
@settings(max_examples=60, deadline=None)
def test_hostile_parents_and_durations_never_break(parents: list[int], duration: int) -> None:
    spans = Spans()
    for _ in parents:
        spans.add("t", "a", "x", 0, 1)
    table = dataclasses.replace(
        spans.table(), parent=np.array(parents, dtype=np.int64),
        duration_ns=np.full(len(parents), duration, dtype=np.int64),
    )  # fmt: skip
    index = index_spans(table)
    assert (index.own_ms >= 0).all()
    assert (index.own_ms <= index.duration_ms).all()
    assert ((index.visit >= 0) & (index.visit < len(parents))).all()
    assert failing_below(index).sum() == 0


def test_empty() -> None:
    assert len(index_spans(empty_spans())) == 0


def test_failures_by_status_http_and_type_with_4xx_left_to_the_status() -> None:
    spans = Spans()
    spans.add("a", "s", "x", 0, 1, status="error")
    spans.add("b", "s", "x", 1, 1, http=503)
    spans.add("c", "s", "x", 2, 1, http=404, error="404")
    spans.add("d", "s", "x", 3, 1, error="java.io.IOException")
    spans.add("e", "s", "x", 4, 1, http=200)
    spans.add("f", "s", "x", 5, 1, error="context canceled")
    index = index_spans(spans.table())
    assert index.failing.tolist() == [True, True, False, True, False, True]
    assert gave_up(index.table).tolist() == [False] * 5 + [True]


def test_failing_below_passes_spans_that_do_not_fail() -> None:
    spans = Spans()
    root = spans.add("t", "a", "root", 0, 9, status="error")
    middle = spans.add("t", "a", "step", 1, 7, parent=root)
    spans.add("t", "b", "leaf", 2, 5, parent=middle, status="error")
    assert failing_below(index_spans(spans.table())).tolist() == [True, True, False]
