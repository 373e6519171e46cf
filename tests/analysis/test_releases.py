from __future__ import annotations

import numpy as np
import pytest

from compass.analysis.graph import ServiceGraph, build_graph
from compass.analysis.releases import Comparison, compare, is_rollout, names_of
from compass.domain.entity import EntityRef
from compass.domain.incident import Change, Dependency
from compass.domain.telemetry import SignalKind
from compass.domain.time import Instant, Window
from compass.tables.series import SeriesRow
from tests.analysis.synthetic import START_NS, pod, row, service, table, times

N, AT = 60, 40
PARENT = {pod(f"{name}-{i}"): service(name) for name in ("orders", "stock") for i in range(3)}
GRAPH: ServiceGraph = build_graph(
    [
        Dependency(caller=service("web"), callee=service("orders")),
        Dependency(caller=service("orders"), callee=service("stock")),
    ],
    PARENT,
)


def edge(caller: EntityRef, callee: EntityRef) -> SeriesRow:
    return row(callee, SignalKind.SUCCESS, "%", name="edge_success", labels={"reporter": "destination"}, peer=caller)


def release(name: str = "orders", **attributes: str) -> Change:
    return Change(
        id=f"{name}-v2", at=Instant(ns=int(times(N)[AT - 1])), kind="deploy", summary="v2", entity=service(name),
        attributes=attributes,
    )  # fmt: skip


def judged(values: dict[EntityRef, list[float]], change: Change, callee_drop: bool = False) -> Comparison:
    rows = [edge(service("web"), entity) for entity in values]
    lines = list(values.values())
    rows.append(edge(service("orders"), service("stock")))
    lines.append([100.0] * AT + [40.0 if callee_drop else 100.0] * (N - AT))
    found = compare(
        table(rows, np.array(lines)),
        GRAPH,
        change,
        Window(start_ns=START_NS, end_ns=int(times(N)[-1])),
        int(times(N)[-1]),
    )
    assert found is not None
    return found


FAILING = {pod("orders-0"): [100.0] * N, pod("orders-1"): [np.nan] * AT + [40.0] * (N - AT)}
HEALTHY = {pod("orders-0"): [100.0] * N, pod("orders-1"): [np.nan] * AT + [100.0] * (N - AT)}


def test_a_failing_new_instance_is_found_whatever_names_it() -> None:
    named = judged(FAILING, release(new_pods='["orders-1"]'))
    appeared = judged(FAILING, release())
    for found in (named, appeared):
        assert found.new_instances == (pod("orders-1"),)
        assert found.new_old is not None
        assert (found.new_old.new, found.new_old.old) == (40.0, 100.0)
        assert found.worse > 8


def test_a_healthy_release_is_no_worse() -> None:
    found = judged(HEALTHY, release())
    assert found.worse < 1
    assert found.edge < 1


def test_blame_passes_to_the_callee() -> None:
    dropping = {service("orders"): [100.0] * AT + [40.0] * (N - AT)}
    own, passed = judged(dropping, release()), judged(dropping, release(), callee_drop=True)
    assert own.edge > 8
    assert passed.edge == pytest.approx(0.0)
    stock = judged(dropping, release("stock"), callee_drop=True)
    assert stock.edge > 8


ALL_FAIL = {
    pod("orders-0"): [100.0] * AT + [40.0] * (N - AT),
    pod("orders-1"): [np.nan] * AT + [40.0] * (N - AT),
    pod("orders-2"): [100.0] * AT + [35.0] * (N - AT),
}


def test_it_is_not_the_release_when_instances_without_it_fail_as_much() -> None:
    found = judged(ALL_FAIL, release(new_pods='["orders-1"]'))
    assert found.incoming is not None
    assert found.incoming.score > 8
    assert found.shared is not None
    assert found.shared.score == found.incoming.score
    assert found.edge == 0.0
    assert found.worse < 1


def test_instances_that_the_release_removed_do_not_speak_for_those_that_are_left() -> None:
    only_removed = {k: v for k, v in ALL_FAIL.items() if k != pod("orders-2")}
    found = judged(only_removed, release(new_pods='["orders-1"]', removed_pods='["orders-0"]'))
    assert found.shared is None
    assert found.worse > 8


def test_new_instances_are_held_against_what_the_others_do_at_the_same_time() -> None:
    """A night in which all became slow by half is not a release that is slower by half."""
    alike = {pod("orders-0"): [98.0] * AT + [60.0] * (N - AT), pod("orders-1"): [np.nan] * AT + [60.0] * (N - AT)}
    worse = {pod("orders-0"): [98.0] * AT + [60.0] * (N - AT), pod("orders-1"): [np.nan] * AT + [5.0] * (N - AT)}
    same, own = judged(alike, release()).new_old, judged(worse, release()).new_old
    assert same is not None
    assert same.score < 1
    assert own is not None
    assert own.score > 3


def test_failures_in_bursts_are_seen() -> None:
    bursts = [100.0] * AT + [100.0, 50.0, 100.0, 100.0] * 5
    assert judged({service("orders"): bursts}, release()).edge > 4


def test_version_labels_name_instances_too() -> None:
    rows = [
        row(pod(f"orders-{i}"), SignalKind.LATENCY, labels={"version": version})
        for i, version in enumerate(("v1", "v2", "v1"))
    ]
    values = np.array([[0.1] * N, [0.9] * N, [0.1] * N])
    window = Window(start_ns=START_NS, end_ns=int(times(N)[-1]))
    found = compare(table(rows, values), GRAPH, release(to="v2"), window, window.end_ns)
    assert found is not None
    assert found.new_instances == (pod("orders-1"),)
    assert found.worse > 4


def test_nothing_measured_is_said_so() -> None:
    window = Window(start_ns=START_NS, end_ns=int(times(N)[-1]))
    empty = compare(table([], np.empty((0, N))), GRAPH, release(), window, window.end_ns)
    assert empty is not None
    assert not empty.measured
    nobody = Change(id="x", at=Instant(ns=0), kind="deploy", summary="")
    assert compare(table([], np.empty((0, N))), GRAPH, nobody, window, window.end_ns) is None


def test_lists_in_attributes_and_kinds_of_rollouts() -> None:
    for text in ('["a", "b"]', "a,b", "a b", "[a, b]"):
        assert names_of({"new_pods": text}, ("new_pods",)) == {"a", "b"}
    assert names_of({"new_pods": "[1, {"}, ("new_pods",)) == {"1", "{"}
    assert is_rollout(release())
    assert not is_rollout(Change(id="x", at=Instant(ns=0), kind="flag", summary=""))
