"""What the signs around a hypothesis are worth."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from compass.domain.board import Board
from compass.domain.entity import EntityKind
from compass.domain.hypothesis import Hypothesis
from compass.domain.observation import Observation
from compass.domain.posterior import Evidence
from compass.domain.time import Instant
from compass.mechanisms.evidence import PatternWeights, pattern_evidence
from compass.mechanisms.loader import load_catalogue
from compass.mechanisms.propose import hypothesis_id, propose
from tests.support.cases import (
    LEDGER,
    NODES,
    ONSET,
    ORDERS,
    QUIET,
    SAMPLED,
    WEB,
    any_sightings,
    board_of,
    normal,
    service,
    sighting,
    system_for,
    with_hypotheses,
)  # fmt: skip

CATALOGUE = load_catalogue()
SYSTEM = system_for(EntityKind.SERVICE)
POOL = sighting("pool.exhausted", ORDERS)
KEY = "connection_pool_exhausted"
WEIGHTS = PatternWeights()
POOLS = CATALOGUE.by_id[KEY]
REQUIRED = POOLS.requires[0].weight
SLOW_BELOW = next(p.weight for p in POOLS.forbids if "db.latency_up" in p.signs)


def weighed(*more: Observation, suggested: tuple[Observation, ...] = (POOL,), mechanism: str = KEY) -> list[Evidence]:
    return list(pattern_evidence(stated(*more, suggested=suggested, mechanism=mechanism), CATALOGUE))


def stated(*more: Observation, suggested: tuple[Observation, ...] = (POOL,), mechanism: str = KEY) -> Board:
    h = Hypothesis(
        id=hypothesis_id(mechanism, ORDERS), label="", mechanism=mechanism, entity=ORDERS, onset=Instant(ns=ONSET),
        proposed_by="x", suggested_by=frozenset(o.id for o in suggested),
    )  # fmt: skip
    return with_hypotheses(board_of(SYSTEM, [*suggested, *more]), [h])


def value(evidence: list[Evidence], kind: str, about: str = "") -> float:
    return sum(v for e in evidence if e.kind == kind and about in e.group for v in e.log_likelihood.values())


def patterns(evidence: list[Evidence]) -> list[Evidence]:
    return [e for e in evidence if e.kind != "coverage"]


def test_a_suggestion_counts_by_weight_and_strength_in_its_series_group() -> None:
    (item,) = patterns(weighed())
    assert item.kind == "suggestion"
    assert item.group == POOL.series
    assert item.rests_on == (POOL.id,)
    assert sum(item.log_likelihood.values()) == pytest.approx(WEIGHTS.suggestion * REQUIRED * 0.8)


def test_expected_seen_supports_and_expected_normal_speaks_against() -> None:
    seen = weighed(sighting("pool.wait_up", ORDERS, strength=1.0))
    assert value(seen, "expected") == pytest.approx(WEIGHTS.expected * 0.35)
    missing = weighed(normal("pool.wait_up", ORDERS))
    assert value(missing, "missing") == pytest.approx(WEIGHTS.missing * 0.35)


def test_not_measured_or_not_covered_moves_nothing() -> None:
    assert patterns(weighed(normal("pool.wait_up", ORDERS, SAMPLED))) == patterns(weighed())


def test_forbidden_seen_speaks_against() -> None:
    evidence = weighed(sighting("db.latency_up", LEDGER, strength=1.0))
    assert value(evidence, "forbidden") == pytest.approx(WEIGHTS.forbidden * SLOW_BELOW)
    assert value(weighed(normal("db.latency_up", LEDGER)), "forbidden") == 0.0


def test_what_suggested_a_theory_is_never_fresh_support() -> None:
    # trace.error_origin is required of one mechanism's pattern and expected by another of its patterns
    origin, change = sighting("trace.error_origin", ORDERS), sighting("change.near", ORDERS)
    evidence = weighed(suggested=(origin, change), mechanism="bad_release_errors")
    assert {e.kind for e in patterns(evidence)} == {"suggestion"}
    rests = [o for e in patterns(evidence) for o in e.rests_on]
    assert len(rests) == len(set(rests))


def test_a_required_sign_seen_later_supports_and_normal_speaks_strongly_against() -> None:
    later = weighed(POOL, suggested=())
    assert value(later, "required") == pytest.approx(WEIGHTS.required * REQUIRED * 0.8)
    gone = [normal(s, ORDERS) for s in ("pool.exhausted", "pool.timeouts", "log.pool_timeout")]
    assert value(weighed(*gone, suggested=()), "missing") == pytest.approx(-WEIGHTS.required * REQUIRED)
    assert value(weighed(gone[0], suggested=()), "missing") == pytest.approx(-WEIGHTS.required * REQUIRED / 3)


def test_a_sign_that_everybody_shows_suggests_less() -> None:
    everywhere = [sighting("pool.exhausted", e) for e in (WEB, LEDGER, *QUIET)]
    alone, common = value(weighed(), "suggestion"), value(weighed(*everywhere), "suggestion")
    assert common < alone
    assert common > alone * (1 - WEIGHTS.commonness)


def closeness(entity_case: list[Evidence]) -> float:
    return value([e for e in entity_case if e.group.startswith("closeness")], "coverage")


def test_closeness_below_the_paged_service_above_and_beside() -> None:
    def of(entity: object, board: Board) -> float:
        proposed = [h for h in propose(board, CATALOGUE) if h.mechanism == "cpu_saturation" and h.entity == entity]
        return closeness(list(pattern_evidence(with_hypotheses(board, proposed), CATALOGUE)))

    board = board_of(SYSTEM, [sighting("cpu.saturated", e) for e in (ORDERS, LEDGER, WEB, service("island"))])
    assert of(WEB, board) == pytest.approx(WEIGHTS.closeness)
    assert of(ORDERS, board) == pytest.approx(WEIGHTS.closeness)
    assert 0 < of(LEDGER, board) < of(ORDERS, board)
    assert of(service("island"), board) == pytest.approx(-WEIGHTS.closeness)
    assert board.incident is not None
    from_below = replace(board, incident=replace(board.incident, service="ledger"))
    assert -WEIGHTS.closeness < of(WEB, from_below) < 0
    unpaged = replace(board, incident=replace(board.incident, service=None))
    assert of(service("island"), unpaged) == 0.0
    unknown = replace(board, dependencies=())
    assert of(service("island"), unknown) == 0.0


def test_coverage_is_the_share_of_what_suffers_at_or_above() -> None:
    def of(board: Board) -> dict[object, float]:
        proposed = propose(board, CATALOGUE, limit_total=1000)
        return {
            h.entity: next(iter(e.log_likelihood.values()))
            for e in pattern_evidence(with_hypotheses(board, proposed), CATALOGUE)
            for h in proposed
            if e.group.startswith("coverage") and h.id in e.log_likelihood
        }

    hurt = [sighting("latency.up", e, strength=0.8) for e in (WEB, ORDERS)]
    shares = of(board_of(SYSTEM, [*hurt, sighting("cpu.saturated", LEDGER), sighting("cpu.saturated", NODES[1])]))
    assert shares[LEDGER] == pytest.approx(WEIGHTS.coverage / 2)
    assert shares[ORDERS] == pytest.approx(WEIGHTS.coverage / 2)
    assert shares[WEB] == pytest.approx(0.0)
    assert shares[NODES[1]] == pytest.approx(0.0)  # runs web and the quiet ones
    alone = of(board_of(SYSTEM, [sighting("latency.up", ORDERS), sighting("cpu.saturated", QUIET[0])]))
    assert alone[QUIET[0]] == pytest.approx(-WEIGHTS.coverage)
    beside = of(board_of(SYSTEM, [*hurt, sighting("cpu.saturated", QUIET[0])]))
    assert beside[QUIET[0]] == pytest.approx(0.0)  # web calls it too


def test_weights_are_checked() -> None:
    with pytest.raises(ValueError, match="at most 0"):
        PatternWeights(missing=0.5)
    with pytest.raises(ValueError, match="at least 0"):
        PatternWeights(expected=-0.5)
    with pytest.raises(ValueError, match="commonness"):
        PatternWeights(commonness=1.0)


def test_a_mechanism_that_the_catalogue_lost_has_no_pattern_evidence() -> None:
    assert patterns(weighed(mechanism="removed_by_the_team")) == []


@settings(max_examples=25, deadline=None)
@given(any_sightings())
def test_evidence_is_well_formed_and_independent_of_order(seen: list[Observation]) -> None:
    board = board_of(SYSTEM, seen)
    full = with_hypotheses(board, propose(board, CATALOGUE))
    evidence = pattern_evidence(full, CATALOGUE)
    turned = replace(full, observations=dict(reversed(full.observations.items())),
                     hypotheses=dict(reversed(full.hypotheses.items())))  # fmt: skip
    assert pattern_evidence(turned, CATALOGUE) == evidence
    assert len({e.id for e in evidence}) == len(evidence)
    signs = {"suggestion": 1, "expected": 1, "required": 1, "missing": -1, "forbidden": -1}
    for item in evidence:
        assert len(item.log_likelihood) == 1
        assert set(item.log_likelihood) <= set(full.hypotheses)
        assert set(item.rests_on) <= set(full.observations)
        assert all(v * signs.get(item.kind, 0) >= 0 for v in item.log_likelihood.values())
        assert all(abs(v) <= 4.0 for v in item.log_likelihood.values())


def test_a_theory_of_failing_does_not_have_to_explain_what_is_slow() -> None:
    path, error = sighting("log.path_changed", ORDERS), sighting("errors.up", WEB)
    elsewhere = [sighting("latency.up", entity) for entity in QUIET]
    for mechanism, wanted in (("silent_wrong_results", WEIGHTS.coverage / 2), ("connection_pool_exhausted", None)):
        found = weighed(error, *elsewhere, suggested=(path,), mechanism=mechanism)
        (coverage,) = [e for e in found if e.group.startswith("coverage")]
        share = value([coverage], "coverage")
        assert share == pytest.approx(wanted) if wanted is not None else share < 0
        assert ("what fails" in coverage.because) is (wanted is not None)


def test_what_sends_more_work_downwards_explains_what_suffers_below() -> None:
    busy, slow = sighting("traffic.up", ORDERS), sighting("latency.up", LEDGER)
    found = weighed(slow, suggested=(busy,), mechanism="traffic_surge")
    assert value([e for e in found if e.group.startswith("coverage")], "coverage") == pytest.approx(
        WEIGHTS.coverage / 2
    )
    cut_off = weighed(slow, suggested=(sighting("cpu.saturated", ORDERS),), mechanism="cpu_saturation")
    assert value([e for e in cut_off if e.group.startswith("coverage")], "coverage") == pytest.approx(-WEIGHTS.coverage)
