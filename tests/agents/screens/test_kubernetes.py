"""The Kubernetes screen: facts with coverage, shares, gaps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from compass.agents.screens.kubernetes import NETWORK_SIGNS, KubernetesScreen
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import Observation, Verdict
from compass.domain.sign import SIGNS
from compass.domain.telemetry import ObjectKind
from compass.ports.errors import SourceError
from compass.ports.specialist import Look, StepResult
from compass.tables.objects import KubeObject, Probe
from tests.agents.screens.looking import FixedTelemetry, look
from tests.analysis.kubernetes.making import (
    NOW,
    NS,
    container,
    event,
    node,
    service,
    template,
    unplaced,
    workload,
)  # fmt: skip

INFRASTRUCTURE = KubernetesScreen(agent="infrastructure", excludes=NETWORK_SIGNS)
NETWORK = KubernetesScreen(agent="network", includes=NETWORK_SIGNS)


def troubled() -> list[KubeObject]:
    """A pod that asks too much, and a configuration that names a port nobody offers."""
    wrong = template(container(env=[{"name": "PEER_ADDR", "value": "back:81"}]))
    greedy = template(container(resources={"requests": {"cpu": "64"}}))
    return [
        node("n1"), *workload("front", wrong), service("front"), *workload("back"), service("back"),
        *unplaced("big", greedy), event("Pod", "big-5d4f7c-0", "FailedScheduling", "0/1 nodes: Insufficient cpu"),
    ]  # fmt: skip


def run(screen: KubernetesScreen, seen: Look) -> StepResult:
    return asyncio.run(screen.run(seen))


def of(observations: Sequence[Observation], verdict: Verdict) -> dict[tuple[str, str], Observation]:
    return {(o.sign, o.entity.name): o for o in observations if o.verdict is verdict}


def test_anomalies_and_normal_results() -> None:
    result = run(INFRASTRUCTURE, look(FixedTelemetry(troubled()), NOW))
    bad, good = of(result.observations, Verdict.ANOMALY), of(result.observations, Verdict.NORMAL)
    cpu = bad["k8s.sched_cpu", "big"]
    assert "asks 64 cpu" in cpu.text
    assert "Insufficient cpu" in cpu.text
    assert cpu.agent == "infrastructure"
    assert cpu.since is not None
    assert ("k8s.unready", "front") in good
    assert ("k8s.node_not_ready", "n1") in good
    assert ("k8s.unready", "big") in bad
    assert ("k8s.unready", "big") not in good
    assert all(o.strength == 0 for o in good.values())
    assert not result.gaps
    assert "contradictions" in result.found


def test_two_specialists_share_one_analysis_and_no_sign() -> None:
    telemetry = FixedTelemetry(troubled())
    seen = look(telemetry, NOW)
    mine, theirs = run(INFRASTRUCTURE, seen), run(NETWORK, seen)
    assert ("k8s.address_wrong", "front") in of(theirs.observations, Verdict.ANOMALY)
    assert not {o.sign for o in mine.observations} & {o.sign for o in theirs.observations}
    assert sorted(telemetry.asked) == [ObjectKind.KUBERNETES, ObjectKind.PROBES]
    ids = [o.id for o in (*mine.observations, *theirs.observations)]
    assert len(ids) == len(set(ids))
    assert {o.sign for o in (*mine.observations, *theirs.observations)} <= set(SIGNS)


def test_an_incomplete_listing_proves_nothing_normal() -> None:
    result = run(INFRASTRUCTURE, look(FixedTelemetry(troubled(), truncated=True), NOW))
    assert of(result.observations, Verdict.ANOMALY)
    assert not of(result.observations, Verdict.NORMAL)


def test_kinds_that_were_not_listed_are_gaps() -> None:
    only = [o for o in troubled() if o.kind not in {"Event", "Node"}]
    gaps = run(INFRASTRUCTURE, look(FixedTelemetry(only), NOW)).gaps
    assert {gap for gap, _ in gaps} == {"no Event objects were listed", "no Node objects were listed"}
    nothing = run(INFRASTRUCTURE, look(FixedTelemetry(), NOW))
    assert nothing.gaps
    assert not nothing.observations


def test_the_analysis_does_without_probes_and_not_without_objects() -> None:
    without = FixedTelemetry(troubled(), lost=frozenset({ObjectKind.PROBES}))
    assert of(run(INFRASTRUCTURE, look(without, NOW)).observations, Verdict.ANOMALY)
    with pytest.raises(SourceError):
        run(INFRASTRUCTURE, look(FixedTelemetry(lost=frozenset({ObjectKind.KUBERNETES})), NOW))


def test_failed_units_are_left_to_the_probe_screen() -> None:
    probe = Probe(at_ns=NOW, kind="systemd_unit", target="kubelet@n1", ok=False, output="inactive")
    result = run(INFRASTRUCTURE, look(FixedTelemetry(troubled(), (probe,)), NOW))
    assert "k8s.kubelet_down" not in {o.sign for o in result.observations}


def test_limits_bound_what_is_told() -> None:
    screen = KubernetesScreen(agent="infrastructure", limit=1, normal_limit=2)
    result = run(screen, look(FixedTelemetry(troubled()), NOW))
    assert len(of(result.observations, Verdict.ANOMALY)) == 1
    assert {o.sign for o in result.observations if o.verdict is Verdict.NORMAL} == {"k8s.unready"}


def test_secrets_in_events_do_not_leave() -> None:
    said = "lookup failed: Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789 " + "x" * 5000
    made = [*troubled(), event("Pod", "big-5d4f7c-0", "FailedScheduling", said, last=9.5)]
    result = run(INFRASTRUCTURE, look(FixedTelemetry(made), NOW))
    assert all("abcdefghijklmnopqrstuvwxyz0123456789" not in o.text for o in result.observations)
    assert all(len(o.text) <= 700 for o in result.observations)


def test_entities_are_services_nodes_and_namespaces() -> None:
    result = run(INFRASTRUCTURE, look(FixedTelemetry(troubled()), NOW))
    assert EntityRef(kind=EntityKind.SERVICE, namespace=NS, name="big") in {o.entity for o in result.observations}
