"""Each fault of a small shop is found where it is, and nowhere in a healthy shop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compass.analysis.attribution import self_time, slow_statements
from compass.analysis.critical_path import slow_paths
from compass.analysis.dependencies import dependencies_from_spans, host_of, kind_of, known_names, resolve
from compass.analysis.edge_errors import EdgeFinding, failed_calls
from compass.analysis.gaps import gaps
from compass.analysis.spans import Bools, SpanIndex, index_spans
from compass.analysis.structure import changed_structure, fan_out, missing_calls
from compass.analysis.trace_errors import errors, retries, share_score
from compass.domain.entity import EntityKind, EntityRef
from tests.analysis.span_tables import MS, Spans, shop

REQUESTS, ONSET = 120, 80


def _shop(**fault: float) -> tuple[SpanIndex, Bools, Bools]:
    table = shop(REQUESTS, ONSET, **fault).table()
    before = table.start_ns < ONSET * 1000 * MS
    return index_spans(table), before, ~before


def _name(index: SpanIndex, service: int) -> str:
    return index.service_of(service).name


def test_gap_points_at_the_node_that_is_slow_to_reach() -> None:
    index, before, now = _shop(gap=80)
    found = gaps(index, before, now)
    assert _name(index, found[0].service) == "orders"
    assert found[0].score > 1.5
    assert found[0].now_ms > 75
    assert {_name(index, f.service) for f in found if f.score > 1} == {"orders", "front"}  # one edge, two ends


def test_gap_of_a_node_with_other_neighbours_is_told_apart() -> None:
    spans = shop(REQUESTS, ONSET, gap=80)
    for number in range(REQUESTS):
        spans.call(f"t{number:04d}", _front(spans, number), "adverts", "GET /ad", number * 1000 + 1, 5)
    table = spans.table()
    before = table.start_ns < ONSET * 1000 * MS
    first, second, *_ = gaps(index_spans(table), before, ~before)
    assert table.entities[first.service].name == "orders"
    assert first.score > 1.3 * second.score


def _front(spans: Spans, number: int) -> int:
    return next(row[1] for row in spans.rows if row[0] == f"t{number:04d}" and row[2] == -1)


def test_own_work_points_at_the_service_and_not_at_its_caller() -> None:
    index, before, now = _shop(own=60)
    found = self_time(index, before, now)
    assert _name(index, found[0].group) == "orders"
    assert found[0].score > 0.5
    assert all(f.score == 0 for f in found[1:])


def test_slow_statement_and_the_path_to_it() -> None:
    index, before, now = _shop(statement=90)
    (slow, row), *_ = slow_statements(index, before, now)
    assert index.table.statements[int(index.table.statement[row])].startswith("SELECT")
    assert slow.score > 0.5
    path = slow_paths(index, before, now)[0]
    assert (_name(index, path.service), _name(index, path.caller)) == ("stock", "orders")
    assert path.share > 0.9


def _with_a_slow_neighbour(**fault: float) -> tuple[SpanIndex, Bools, Bools]:
    """The shop, in which a third of the requests also wait long for `adverts`, before the onset as after it."""
    spans, random = shop(REQUESTS, ONSET, **fault), np.random.default_rng(3)
    for number in range(REQUESTS):
        slow, at = random.uniform() < 1 / 3, number * 1000.0
        root = spans.add(f"a{number:04d}", "front", "GET /ads", at, 260 if slow else 20, kind="server")
        spans.call(f"a{number:04d}", root, "adverts", "GET /ad", at + 1, 250 if slow else 10)
    table = spans.table()
    before = table.start_ns < ONSET * 1000 * MS
    return index_spans(table), before, ~before


def test_what_made_requests_slow_at_all_times_is_no_news() -> None:
    assert slow_paths(*_with_a_slow_neighbour()) == ()
    index, before, now = _with_a_slow_neighbour(statement=90)
    (path,) = slow_paths(index, before, now)
    assert _name(index, path.service) == "stock"
    assert path.share == 1.0
    assert path.more < path.requests < path.of  # all three differ: chance, and the requests slow as ever


def test_path_follows_many_small_calls_together() -> None:
    index, before, now = _shop(loops=12)
    assert _name(index, slow_paths(index, before, now)[0].service) == "stock"


def test_fan_out() -> None:
    index, before, now = _shop(loops=6)
    found = fan_out(index, before, now)
    assert (_name(index, found[0].service), _name(index, found[0].callee)) == ("orders", "stock")
    assert (found[0].before, found[0].now) == (1, 6)


def test_missing_call_and_changed_structure() -> None:
    index, before, now = _shop(skip=1)
    missing = missing_calls(index, before, now)
    assert (_name(index, missing[0].service), _name(index, missing[0].callee)) == ("orders", "stock")
    assert missing[0].now == 0


def test_new_call_in_between_changes_the_structure() -> None:
    index, before, now = _shop(detour=1)
    (change, _), *_ = changed_structure(index, before, now)
    assert _name(index, change.group) == "orders"
    assert (change.event, change.now, change.before) == (-1, REQUESTS - ONSET, 0)


def test_errors_begin_where_nothing_below_fails() -> None:
    index, before, now = _shop(fail=0.5)
    found = [f for f in errors(index, before, now) if f.score > 3]
    assert {(_name(index, f.service), f.origin) for f in found} == {
        ("orders", True),
        ("orders", False),
        ("front", False),
    }


def test_retries_after_failures() -> None:
    spans = Spans()
    for number in range(40):
        at = number * 1000.0
        root = spans.add(f"t{number}", "front", "GET", at, 100, kind="server")
        for attempt in range(3 if number >= 20 else 1):
            spans.add(f"t{number}", "front", "call", at + 10 * attempt, 5, parent=root, kind="client", status="error")
    table = spans.table()
    before = table.start_ns < 20_000 * MS
    found = retries(index_spans(table), before, ~before)
    assert [(f.retries, f.retries_before) for f in found] == [(40, 0)]
    assert found[0].score > 4


def _calling(count: int, onset: int, *, answered: bool, status: str = "error", http: int = 0, error: str = "") -> Spans:
    """front calls stock once a request through one operation; from `onset` on the client's span fails."""
    spans = Spans()
    for number in range(count):
        at, on = number * 1000.0, number >= onset
        root = spans.add(f"t{number}", "front", "GET", at, 100, kind="server", status=status if on else "unset")
        client = spans.add(
            f"t{number}", "front", "call stock", at + 10, 50, parent=root, kind="client",
            status=status if on else "unset", http=http if on else 0, error=error if on else "",
        )  # fmt: skip
        if answered or not on:
            spans.add(f"t{number}", "stock", "GET /stock", at + 12, 40, parent=client, kind="server")
    return spans


def _failed(spans: Spans, onset: int) -> tuple[EdgeFinding, ...]:
    table = spans.table()
    before = table.start_ns < onset * 1000 * MS
    return failed_calls(index_spans(table), before, ~before)


@pytest.mark.parametrize("answered", [True, False])
def test_calls_that_fail_with_nothing_failing_below_speak_of_the_callee(answered: bool) -> None:
    (found,) = _failed(_calling(60, 40, answered=answered, error="ConnectionResetError"), 40)
    assert (found.callee.name, found.caller.name) == ("stock", "front")
    assert (found.now, found.of_now, found.before, found.of_before) == (20, 20, 0, 40)
    assert (found.callers, found.failing_callers) == (1, 1)
    assert found.score > 4


def test_a_callee_is_known_by_the_address_that_the_span_names() -> None:
    spans = Spans()
    for number in range(40):
        root = spans.add(f"t{number}", "front", "GET", number * 1000.0, 100, kind="server")
        spans.add(
            f"t{number}", "front", "POST", number * 1000.0 + 5, 50, parent=root, kind="client",
            peer="cards.example:443", status="error" if number >= 20 else "unset",
        )  # fmt: skip
    (found,) = _failed(spans, 20)
    assert (found.callee.name, found.callee.kind) == ("cards.example", EntityKind.EXTERNAL)


def test_a_service_that_calls_itself_is_no_callee_of_its_own() -> None:
    spans = Spans()
    for number in range(40):
        root = spans.add(f"t{number}", "front", "GET", number * 1000.0, 100, kind="server")
        spans.add(
            f"t{number}", "front", "POST", number * 1000.0 + 5, 50, parent=root, kind="client", peer="front",
            status="error" if number >= 20 else "unset",
        )  # fmt: skip
    assert _failed(spans, 20) == ()


def test_failures_that_the_callee_reports_refusals_and_giving_up_are_no_failed_calls() -> None:
    assert _failed(shop(REQUESTS, ONSET, fail=0.5), ONSET) == ()  # orders fails itself, and says so
    assert _failed(_calling(60, 40, answered=True, http=409), 40) == ()
    assert _failed(_calling(60, 40, answered=True, error="context canceled"), 40) == ()
    assert _failed(shop(REQUESTS, REQUESTS), ONSET) == ()
    assert _failed(Spans(), ONSET) == ()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_shop_shows_nothing(seed: int) -> None:
    table = shop(REQUESTS, REQUESTS, seed=seed).table()
    before = table.start_ns < ONSET * 1000 * MS
    index, now = index_spans(table), ~before
    assert all(f.score < 0.3 for f in gaps(index, before, now))
    assert all(f.score < 0.3 for f in self_time(index, before, now))
    assert all(f.score < 0.3 for f, _ in slow_statements(index, before, now))
    empty: list[tuple[Any, ...]] = [
        slow_paths(index, before, now), fan_out(index, before, now), missing_calls(index, before, now),
        changed_structure(index, before, now), retries(index, before, now), errors(index, before, now),
    ]  # fmt: skip
    assert not any(empty)


def test_nothing_to_compare_gives_nothing() -> None:
    index, before, _ = _shop(own=60)
    none = np.zeros_like(before)
    for judge in (gaps, self_time, slow_statements, slow_paths, fan_out, missing_calls, changed_structure):
        assert judge(index, none, before) == ()  # type: ignore[operator]


def test_share_score_needs_trials_on_both_sides() -> None:
    one = np.array([5]), np.array([10])
    assert share_score(*one, np.array([0]), np.array([0]))[0] == 0
    assert share_score(*one, np.array([0]), np.array([50]))[0] > 3


def test_dependencies_include_stores_and_prefer_known_entities() -> None:
    found = dependencies_from_spans(shop(5, 5).table())
    assert [(d.caller.name, d.callee.name, d.callee.kind.value, d.kind) for d in found] == [
        ("front", "orders", "service", "call"),
        ("orders", "stock", "service", "call"),
        ("stock", "stock-db", "database", "database"),
    ]


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("redis://user:secret@cart.shop.svc:6379/0", "cart.shop.svc"), ("10.0.0.1:80", "10.0.0.1"),
        ("[fe80::1]:80", "fe80::1"), ("Orders", "orders"), ("two words", ""), ("", ""),
    ],
)  # fmt: skip
def test_host_of(peer: str, host: str) -> None:
    assert host_of(peer) == host


def test_kinds_and_names() -> None:
    assert kind_of("redis-cart:6379") is EntityKind.CACHE
    assert kind_of("kafka-0.broker:9092") is EntityKind.QUEUE
    assert kind_of("select 1 from redis_keys") is EntityKind.DATABASE
    assert kind_of("api.example.com") is EntityKind.EXTERNAL
    orders = EntityRef(kind=EntityKind.SERVICE, name="orders", namespace="shop")
    twice = [EntityRef(kind=EntityKind.SERVICE, name="web", namespace=n) for n in ("a", "b")]
    known = known_names([orders, *twice])
    assert resolve("orders.shop.svc.cluster.local:80", known) == orders
    assert resolve("web", known) is None
