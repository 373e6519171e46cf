"""Who stands where: containment, calls, hosts, and their inverse."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency
from compass.domain.mechanism import Relation
from compass.mechanisms.neighbours import Neighbours, neighbours_of
from tests.support.cases import CLUSTER, LEDGER, NAMESPACE, NODES, ORDERS, WEB, node, pod, service, system_for

KINDS = [EntityKind(kind) for kind in ("service", "pod", "container", "node", "namespace", "database")]
RELATIONS = [Relation.SELF, Relation.CALLEE, Relation.CALLER, Relation.HOST, Relation.MEMBER]


def around(board: Board, relation: Relation, entity: EntityRef) -> set[EntityRef]:
    n = neighbours_of(board)
    return {n.entities[i] for i in n.reach(relation, n.numbers[entity])}


def shop() -> Board:
    system = system_for(EntityKind.SERVICE)
    known = (*system.entities, NAMESPACE)
    return Board(entities=known, dependencies=system.dependencies, containment=system.containment)


def test_self_is_the_entity_and_what_it_contains() -> None:
    assert around(shop(), Relation.SELF, ORDERS) == {ORDERS, pod("orders-1")}
    assert around(shop(), Relation.SELF, pod("orders-1")) == {pod("orders-1")}
    assert around(shop(), Relation.SELF, NODES[0]) == {NODES[0]}


def test_calls_are_those_of_the_outermost_container() -> None:
    assert around(shop(), Relation.CALLER, ORDERS) == {WEB, pod("web-1")}
    assert around(shop(), Relation.CALLEE, ORDERS) == {LEDGER, pod("ledger-1")}
    assert around(shop(), Relation.CALLEE, pod("orders-1")) == {LEDGER, pod("ledger-1")}


def test_hosts_and_members() -> None:
    assert around(shop(), Relation.HOST, ORDERS) == {NODES[0], NAMESPACE, CLUSTER}
    assert around(shop(), Relation.HOST, pod("web-1")) == {NODES[1], NAMESPACE, CLUSTER}
    assert {ORDERS, LEDGER, pod("orders-1"), pod("ledger-1")} == around(shop(), Relation.MEMBER, NODES[0])
    assert WEB in around(shop(), Relation.MEMBER, NAMESPACE)


def test_a_pod_contained_in_its_node_is_a_member_and_not_part_of_it() -> None:
    board = Board(containment={pod("a"): node("n")})
    assert around(board, Relation.SELF, node("n")) == {node("n")}
    assert around(board, Relation.MEMBER, node("n")) == {pod("a")}
    assert around(board, Relation.HOST, pod("a")) == {node("n")}


def test_containment_that_goes_in_circles_ends() -> None:
    a, b = service("a"), service("b")
    n = neighbours_of(Board(containment={a: b, b: a, pod("x"): pod("x")}))
    assert n.chain[n.numbers[a]] == (n.numbers[a],)
    assert n.chain[n.numbers[b]] == (n.numbers[b], n.numbers[a])
    assert n.chain[n.numbers[pod("x")]] == (n.numbers[pod("x")],)


def test_distances_follow_calls_and_bear_cycles() -> None:
    a, b, c = service("a"), service("b"), service("c")
    calls = tuple(Dependency(caller=x, callee=y) for x, y in ((a, b), (b, c), (c, a), (a, a)))
    n = neighbours_of(Board(dependencies=calls))
    hops = n.distances([n.numbers[a]], Relation.CALLEE)
    assert {n.entities[i]: d for i, d in hops.items()} == {a: 0, b: 1, c: 2}


entities = st.builds(
    EntityRef, kind=st.sampled_from(KINDS), name=st.sampled_from("abcd"), namespace=st.sampled_from(["", "a"])
)


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(entities, entities, max_size=8),
    st.lists(st.tuples(entities, entities), max_size=8),
    st.randoms(use_true_random=False),
)
def test_seen_from_inverts_reach_whatever_the_order(
    containment: dict[EntityRef, EntityRef], calls: list[tuple[EntityRef, EntityRef]], random: object
) -> None:
    board = Board(containment=containment, dependencies=tuple(Dependency(caller=a, callee=b) for a, b in calls))
    n = neighbours_of(board)
    turned = Board(
        containment=dict(reversed(containment.items())),
        dependencies=tuple(Dependency(caller=a, callee=b) for a, b in reversed(calls)),
    )
    assert neighbours_of(turned) == n
    for relation in RELATIONS:
        for i in range(len(n.entities)):
            for found in n.reach(relation, i):
                assert sees(n, relation, i, found)


def sees(n: Neighbours, relation: Relation, entity: int, sign_at: int) -> bool:
    """Some candidate that `seen_from` gives stands for `entity`: itself, or what it is part of."""
    candidates = n.seen_from(relation, sign_at)
    return entity in candidates or any(c in n.chain[entity] for c in candidates)
