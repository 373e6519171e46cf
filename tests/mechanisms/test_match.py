"""Matched, contradicted, or not measured: three different things."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Mechanism, Pattern, Relation
from compass.domain.observation import Observation, Quality, Verdict
from compass.mechanisms.match import combined_strength, evaluate, index, match_pattern
from tests.support.cases import (
    LEDGER,
    NODES,
    ORDERS,
    QUIET,
    SAMPLED,
    WEB,
    board_of,
    normal,
    pod,
    service,
    sighting,
    system_for,
)  # fmt: skip

SYSTEM = system_for(EntityKind.SERVICE)


def look(pattern: Pattern, entity: EntityRef, *observations: Observation) -> tuple[list[str], bool]:
    """Signs matched, and whether the pattern is contradicted."""
    found = match_pattern(pattern, entity, index(bare(*observations)))
    return [o.sign for o in found.matched], found.contradicted


def bare(*observations: Observation) -> Board:
    board = board_of(SYSTEM, observations)
    wanted = {o.id for o in observations}
    return Board(
        incident=board.incident, onset=board.onset, entities=board.entities, dependencies=board.dependencies,
        containment=board.containment, observations={k: o for k, o in board.observations.items() if k in wanted},
    )  # fmt: skip


CPU = Pattern(signs=("cpu.saturated", "cpu.up"))


def test_seen_contradicted_and_not_measured() -> None:
    assert look(CPU, ORDERS, sighting("cpu.up", ORDERS)) == (["cpu.up"], False)
    assert look(CPU, ORDERS, normal("cpu.up", ORDERS)) == ([], True)
    assert look(CPU, ORDERS) == ([], False)
    assert look(CPU, ORDERS, sighting("cpu.up", ORDERS, verdict=Verdict.UNKNOWN)) == ([], False)
    assert look(CPU, ORDERS, sighting("cpu.up", LEDGER)) == ([], False)


def test_absence_counts_only_under_complete_coverage() -> None:
    assert look(CPU, ORDERS, normal("cpu.up", ORDERS, SAMPLED)) == ([], False)


def test_one_alternative_seen_is_enough_though_another_is_normal() -> None:
    both = normal("cpu.saturated", ORDERS), sighting("cpu.up", pod("orders-1"))
    assert look(CPU, ORDERS, *both) == (["cpu.up"], False)


def test_measured_is_the_share_of_alternatives_spoken_about() -> None:
    board = index(bare(normal("cpu.up", ORDERS)))
    assert match_pattern(CPU, ORDERS, board).measured == 0.5
    assert match_pattern(Pattern(signs=("cpu.*",)), ORDERS, board).measured == 1.0


@pytest.mark.parametrize(
    ("relation", "where"),
    [
        (Relation.SELF, ORDERS), (Relation.SELF, pod("orders-1")), (Relation.CALLER, WEB),
        (Relation.CALLER, pod("web-1")),
        (Relation.CALLEE, LEDGER), (Relation.CALLEE, pod("ledger-1")), (Relation.HOST, NODES[0]),
        (Relation.ANY, QUIET[0]),
    ],
)  # fmt: skip
def test_relations(relation: Relation, where: EntityRef) -> None:
    pattern = Pattern(signs=("log.*",), at=relation)
    assert look(pattern, ORDERS, sighting("log.timeout", where)) == (["log.timeout"], False)
    if relation is not Relation.ANY:
        assert look(pattern, ORDERS, sighting("log.timeout", QUIET[0])) == ([], False)


def test_members_of_a_node() -> None:
    pattern = Pattern(signs=("cpu.up",), at=Relation.MEMBER)
    assert look(pattern, NODES[0], sighting("cpu.up", ORDERS)) == (["cpu.up"], False)
    assert look(pattern, NODES[1], sighting("cpu.up", ORDERS)) == ([], False)


def test_peer_is_the_end_that_an_observation_names() -> None:
    pattern = Pattern(signs=("client_latency.up",), at=Relation.PEER)
    seen = sighting("client_latency.up", WEB, peer=pod("orders-1"))
    assert look(pattern, ORDERS, seen) == (["client_latency.up"], False)
    assert look(pattern, LEDGER, seen) == ([], False)


def test_a_caller_that_speaks_of_another_callee_says_nothing_of_this_one() -> None:
    pattern = Pattern(signs=("log.timeout",), at=Relation.CALLER)
    about_orders, about_mail = (sighting("log.timeout", WEB, peer=e) for e in (ORDERS, service("mail")))
    assert look(pattern, ORDERS, about_orders) == (["log.timeout"], False)
    assert look(pattern, ORDERS, about_mail) == ([], False)
    one_pod_of_it = sighting("log.timeout", WEB, peer=pod("web-1"))
    assert look(pattern, ORDERS, one_pod_of_it) == (["log.timeout"], False)


def test_strength_is_of_kinds_of_sign_not_of_their_number() -> None:
    one = sighting("cpu.up", pod("a"), strength=0.6)
    same = sighting("cpu.up", pod("b"), strength=0.5)
    other = sighting("cpu.throttled", pod("a"), strength=0.5)
    assert combined_strength([one, same]) == pytest.approx(0.6)
    assert combined_strength([other, one, same]) == pytest.approx(1 - 0.4 * (1 - 0.3 * 0.5))
    assert combined_strength([]) == 0.0


def test_signs_read_from_one_series_count_once() -> None:
    first = sighting("change.near", ORDERS, strength=0.6, series="change|1")
    second = sighting("change.config", ORDERS, strength=0.7, series="change|1")
    assert combined_strength([first, second]) == pytest.approx(0.7)


def test_quality_tempers_strength() -> None:
    weak = replace(sighting("cpu.up", ORDERS, strength=1.0), quality=Quality.CIRCUMSTANTIAL)
    assert combined_strength([weak]) == pytest.approx(0.3)


def test_an_entity_nobody_knows_matches_nothing() -> None:
    mechanism = Mechanism(
        id="m", claim="{entity}", family="f", strikes=frozenset({EntityKind.SERVICE}), owner="network", requires=(CPU,)
    )
    match = evaluate(mechanism, service("nobody"), bare(sighting("cpu.up", ORDERS)))
    assert match.suggesting == frozenset()
    assert evaluate(mechanism, ORDERS, bare(sighting("cpu.up", ORDERS))).suggesting
