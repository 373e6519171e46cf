"""The small parts: quantities, selectors, placement, addresses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.kubernetes import cluster
from compass.analysis.kubernetes.addresses import distance_at_most
from compass.analysis.kubernetes.admission import quota_sign
from compass.analysis.kubernetes.cluster import read_cluster
from compass.analysis.kubernetes.ends import bad_ends
from compass.analysis.kubernetes.finding import instant
from compass.analysis.kubernetes.images import classify
from compass.analysis.kubernetes.labels import selects
from compass.analysis.kubernetes.model import read_node, read_pod
from compass.analysis.kubernetes.nodes import component
from compass.analysis.kubernetes.placement import Rule, evaluate
from compass.analysis.kubernetes.read import manifest, quantity, spec_of, time_ns
from compass.analysis.kubernetes.scheduling import rank
from compass.analysis.kubernetes.view import build
from compass.tables.objects import Json, KubeObject
from tests.analysis.kubernetes.making import NOW, at, event, node, ns, obj, pod, template, workload
from tests.analysis.kubernetes.situations import run


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("100m", 0.1),
        ("2", 2.0),
        ("1.5Gi", 1.5 * 2**30),
        ("12e3", 12000.0),
        (3, 3.0),
        ("500Mi", 500 * 2**20),
        ("1k", 1e3),
    ],
)
def test_quantities(written: Json, value: float) -> None:
    assert quantity(written) == pytest.approx(value)


@pytest.mark.parametrize("written", ["", "Gi", "1 Gi", "nan", "inf", "1e999", True, None, [], {}, float("nan"), "1Xi"])
def test_what_is_no_quantity(written: Json) -> None:
    assert quantity(written) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([("m", 1e-3), ("", 1.0), ("Ki", 1024.0), ("M", 1e6)]))
def test_quantities_scale_with_their_suffix(number: int, suffix: tuple[str, float]) -> None:
    assert quantity(f"{number}{suffix[0]}") == pytest.approx(number * suffix[1])


def test_times_without_a_zone_are_no_times() -> None:
    assert time_ns("2030-01-01T00:00:00Z") == time_ns("2030-01-01T02:00:00+02:00")
    assert time_ns("2030-01-01T00:00:00") is None
    assert time_ns("yesterday") is None
    assert time_ns(7) is None


def test_the_declared_spec_stands_in_where_the_live_one_is_absent() -> None:
    key = "kubectl.kubernetes.io/last-applied-configuration"
    declared: dict[str, Json] = {"metadata": {"annotations": {key: '{"spec": {"replicas": 3}}'}}}
    assert spec_of(declared)["replicas"] == 3
    assert spec_of({**declared, "spec": {"replicas": 1}})["replicas"] == 1
    assert manifest({"metadata": {"annotations": {key: "[" * 100_000}}}) == {}


@pytest.mark.parametrize(
    ("operator", "values", "labels", "holds"),
    [
        ("In", ["1"], {"k": "1"}, True), ("In", ["1"], {}, False), ("NotIn", ["1"], {}, True),
        ("NotIn", ["1"], {"k": "1"}, False), ("Exists", [], {"k": ""}, True), ("DoesNotExist", [], {"k": ""}, False),
        ("Gt", ["3"], {"k": "4"}, True), ("Lt", ["3"], {"k": "4"}, False), ("Gt", ["x"], {"k": "4"}, False),
        ("Unknown", [], {"k": "4"}, False),
    ],
)  # fmt: skip
def test_selector_operators(operator: str, values: list[Json], labels: dict[str, str], holds: bool) -> None:
    assert selects({"matchExpressions": [{"key": "k", "operator": operator, "values": values}]}, labels) is holds


def fits(spec: dict[str, Json], *nodes: KubeObject, others: tuple[KubeObject, ...] = ()) -> dict[str, frozenset[Rule]]:
    read = [read_node(n, None) for n in nodes]
    found = evaluate(read_pod(pod("p", spec, node="", labels={"app": "p"})), read, [read_pod(o) for o in others], {})
    return {f.node.name: f.against for f in found}


def test_tolerations() -> None:
    taint: Json = [{"key": "k", "value": "v", "effect": "NoSchedule"}]
    tainted = node("n", taints=taint)
    assert fits(template(), tainted)["n"] == {Rule.TAINT}
    for toleration in ({"operator": "Exists"}, {"key": "k", "value": "v"}, {"key": "k", "operator": "Exists"}):
        assert fits(template(tolerations=[dict(toleration)]), tainted)["n"] == frozenset()
    for toleration in ({"key": "k", "value": "w"}, {"key": "k", "value": "v", "effect": "NoExecute"}):
        assert fits(template(tolerations=[dict(toleration)]), tainted)["n"] == {Rule.TAINT}
    prefers: Json = [{"key": "k", "effect": "PreferNoSchedule"}]
    assert fits(template(), node("n", taints=prefers))["n"] == frozenset()


def test_spread_counts_only_where_the_pod_may_go() -> None:
    term: dict[str, Json] = {"topologyKey": "zone", "maxSkew": 1, "labelSelector": {"matchLabels": {"app": "p"}}}
    spec = template(topologySpreadConstraints=[term], nodeSelector={"pool": "a"})
    nodes = (node("n1", labels={"zone": "1", "pool": "a"}), node("n2", labels={"zone": "2"}))
    there = (pod("q", labels={"app": "p"}, node="n1"), pod("r", labels={"app": "p"}, node="n1"))
    assert Rule.SPREAD not in fits(spec, *nodes, others=there)["n1"]
    assert Rule.SPREAD in fits(template(topologySpreadConstraints=[term]), *nodes, others=there)["n1"]


def test_the_existing_pods_rule_keeps_away_too() -> None:
    term: Json = [{"labelSelector": {"matchLabels": {"app": "p"}}, "topologyKey": "kubernetes.io/hostname"}]
    lonely = template(affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}})
    assert fits(template(), node("n1"), node("n2"), others=(pod("q", lonely, node="n1"),)) == {
        "n1": frozenset({Rule.ANTI_AFFINITY}), "n2": frozenset(),
    }  # fmt: skip


def test_rank_is_empty_when_a_node_fits() -> None:
    read = [read_node(n, None) for n in (node("n1"), node("n2", cordoned=True))]
    assert rank(evaluate(read_pod(pod("p", node="")), read, [], {})) == []


@pytest.mark.parametrize(
    ("resource", "sign"),
    [
        ("requests.cpu", "cpu"), ("limits.memory", "memory"), ("count/services", "services"), ("pods", "pods"),
        ("services.loadbalancers", "services"), ("requests.storage", "storage"), ("count/pods", "pods"),
        ("gold.storageclass.storage.k8s.io/requests.storage", "storage"),
    ],
)  # fmt: skip
def test_quota_resources(resource: str, sign: str) -> None:
    assert quota_sign(resource) == f"k8s.quota_{sign}"


def test_quota_of_something_else() -> None:
    assert quota_sign("count/configmaps") is None


def test_a_refused_manifest_leaves_both_readings() -> None:
    found = dict(classify("unexpected status from HEAD request to https://r.test/v2/a/manifests/x: 403 Forbidden"))
    assert set(found) == {"k8s.image_not_found", "k8s.image_denied"}
    assert abs(found["k8s.image_not_found"] - found["k8s.image_denied"]) < 0.1


@pytest.mark.parametrize(
    ("name", "sign"),
    [("kubelet", "kubelet"), ("containerd", "runtime"), ("crio", "runtime"), ("kube-proxy", "proxy"),
     ("coredns", "dns"), ("kube-controller-manager", "controller"), ("kube-scheduler", "scheduler")],
)  # fmt: skip
def test_components(name: str, sign: str) -> None:
    assert component(name) == f"k8s.{sign}_down"


def test_other_units_are_no_components() -> None:
    assert component("nginx") is None
    assert component("my-containerd-exporter") is None


@settings(max_examples=60, deadline=None)
@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_distance_against_the_plain_recursion(left: str, right: str) -> None:
    def plain(a: str, b: str) -> int:
        if not a or not b:
            return len(a) + len(b)
        return min(plain(a[1:], b) + 1, plain(a, b[1:]) + 1, plain(a[1:], b[1:]) + (a[0] != b[0]))

    assert distance_at_most(left, right, 2) is (plain(left, right) <= 2)


def test_of_too_many_events_the_latest_are_kept_whatever_their_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "MAX_EVENTS", 2)
    old = [event("Pod", f"a-{n}", "Pulled", "", last=n) for n in range(3)]
    late = [replace(o, namespace="zoo") for o in (event("Pod", "z", "Failed", "", last=9),)]
    kept = read_cluster([*old, *late], NOW).happenings
    assert [h.name for h in kept] == ["a-2", "z"]


def end(reason: str, code: int, minute: float, message: str = "") -> Json:
    return {"terminated": {"reason": reason, "exitCode": code, "finishedAt": at(minute), "message": message}}


def ended_pod(state: Json, last: Json, *, init: bool = False) -> KubeObject:
    one: Json = {"name": "server", "ready": False, "restartCount": 1, "state": state, "lastState": last}
    kept = {"initContainerStatuses": [one]} if init else {"containerStatuses": [one]}
    status: dict[str, Json] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}], **kept}
    return pod("a-0", labels={"app": "a"}, status=status)


def test_how_a_container_ended_now_comes_before_how_it_ended_the_time_before() -> None:
    (state,) = read_pod(ended_pod(end("OOMKilled", 137, 8), end("Error", 1, 5))).containers
    assert [(e.reason, e.exit_code, e.at_ns) for e in state.endings] == [("OOMKilled", 137, ns(8)), ("Error", 1, ns(5))]
    assert state.last == state.endings[0]
    (running,) = read_pod(ended_pod({"running": {}}, end("Error", 1, 5))).containers
    assert [e.reason for e in running.endings] == ["Error"]
    (never,) = read_pod(ended_pod({"running": {}}, {})).containers
    assert never.endings == ()
    assert (never.last.reason, never.last.exit_code, never.last.at_ns) == ("", None, None)


def test_an_init_container_that_is_done_tells_of_the_attempt_that_failed_before() -> None:
    (done,) = read_pod(ended_pod(end("Completed", 0, 8), end("Error", 1, 5), init=True)).containers
    assert done.last.reason == "Error"
    (once,) = read_pod(ended_pod(end("Completed", 0, 8), {}, init=True)).containers
    assert once.last.reason == "Completed"
    (failing,) = read_pod(ended_pod(end("Error", 2, 8), end("Error", 1, 5), init=True)).containers
    assert failing.last.exit_code == 2


@pytest.mark.parametrize(("now", "before", "since"), [("OOMKilled", "Error", 8), ("Error", "OOMKilled", 5)])
def test_a_kill_for_memory_is_found_where_it_is_the_present_ending_and_where_it_was_the_one_before(
    now: str, before: str, since: float
) -> None:
    codes = {"OOMKilled": 137, "Error": 1}
    objects = [*workload("a", pods=0, ready=0), ended_pod(end(now, codes[now], 8), end(before, codes[before], 5))]
    found = {f.sign: f for f in run(objects)}
    assert found["k8s.oom_killed"].since == instant(ns(since))
    assert f"({now}, last exit code {codes[now]})" in found["k8s.restarting"].text
    assert found["k8s.restarting"].since == instant(ns(8))


def test_the_ending_by_itself_is_the_one_whose_last_words_are_read() -> None:
    killed = ended_pod(end("OOMKilled", 137, 8), end("Error", 1, 5))
    view = build(read_cluster([*workload("a", pods=0, ready=0), killed], NOW))
    assert [(e.exit_code, e.at_ns) for e in bad_ends(view)] == [(1, ns(5))]
    twice = ended_pod(end("Error", 2, 8), end("Error", 1, 5))
    view = build(read_cluster([*workload("a", pods=0, ready=0), twice], NOW))
    assert [(e.exit_code, e.at_ns) for e in bad_ends(view)] == [(2, ns(8))]


def test_only_the_line_of_a_listing() -> None:
    shown = obj("Pod", "x", metadata={"annotations": {"compass/describe": "READY: 0/1\nSTATUS: Running"}})
    assert read_pod(shown).ready is False
