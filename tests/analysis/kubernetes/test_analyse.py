"""The reconciliation as a whole: order, hostile input, normal results, what steps back behind what."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.kubernetes import analyse, containment, dependencies_from_objects, entities, service_entities
from compass.analysis.kubernetes.finding import HINT, SYMPTOM
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import Quality
from compass.domain.sign import SIGNS
from compass.tables.objects import Json, KubeObject, Probe
from tests.analysis.kubernetes.making import (
    NOW,
    NS,
    claim,
    container,
    event,
    node,
    ns,
    obj,
    pod,
    quota,
    service,
    template,
    unplaced,
    volume,
    workload,
)  # fmt: skip

KINDS = (
    "Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Service", "Node", "Event", "ResourceQuota",
    "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "ConfigMap", "Secret", "NetworkPolicy", "Lease",
)  # fmt: skip
KEYS = (
    "spec", "status", "metadata", "template", "containers", "name", "labels", "ports", "env", "value", "conditions",
    "type", "hard", "used", "selector", "matchLabels", "taints", "affinity", "message", "reason", "involvedObject",
    "containerStatuses",
    "state", "waiting", "replicas", "nodeName", "annotations", "claimRef", "data", "initContainers",
    "kubectl.kubernetes.io/last-applied-configuration", "compass/describe", "lastTimestamp", "livenessProbe", "grpc",
)  # fmt: skip
hostile: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(
        ["", "a", "a:80", "9" * 40, "1e99", "Pending", "True", "2030-01-01T00:00:00Z", "[[[[", "\x00", "x" * 300]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


def shop() -> list[KubeObject]:
    """A healthy shop: front calls back; back mounts a bound claim."""
    front = template(container(env=[{"name": "BACK_ADDR", "value": "back:80"}]))
    back = template(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}])
    return [
        node("n1"), node("n2"), *workload("front", front, pods=2, wanted=2), service("front"),
        *workload("back", back), service("back"), claim("data", phase="Bound", volumeName="v"),
        volume("v", phase="Bound", claimRef={"namespace": NS, "name": "data"}), obj("ServiceAccount", "default"),
        event("Pod", "front-5d4f7c-0", "Scheduled", "assigned", normal=True),
    ]  # fmt: skip


def service_of(name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.SERVICE, namespace=NS, name=name)


def test_a_healthy_cluster_has_no_finding_and_normal_results_for_each_workload_and_node() -> None:
    analysis = analyse(shop(), (), NOW)
    assert analysis.findings == ()
    for name in ("front", "back"):
        for sign in ("k8s.unready", "k8s.pending", "k8s.crash_loop", "k8s.selector_empty", "k8s.target_port"):
            assert (sign, service_of(name)) in analysis.normal
    assert ("k8s.node_not_ready", EntityRef(kind=EntityKind.NODE, name="n1")) in analysis.normal
    assert ("k8s.address_wrong", service_of("front")) in analysis.normal


def test_what_was_found_is_not_normal_and_every_sign_is_in_the_vocabulary() -> None:
    analysis = analyse([*shop(), *unplaced("c")], (), NOW)
    found = {(f.sign, f.entity) for f in analysis.findings}
    assert ("k8s.pending", service_of("c")) in found
    assert not found & set(analysis.normal)
    assert {sign for sign, _ in analysis.normal} | {f.sign for f in analysis.findings} <= set(SIGNS)


def test_absence_counts_only_for_kinds_that_were_listed() -> None:
    spec = template(serviceAccountName="app")
    made = [*workload("a", spec, pods=0), *workload("b")]
    assert not [f for f in analyse(made, (), NOW).findings if f.sign == "k8s.service_account_missing"]
    listed = [*made, obj("ServiceAccount", "default")]
    assert [f for f in analyse(listed, (), NOW).findings if f.sign == "k8s.service_account_missing"]


def test_ready_counts_may_be_absent() -> None:
    silent = [o if o.kind != "Deployment" else replace(o, body={**o.body, "status": {}}) for o in shop()]
    analysis = analyse(silent, (), NOW)
    assert analysis.findings == ()
    assert ("k8s.unready", service_of("front")) in analysis.normal


@pytest.mark.parametrize(
    ("kind", "status", "unready"),
    [
        ("Deployment", {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "unavailableReplicas": 2}, 2),
        ("Deployment", {"observedGeneration": 1, "conditions": [{"type": "Available", "status": "False"}]}, 2),
        ("Deployment", {"observedGeneration": 1, "replicas": 2, "readyReplicas": 1, "unavailableReplicas": 1}, 1),
        ("ReplicaSet", {"observedGeneration": 1, "replicas": 2, "fullyLabeledReplicas": 2}, 2),
        ("ReplicaSet", {"replicas": 0}, 2),
        ("StatefulSet", {"observedGeneration": 1, "replicas": 2}, 2),
        ("ReplicaSet", {"replicas": 2, "readyReplicas": 2, "availableReplicas": 2}, 0),
        ("Deployment", {}, None),  # written by no controller yet
        ("Deployment", None, None),
    ],
)
def test_a_count_that_a_status_leaves_out_is_zero_and_a_status_that_is_absent_says_nothing(
    kind: str, status: dict[str, Json] | None, unready: int | None
) -> None:
    """Pods are not listed: the status alone tells."""
    body: dict[str, Json] = {"spec": {"replicas": 2}, **({} if status is None else {"status": status})}
    analysis = analyse([obj(kind, "a", **body)], (), NOW)
    found = [f.text for f in analysis.findings if f.sign == "k8s.unready"]
    assert found == ([f"{kind} a declares 2 pods; {unready} of them are not ready"] if unready else [])
    assert (("k8s.unready", service_of("a")) in analysis.normal) is (unready == 0)


def test_events_of_pods_that_are_gone_say_nothing() -> None:
    gone = [
        event("Pod", "front-old-1", "FailedScheduling", "0/2 nodes are available: Insufficient cpu"),
        event("Pod", "front-old-1", "Failed", 'Failed to pull image "x": not found'),
        event("ReplicaSet", "front-old", "FailedCreate", "exceeded quota: q, requested: pods=1, used: pods=1"),
        event("Pod", "front-5d4f7c-0", "Unhealthy", "Readiness probe failed: connection refused", count=1),
    ]
    assert analyse([*shop(), *gone], (), NOW).findings == ()


def test_permanent_oddities_rank_below_every_symptom() -> None:
    odd = template(container(env=[{"name": "ASSISTANT_ADDR", "value": "assistant:80"}]))
    master = node("m", cordoned=True, labels={"node-role.kubernetes.io/control-plane": ""})
    findings = analyse([*shop(), master, *workload("odd", odd), *workload("sick", ready=0)], (), NOW).findings
    oddities = {f.sign for f in findings if f.strength < HINT}
    assert {"k8s.node_cordoned", "k8s.address_wrong"} <= oddities
    assert findings[0].entity.name == "sick"
    assert findings[0].strength >= SYMPTOM


def test_a_node_that_is_down_comes_before_its_pods() -> None:
    sick = workload("sick", ready=0, node="n3")
    down = node("n3", ready="Unknown", message="Kubelet stopped posting node status.")
    findings = analyse([*shop(), down, *sick], (), NOW).findings
    assert findings[0].entity == EntityRef(kind=EntityKind.NODE, name="n3")
    unready = next(f for f in findings if f.sign == "k8s.unready")
    assert unready.strength <= HINT
    assert unready.peer == findings[0].entity
    assert unready.quality is Quality.INDIRECT


def test_a_failed_unit_comes_before_the_pods_the_scheduler_left() -> None:
    probe = Probe(at_ns=NOW, kind="systemd_unit", target="kube-scheduler@m", ok=False, output="Active: inactive (dead)")
    made = [*shop(), node("m"), *unplaced("c", asked=False)]
    assert analyse(made, (), NOW).findings[0].sign == "k8s.sched_silent"
    first, *rest = analyse(made, (probe,), NOW).findings
    assert (first.sign, first.entity.name) == ("k8s.scheduler_down", "m")
    assert "inactive" in first.text
    assert all(f.strength < first.strength for f in rest)


def test_a_pod_that_is_starting_is_not_judged() -> None:
    young = pod("a-5d4f7c-0", set_name="a-5d4f7c", labels={"app": "a"}, ready=False, created=9.9)
    old = pod("a-5d4f7c-0", set_name="a-5d4f7c", labels={"app": "a"}, ready=False, created=1)
    strength = {
        name: next(
            f.strength for f in analyse([*workload("a", pods=0), p], (), NOW).findings if f.sign == "k8s.unready"
        )
        for name, p in (("young", young), ("old", old))
    }
    assert strength["young"] < strength["old"]


def test_an_active_check_that_passes_takes_the_weight_off_a_port_nobody_declared() -> None:
    made = [*workload("a"), service("a", target=9090)]
    check = Probe(at_ns=NOW, kind="tcp_connect", target=f"a.{NS}:80", ok=True, output="open")
    silent, passing = analyse(made, (), NOW).findings[0], analyse(made, (check,), NOW).findings[0]
    failing = analyse(made, (replace(check, ok=False),), NOW).findings[0]
    assert {f.sign for f in (silent, passing, failing)} == {"k8s.target_port"}
    assert passing.strength < SYMPTOM < silent.strength < failing.strength


def test_dates_come_from_the_events() -> None:
    message = "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"
    made = [*workload("a", pods=0), *workload("b"), event("ReplicaSet", "a-5d4f7c", "FailedCreate", message),
            quota("q", {"pods": "1"}, {"pods": "1"})]  # fmt: skip
    first = analyse(made, (), NOW).findings[0]
    assert first.entity == EntityRef(kind=EntityKind.NAMESPACE, name=NS)
    assert first.peer == service_of("a")
    assert first.since is not None
    assert first.since.ns == ns(1)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_arrival_order_changes_nothing(rng: random.Random) -> None:
    made = [*shop(), *unplaced("c"), *workload("d", ready=0), service("e", selector={"app": "none"})]
    expected = analyse(made, (), NOW)
    shuffled = list(made)
    rng.shuffle(shuffled)
    assert analyse(shuffled, (), NOW) == expected
    assert containment(shuffled) == containment(made)


def spoil(value: Json, path: list[int], junk: Json) -> Json:
    """`value` with the part that `path` leads to replaced."""
    if not path:
        return junk
    if isinstance(value, dict) and value:
        key = sorted(value)[path[0] % len(value)]
        return {**value, key: spoil(value[key], path[1:], junk)}
    if isinstance(value, list) and value:
        place = path[0] % len(value)
        return [*value[:place], spoil(value[place], path[1:], junk), *value[place + 1 :]]
    return junk


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.lists(st.integers(0, 9), max_size=8), hostile), max_size=8))
def test_a_spoilt_cluster_never_raises(spoils: list[tuple[int, list[int], Json]]) -> None:
    made = [*shop(), *unplaced("c"), *workload("d", ready=0), node("n4", pressure="DiskPressure")]
    for place, path, junk in spoils:
        o = made[place % len(made)]
        body = spoil(dict(o.body), path, junk)
        made[place % len(made)] = replace(o, body=body if isinstance(body, dict) else {})
    analysis = analyse(made, (), NOW)
    assert all(0 <= f.strength <= 1 and f.sign in SIGNS for f in analysis.findings)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(["a", "b"]), hostile), max_size=6))
def test_hostile_objects_never_raise_and_strengths_stay_in_range(raw: list[tuple[str, str, Json]]) -> None:
    made = [KubeObject(kind=k, namespace=NS, name=n, body=b if isinstance(b, dict) else {"spec": b}) for k, n, b in raw]
    analysis = analyse([*made, *shop()])
    assert all(0 <= f.strength <= 1 and f.text for f in analysis.findings)
    entities(made)
    dependencies_from_objects(made)


def test_containment_dependencies_and_entities() -> None:
    made = shop()
    pods = EntityRef(kind=EntityKind.POD, namespace=NS, name="front-5d4f7c-0")
    pairs = containment(made)
    assert (pods, service_of("front")) in pairs
    assert (pods, EntityRef(kind=EntityKind.NODE, name="n1")) in pairs
    assert (service_of("front"), EntityRef(kind=EntityKind.NAMESPACE, name=NS)) in pairs
    [edge] = dependencies_from_objects(made)
    assert (edge.caller, edge.callee, edge.kind) == (service_of("front"), service_of("back"), "declared")
    assert {service_of("front"), service_of("back"), pods} <= set(entities(made))


def test_a_replica_set_of_an_unlisted_owner_goes_by_its_owners_name() -> None:
    made = [o for o in workload("front") if o.kind != "Deployment"]
    assert service_of("front") in entities(made)
    assert not [e for e in entities(made) if e.kind is EntityKind.SERVICE and e != service_of("front")]


def test_a_service_that_selects_a_workload_of_another_name_is_that_workload() -> None:
    made = [*workload("front"), service("front-public", selector={"app": "front"})]
    assert service_entities(made)[NS, "front-public"] == service_of("front")
    assert service_of("front-public") not in entities(made)
