"""Which hypotheses are raised, where, from when, in what order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.board import Board
from compass.domain.entity import EntityKind
from compass.domain.hypothesis import Hypothesis
from compass.domain.observation import Observation, Quality
from compass.domain.time import NS_PER_S
from compass.mechanisms.loader import load_catalogue
from compass.mechanisms.match import index
from compass.mechanisms.propose import hypothesis_id, instances, lead_of, propose
from tests.support.cases import (
    LEDGER,
    MINUTE,
    NAMESPACE,
    NODES,
    ONSET,
    ORDERS,
    QUIET,
    WEB,
    any_sightings,
    board_of,
    normal,
    pod,
    sighting,
    system_for,
    with_hypotheses,
)  # fmt: skip

CATALOGUE = load_catalogue()
SYSTEM = system_for(EntityKind.SERVICE)
POOL = [sighting("pool.exhausted", ORDERS), sighting("latency.up", ORDERS), sighting("latency.up", WEB)]


def of(mechanism: str, proposed: Sequence[Hypothesis]) -> list[Hypothesis]:
    return [h for h in proposed if h.mechanism == mechanism]


def test_a_pool_that_ran_out() -> None:
    (found,) = of("connection_pool_exhausted", propose(board_of(SYSTEM, POOL), CATALOGUE))
    assert found.entity == ORDERS
    assert found.id == hypothesis_id("connection_pool_exhausted", ORDERS)
    assert found.suggested_by == {POOL[0].id}
    assert found.label == ""
    assert 0 < found.lead <= 1
    assert found.onset.ns == ONSET


def test_a_sign_on_a_pod_speaks_of_its_service() -> None:
    board = board_of(SYSTEM, [sighting("k8s.oom_killed", pod("orders-1"))])
    assert [h.entity for h in of("memory_limit_too_low", propose(board, CATALOGUE))] == [ORDERS]
    loose = board_of(SYSTEM, [sighting("k8s.oom_killed", pod("stray"))])
    assert [h.entity for h in of("memory_limit_too_low", propose(loose, CATALOGUE))] == [pod("stray")]


def test_a_namespace_and_a_node_are_struck_themselves() -> None:
    board = board_of(SYSTEM, [sighting("k8s.quota_pods", NAMESPACE), sighting("k8s.kubelet_down", NODES[0])])
    proposed = propose(board, CATALOGUE)
    assert [h.entity for h in of("namespace_pod_quota", proposed)] == [NAMESPACE]
    assert [h.entity for h in of("kubelet_down", proposed)] == [NODES[0]]


def test_all_that_is_required_must_be_seen() -> None:
    change, failing = sighting("change.near", ORDERS), sighting("errors.up", ORDERS)
    assert of("bad_release_errors", propose(board_of(SYSTEM, [change, failing]), CATALOGUE))
    assert not of("bad_release_errors", propose(board_of(SYSTEM, [change]), CATALOGUE))
    assert not of("bad_release_errors", propose(board_of(SYSTEM, [change, normal("errors.up", ORDERS)]), CATALOGUE))
    apart = board_of(SYSTEM, [sighting("change.near", QUIET[0]), failing])
    assert not of("bad_release_errors", propose(apart, CATALOGUE))


def test_begins_when_the_first_required_sign_did_else_at_the_onset() -> None:
    early = sighting("change.near", ORDERS, since_ns=ONSET - 3 * MINUTE)
    board = board_of(SYSTEM, [early, sighting("errors.up", ORDERS)])
    (found,) = of("bad_release_errors", propose(board, CATALOGUE))
    assert (found.onset.ns, found.onset.uncertainty_ns) == (ONSET - 3 * MINUTE, 5 * NS_PER_S)
    undated = board_of(SYSTEM, [sighting("pool.exhausted", ORDERS, since_ns=None)])
    (found,) = of("connection_pool_exhausted", propose(undated, CATALOGUE))
    assert undated.onset is not None
    assert found.onset == undated.onset.instant


def test_what_is_on_the_board_is_not_proposed_again_and_counts() -> None:
    board = board_of(SYSTEM, POOL)
    first = propose(board, CATALOGUE)
    assert propose(with_hypotheses(board, first), CATALOGUE) == ()
    some = with_hypotheses(board, first[:2])
    assert propose(some, CATALOGUE) == first[2:]
    crowded = board_of(SYSTEM, [sighting("cpu.saturated", e, strength=0.9) for e in (ORDERS, WEB, LEDGER, *QUIET)])
    kept = of("cpu_saturation", propose(crowded, CATALOGUE, limit_per_mechanism=3))
    assert len(kept) == 3
    assert not of("cpu_saturation", propose(with_hypotheses(crowded, kept), CATALOGUE, limit_per_mechanism=3))


def test_the_best_are_kept_of_too_many() -> None:
    board = board_of(SYSTEM, POOL)
    everything = propose(board, CATALOGUE, limit_total=1000)
    assert propose(board, CATALOGUE, limit_total=1) == everything[:1]


def test_stronger_signs_lead() -> None:
    board = board_of(SYSTEM, [sighting("cpu.saturated", LEDGER, strength=0.3), sighting("cpu.saturated", ORDERS)])
    assert [h.entity for h in of("cpu_saturation", propose(board, CATALOGUE))] == [ORDERS, LEDGER]


def test_the_words_of_the_page_alone_raise_nothing() -> None:
    page = replace(sighting("errors.up", WEB, strength=0.3), quality=Quality.WEAK)
    assert propose(board_of(SYSTEM, [page]), CATALOGUE) == ()


def test_a_board_without_incident_or_anomaly_raises_nothing() -> None:
    assert propose(Board(), CATALOGUE) == ()
    assert propose(board_of(SYSTEM, [normal("cpu.up", ORDERS)]), CATALOGUE) == ()


def test_lead_grows_with_what_is_expected() -> None:
    mechanism = CATALOGUE.get("connection_pool_exhausted")
    assert mechanism is not None

    def lead(*more: Observation) -> float:
        (match,) = instances(mechanism, index(board_of(SYSTEM, [POOL[0], *more])))
        return lead_of(match)

    assert lead(normal("latency.up", ORDERS)) < lead() <= lead(sighting("latency.up", ORDERS, strength=1.0))
    assert lead() == pytest.approx(0.8)


@settings(max_examples=30, deadline=None)
@given(any_sightings(), st.randoms(use_true_random=False))
def test_the_same_whatever_the_order_and_always_well_formed(seen: list[Observation], random: object) -> None:
    board = board_of(SYSTEM, seen)
    proposed = propose(board, CATALOGUE)
    turned = replace(
        board, observations=dict(reversed(board.observations.items())), dependencies=board.dependencies[::-1],
        containment=dict(reversed(board.containment.items())),
    )  # fmt: skip
    assert propose(turned, CATALOGUE) == proposed
    assert len({h.id for h in proposed}) == len(proposed)
    by_id = {o.id: o for o in seen}
    for h in proposed:
        mechanism = CATALOGUE.by_id[h.mechanism]
        assert h.entity.kind in mechanism.strikes
        assert h.suggested_by
        assert h.suggested_by <= set(by_id)
        assert 0 <= h.lead <= 1
