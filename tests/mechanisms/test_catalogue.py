"""What the built-in catalogue promises: complete, well worded, and each mechanism leads where it should."""

from __future__ import annotations

import re
from functools import cache
from string import Formatter

import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Mechanism
from compass.domain.sign import is_sign
from compass.mechanisms.evidence import pattern_evidence
from compass.mechanisms.loader import load_catalogue
from compass.mechanisms.parse import OWNERS, STRATEGIES
from compass.mechanisms.propose import hypothesis_id, propose
from compass.projections.filler import Filler
from tests.support.cases import (
    LEDGER,
    WEB,
    asserted,
    board_of,
    case_of,
    ranked,
    sighting,
    summed,
    system_for,
    with_another_explanation,
    with_hypotheses,
    without_its_sign,
)

CATALOGUE = load_catalogue()
EACH = pytest.mark.parametrize("mechanism", CATALOGUE.mechanisms, ids=lambda m: m.id)

# DESIGN §4, in its words → a mechanism of that sort
FAMILIES = {
    "CPU": "cpu_saturation", "throttling": "cpu_throttling", "memory": "memory_pressure", "leak": "memory_leak",
    "OOM": "memory_limit_too_low", "disk": "disk_full", "I/O": "disk_io_saturation", "network": "network_saturation",
    "file descriptors": "fd_exhaustion", "neighbours": "node_cpu_contention",
    "pools": "connection_pool_exhausted", "threads": "worker_pool_exhausted", "locks": "lock_contention",
    "deadlock": "deadlock", "queues": "queue_backlog", "connections": "database_connections_exhausted",
    "slow queries": "slow_statement", "replication": "replication_lag", "GC": "gc_pressure",
    "traffic surge": "traffic_surge", "retry storm": "retry_storm", "cache stampede": "cache_stampede",
    "dependency outage": "external_dependency_outage", "dependency slowdown": "external_dependency_slow",
    "delay between peers": "network_delay", "loss": "packet_loss", "DNS": "dns_failure", "TLS expiry": "tls_failure",
    "credentials": "credentials_denied", "deploy regressions": "bad_release_errors", "slower": "bad_release_slow",
    "config regressions": "config_regression", "flag regressions": "flag_regression", "N+1": "query_fanout",
    "unbounded queries": "unbounded_result", "poison data": "poison_data", "clock skew": "clock_skew",
    "rate limits and quotas": "rate_limited", "wrong results": "silent_wrong_results",
    "exceptions": "unhandled_exception", "scale": "under_provisioned", "admission": "admission_denied",
    "quotas": "namespace_pod_quota", "scheduling": "taint_not_tolerated", "volumes": "volume_class_mismatch",
    "image pulls": "image_pull_denied", "probes": "liveness_probe_port", "crash loops": "crash_loop",
    "services": "service_selector_mismatch", "ports": "service_target_port", "protocols": "service_protocol_mismatch",
    "DNS names in configuration": "wrong_address", "sidecars": "sidecar_not_ready", "network policy": "network_policy",
    "node": "kubelet_down", "control-plane": "scheduler_down", "cluster DNS": "cluster_dns_down",
}  # fmt: skip
NEVER_SAID = re.compile(
    r"root cause|confirmed|human error|\bblame|\bat fault|\bmistake|careless|negligen|forgot|should have|incompeten",
    re.IGNORECASE,
)
DESTRUCTIVE = re.compile(r"\bdelete\b|\bdrain\b|--force|\brm\b|\bdrop\b|truncate|--replicas=0|\bkill\b", re.IGNORECASE)


@cache
def own_case(mechanism: Mechanism) -> list[tuple[float, str, EntityRef]]:
    return ranked(case_of(mechanism).board, CATALOGUE)


def texts(m: Mechanism) -> tuple[str, ...]:
    fix = m.mitigation
    return (m.claim, *m.check, fix.text, fix.command, fix.risk, fix.recovery)


def test_covers_every_family_of_the_design() -> None:
    missing = {words: key for words, key in FAMILIES.items() if CATALOGUE.get(key) is None}
    assert not missing
    assert len(CATALOGUE.mechanisms) >= 50
    assert {m.owner for m in CATALOGUE.mechanisms} == OWNERS


@EACH
def test_is_complete(mechanism: Mechanism) -> None:
    patterns = (*mechanism.requires, *mechanism.expects, *mechanism.forbids)
    assert all(is_sign(sign) for p in patterns for sign in p.signs)
    assert mechanism.requires
    assert mechanism.expects
    assert mechanism.forbids, "nothing seen could speak against it"
    assert 2 <= len(mechanism.check) <= 3
    assert len(mechanism.refuters) >= 4
    assert set(mechanism.refuters) <= STRATEGIES
    assert mechanism.triggers
    # theories compare only when being suggested is worth about the same: at most one full pattern
    assert sum(p.weight for p in mechanism.requires) <= 1.0 + 1e-9


@EACH
def test_does_not_forbid_what_it_requires_or_expects(mechanism: Mechanism) -> None:
    wanted = {(s, p.at) for p in (*mechanism.requires,) for s in p.signs}
    forbidden = {(s, p.at) for p in mechanism.forbids for s in p.signs}
    assert not wanted & forbidden
    assert not {(s, p.at) for p in mechanism.expects for s in p.signs} & forbidden


@EACH
def test_is_worded_about_the_system(mechanism: Mechanism) -> None:
    for text in texts(mechanism):
        assert not NEVER_SAID.search(text), text
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= {"entity", "peer", "namespace"}
    assert mechanism.claim.count(".") == 1
    assert mechanism.claim.endswith(".")
    entity = EntityRef(kind=EntityKind.SERVICE, name="orders", namespace="shop")
    fill = Filler(entity, None)
    assert "orders" in fill(mechanism.claim)
    assert "{" not in fill(" ".join(texts(mechanism)))


@EACH
def test_mitigation_says_its_risk_and_destroys_nothing(mechanism: Mechanism) -> None:
    fix = mechanism.mitigation
    assert fix.text
    assert fix.risk
    assert fix.recovery
    assert not DESTRUCTIVE.search(fix.command)


def test_symptoms_alone_suggest_places_not_mechanisms() -> None:
    system = system_for(EntityKind.EXTERNAL)
    places = [WEB, system.struck, LEDGER]
    symptoms = ("latency.up", "errors.up", "success.down", "trace.errors_up")
    seen = [sighting(sign, e) for sign in symptoms for e in places]
    proposed = propose(board_of(system, seen), CATALOGUE, limit_total=1000)
    families = {found.family for h in proposed if (found := CATALOGUE.get(h.mechanism)) is not None}
    assert families == {"origin"}


@EACH
def test_leads_on_its_own_case(mechanism: Mechanism) -> None:
    order = own_case(mechanism)
    score, first, entity = order[0]
    assert (first, entity) == (mechanism.id, case_of(mechanism).entity), order[:3]
    assert score > 0.5


@EACH
def test_loses_when_its_telling_sign_is_normal(mechanism: Mechanism) -> None:
    case = without_its_sign(mechanism)
    identity = hypothesis_id(mechanism.id, case.entity)
    assert identity not in {h.id for h in propose(case.board, CATALOGUE, limit_total=1000)}
    # stated by somebody all the same, it falls far behind what it has on its own case
    stated = asserted(case)
    against = summed(pattern_evidence(with_hypotheses(case.board, [stated]), CATALOGUE), stated.id)
    assert against < own_case(mechanism)[0][0] - 1.5


@EACH
def test_loses_to_another_explanation_of_the_same_signs(mechanism: Mechanism) -> None:
    case = with_another_explanation(mechanism)
    order = ranked(case.board, CATALOGUE)
    mine = next((score for score, key, e in order if (key, e) == (mechanism.id, case.entity)), -10.0)
    assert mine < own_case(mechanism)[0][0] - 0.5
    assert mine <= 0 or order[0][1:] != (mechanism.id, case.entity), order[:3]


def test_commands_quote_what_telemetry_named() -> None:
    hostile = EntityRef(kind=EntityKind.SERVICE, name="x; rm -rf / #", namespace="$(id)")
    mechanism = CATALOGUE.get("bad_release_errors")
    assert mechanism is not None
    template = mechanism.mitigation.command
    assert Filler(hostile, None).command(template) == "kubectl rollout undo deployment/'x; rm -rf / #' -n '$(id)'"
    plain = EntityRef(kind=EntityKind.SERVICE, name="orders")
    assert Filler(plain, None).command(template) == "kubectl rollout undo deployment/orders"
    odd = EntityRef(kind=EntityKind.SERVICE, name="{peer}\x1b[31m")
    assert Filler(odd, None).command("{entity} {peer}") == "'{peer}[31m' 'its dependency'"
