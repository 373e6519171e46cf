from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.graph import build_graph
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency
from tests.analysis.synthetic import pod, service

NODE = EntityRef(kind=EntityKind.NODE, name="worker-1")
EDGES = [("web", "orders"), ("web", "cart"), ("orders", "db"), ("cart", "db"), ("db", "orders")]


def depends(pairs: list[tuple[str, str]]) -> list[Dependency]:
    return [Dependency(caller=service(a), callee=service(b)) for a, b in pairs]


def test_neighbours_depths_and_distance_survive_a_cycle() -> None:
    graph = build_graph(depends(EDGES))
    assert graph.callees(service("web")) == (service("cart"), service("orders"))
    assert graph.callers(service("db")) == (service("cart"), service("orders"))
    assert graph.downstream(service("web")) == {service("cart"): 1, service("orders"): 1, service("db"): 2}
    assert graph.downstream(service("web"), depth=1) == {service("cart"): 1, service("orders"): 1}
    assert graph.upstream(service("db")) == {service("cart"): 1, service("orders"): 1, service("web"): 2}
    assert graph.distance(service("web"), service("db")) == 2
    assert graph.distance(service("db"), service("web")) is None
    assert graph.distance(service("db"), service("db")) == 0


def test_trouble_travels_from_callee_to_caller_only() -> None:
    graph = build_graph(depends([("web", "orders"), ("orders", "db"), ("web", "cart")]))
    assert graph.explains(service("db"), service("web"))
    assert not graph.explains(service("web"), service("db"))
    assert not graph.explains(service("cart"), service("orders"))
    assert graph.explains(service("cart"), service("cart"))


def test_a_node_explains_what_runs_on_it_and_who_calls_that() -> None:
    workload = EntityRef(kind=EntityKind.WORKLOAD, name="db", namespace="shop")
    inside = {pod("db-0"): workload, workload: service("db")}
    on_node = {pod("db-0"): NODE}
    assert build_graph((), inside).owner(pod("db-0")) == service("db")
    assert build_graph((), on_node).owner(pod("db-0")) == pod("db-0")
    assert build_graph((), inside).hosts(pod("db-0")) == (workload, service("db"))
    graph = build_graph([Dependency(caller=service("web"), callee=pod("db-0"))], on_node)
    assert graph.explains(NODE, pod("db-0"))
    assert graph.explains(NODE, service("web"))
    assert graph.contained(NODE) == (pod("db-0"),)


def test_entry_points_and_symptom_order() -> None:
    graph = build_graph(depends([("web", "orders"), ("orders", "db"), ("batch", "db")]))
    assert graph.entry_points() == (service("batch"), service("web"))
    order = graph.symptom_order(service("web"))
    assert [e.name for e in order] == ["web", "orders", "db", "batch"]
    assert build_graph(depends([("a", "b"), ("b", "a"), ("a", "c")])).entry_points() == (service("a"),)
    assert build_graph(()).entry_points() == ()


def test_a_containment_cycle_ends() -> None:
    one, two = service("a"), service("b")
    graph = build_graph((), {one: two, two: one})
    assert graph.owner(one) == two
    assert graph.hosts(one) == (two,)
    assert graph.contained(one) == (two,)


pairs = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=15)


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_walks_agree_both_ways_and_ignore_the_order_of_edges(edges: list[tuple[str, str]]) -> None:
    graph = build_graph(depends(edges))
    again = build_graph(depends(sorted(edges, reverse=True)))
    assert graph == again
    for node in graph.nodes:
        assert node not in graph.downstream(node)
        for below, depth in graph.downstream(node).items():
            assert graph.upstream(below)[node] == depth
            assert graph.explains(below, node)
