"""What a cluster remembers of its changes."""

from __future__ import annotations

from typing import Any

import pytest

from compass.analysis.diffs import effects
from compass.domain.incident import Change
from compass.domain.time import Instant
from compass.sources.kubernetes.changes import changes_of, forgotten
from compass.sources.kubernetes.kinds import KINDS
from compass.sources.kubernetes.lists import Listed
from compass.sources.kubernetes.rollouts import of_replica_sets
from compass.sources.live.gathered import JsonObject
from tests.sources.kubernetes.asking import WINDOW, ns
from tests.sources.kubernetes.cluster import (
    SECRET,
    Body,
    autoscaler,
    config_map,
    deployment,
    event,
    meta,
    owned,
    pod,
    replica_set,
    service,
    template,
    valid,
    written,
)

KIND = {kind.name: kind for kind in KINDS}


def told(*bodies: Body) -> tuple[list[JsonObject], list[str]]:
    lists: dict[str, Listed] = {}
    for body in bodies:
        valid(body)
        kind = KIND[body["kind"]]
        before = lists.get(kind.name, Listed(kind=kind))
        lists[kind.name] = Listed(kind=kind, objects=[*before.objects, body])
    return changes_of(lists, WINDOW)


def summaries(*bodies: Body) -> list[str]:
    return [str(change["summary"]) for change in told(*bodies)[0]]


def sets(*made: tuple[Body, str], name: str = "checkout", **latest: Any) -> list[Body]:
    last = len(made)
    return [
        replica_set(name, f"{name}-{number}", one, number, at, **(latest if number == last else {}))
        for number, (one, at) in enumerate(made, start=1)
    ]


def test_a_rollout_is_a_deploy_with_a_diff_that_can_be_read() -> None:
    limits = {"resources": {"limits": {"memory": "512Mi"}}}, {"resources": {"limits": {"memory": "128Mi"}}}
    old, new = template("shop/checkout:1", **limits[0]), template("shop/checkout:1", **limits[1])
    (change,), missing = told(deployment("checkout", new, 2), *sets((old, "08:00:00"), (new, "10:20:00"), cause="tune"))
    assert missing == []
    assert change["time"] == "2026-11-26T10:20:00Z"
    assert (change["kind"], change["service"], change["id"]) == ("deploy", "checkout", "deployment/shop/checkout@2")
    assert change["summary"] == (
        "checkout: the pod template changed: app: resources (revision 1 → 2) — tune"
    )  # fmt: skip
    assert str(change["diff"]).startswith("--- deployment/shop/checkout revision 1\n+++ deployment/shop/checkout rev")
    assert "-        memory: 512Mi\n+        memory: 128Mi" in str(change["diff"])
    read = Change(id="1", at=Instant(ns=0), kind="deploy", summary="", entity=None, diff=str(change["diff"]))
    assert [effect.sign for effect in effects(read)] == ["change.limit_lowered"]


def test_only_what_came_into_use_in_the_window_is_told() -> None:
    made = [template(f"shop/checkout:{number}") for number in range(1, 5)]
    found = sets((made[0], "07:00:00"), (made[1], "09:59:59"), (made[2], "10:00:00"), (made[3], "10:40:01"))
    assert summaries(*found) == ["checkout: image shop/checkout:2 → shop/checkout:3 (revision 2 → 3)"]


def test_a_new_workload_and_one_whose_past_is_gone_are_told_apart() -> None:
    made = template("shop/checkout:9")
    born = deployment("checkout", made, 1, created="10:10:00")
    assert summaries(born, *sets((made, "10:10:00"))) == ["checkout: revision 1 began with shop/checkout:9"]
    old = deployment("checkout", made, 9, created="08:00:00")
    (said,) = summaries(old, replica_set("checkout", "checkout-9", made, 9, "10:10:00"))
    assert said == "checkout: revision 9 began with shop/checkout:9 (what it replaced is no longer kept)"


def test_a_restart_on_request_is_told_as_one() -> None:
    old, new = template("shop/checkout:1"), template("shop/checkout:1")
    new["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "2026-11-26T10:05:00Z"}
    assert summaries(*sets((old, "08:00:00"), (new, "10:05:00"))) == [
        "checkout: restarted on request (revision 1 → 2)"
    ]  # fmt: skip


def test_what_stands_in_for_a_deployment_is_rolled_out_too() -> None:
    made = [replica_set("cart", f"cart-{n}", template(f"shop/cart:{n}"), n, at)
            for n, at in ((1, "08:00:00"), (2, "10:20:00"))]  # fmt: skip
    for number, body in enumerate(made, start=1):
        body["metadata"]["annotations"] = {"rollout.argoproj.io/revision": str(number)}
        body["metadata"] |= owned("Rollout", "cart", "argoproj.io/v1alpha1")
    (change,), _ = told(*made)
    assert (change["service"], change["id"]) == ("cart", "rollout/shop/cart@2")


def rolled_back() -> list[Body]:
    first, second = template("shop/checkout:1"), template("shop/checkout:2")
    return [
        replica_set("checkout", "checkout-a", first, 3, "08:00:00", history="1"),
        replica_set("checkout", "checkout-b", second, 2, "10:10:00"),
    ]


def test_going_back_takes_the_time_of_what_it_did() -> None:
    up = event(("Deployment", "checkout"), "ScalingReplicaSet", "Scaled up replica set checkout-a to 2 from 0",
               "10:25:01")  # fmt: skip
    first = pod("checkout-a-1", owned("ReplicaSet", "checkout-a"), "10:25:03")
    earlier = pod("checkout-a-0", owned("ReplicaSet", "checkout-a"), "09:00:00")
    for evidence, at in (((up, first), "10:25:01"), ((first, earlier), "10:25:03")):
        there, back = told(*rolled_back(), *evidence)[0]
        assert there["summary"] == "checkout: image shop/checkout:1 → shop/checkout:2 (revision 1 → 2)"
        assert back["summary"] == (
            "checkout: image shop/checkout:2 → shop/checkout:1 (revision 2 → 3, rolled back)"
        )  # fmt: skip
        assert back["time"] == f"2026-11-26T{at}Z"
        assert "compass_time" in str(back["attributes"])


def test_going_back_without_a_trace_of_when_is_missing() -> None:
    changes, missing = told(*rolled_back())
    assert [change["id"] for change in changes] == ["deployment/shop/checkout@2"]
    assert missing == ["when Deployment shop/checkout went back to an earlier template is not known"]


def revision(owner: tuple[str, str], name: str, number: int, image: str, created: str) -> Body:
    patch = {"spec": {"template": {"$patch": "replace", **template(image, app=owner[1])}}}
    return {
        "apiVersion": "apps/v1", "kind": "ControllerRevision", "revision": number, "data": patch,
        "metadata": meta(name, created=created, **owned(*owner)),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_revisions_of_stateful_and_daemon_sets(kind: str) -> None:
    first = revision((kind, "db"), "db-a", 1, "shop/db:1", "08:00:00")
    second = revision((kind, "db"), "db-b", 2, "shop/db:2", "10:12:00")
    (change,) = told(first, second)[0]
    assert change["summary"] == "db: image shop/db:1 → shop/db:2 (revision 1 → 2)"
    assert "$patch" not in str(change["diff"])
    back = {**first, "revision": 3}
    born = pod("db-0", owned(kind, "db"), "10:30:00", labels={"controller-revision-hash": "db-a"})
    changes, _ = told(back, second, born)
    assert [(c["time"], c["summary"]) for c in changes][-1] == (
        "2026-11-26T10:30:00Z", "db: image shop/db:2 → shop/db:1 (revision 2 → 3, rolled back)",
    )  # fmt: skip


def test_a_secret_in_the_environment_is_seen_to_change_and_not_seen() -> None:
    old, new = (
        template("shop/checkout:1", env={"API_TOKEN": value, "MODE": "fast"}) for value in (SECRET, SECRET[::-1])
    )
    (change,), _ = told(*sets((old, "08:00:00"), (new, "10:20:00"), cause=f"password={SECRET}"))
    assert SECRET not in str(change)
    assert SECRET[::-1] not in str(change)
    assert "-      value: '[redacted:secret 1]'\n+      value: '[redacted:secret 2]'" in str(change["diff"])


def test_scaling_apart_from_a_rollout_is_a_change_of_scale() -> None:
    down = event(("Deployment", "checkout"), "ScalingReplicaSet", "Scaled down replica set checkout-1 to 1 from 5",
                 "10:15:00")  # fmt: skip
    (change,), _ = told(down, *sets((template("shop/checkout:1"), "08:00:00")))
    assert (change["kind"], change["service"], change["time"]) == ("scale", "checkout", "2026-11-26T10:15:00Z")
    assert change["summary"] == "checkout: replicas 5 → 1"
    attributes = {key: str(value) for key, value in change["attributes"].items()}  # type: ignore[union-attr]
    read = Change(id="1", at=Instant(ns=0), kind="scale", summary="", entity=None, attributes=attributes)
    assert "change.scale_down" in [effect.sign for effect in effects(read)]


def test_the_steps_of_a_rollout_are_no_changes_of_scale() -> None:
    about = ("Deployment", "checkout")
    steps = [
        event(about, "ScalingReplicaSet", "Scaled up replica set checkout-2 to 2", "10:20:01"),
        event(about, "ScalingReplicaSet", "Scaled down replica set checkout-1 to 3 from 4", "10:20:20"),
        event(about, "ScalingReplicaSet", "Scaled up replica set checkout-2 to 4 from 2", "10:20:40"),
    ]
    found = sets((template("shop/checkout:1"), "08:00:00"), (template("shop/checkout:2"), "10:20:00"))
    assert [change["kind"] for change in told(*steps, *found)[0]] == ["deploy"]


def test_an_autoscaler_and_what_it_did_are_one_change() -> None:
    why = "cpu resource utilization (percentage of request) above target"
    about = ("HorizontalPodAutoscaler", "checkout")
    decided = event(about, "SuccessfulRescale", f"New size: 6; reason: {why}", "10:18:00")
    done = event(("Deployment", "checkout"), "ScalingReplicaSet", "Scaled up replica set checkout-1 to 6 from 3",
                 "10:18:01")  # fmt: skip
    old = sets((template("shop/checkout:1"), "08:00:00"))
    said = f"HorizontalPodAutoscaler checkout: {why}"
    assert summaries(decided, done, autoscaler("checkout"), *old) == [f"checkout: replicas 3 → 6 ({said})"]
    assert summaries(decided, autoscaler("checkout")) == [f"checkout: replicas to 6 ({said})"]


def test_scaling_by_hand_that_no_event_told() -> None:
    noted = {"managedFields": [written("kubectl", "10:22:00", {"f:spec": {"f:replicas": {}}}, "scale")]}
    body = deployment("checkout", template("shop/checkout:1"), 1, **noted)
    assert summaries(body) == ["checkout was scaled by kubectl; it now wants 1 replicas"]
    near = event(("Deployment", "checkout"), "ScalingReplicaSet", "Scaled down replica set checkout-1 to 1 from 5",
                 "10:22:01")  # fmt: skip
    assert summaries(body, near) == ["checkout: replicas 5 → 1"]


def test_an_edit_of_a_configmap_that_a_workload_reads_is_a_change() -> None:
    made = template("shop/checkout:1")
    made["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "pool"}}]
    made["spec"]["volumes"] = [{"name": "v", "projected": {"sources": [{"configMap": {"name": "routes"}}]}}]
    data = {"f:data": {".": {}, "f:size": {}}}
    edited = [
        config_map(name, {"size": "5"}, managedFields=[written("kubectl-edit", "10:24:00", data)])
        for name in ("pool", "routes", "nobody-reads-this")
    ]
    lock = config_map("pool", {}, annotations={"control-plane.alpha.kubernetes.io/leader": "{}"},
                      managedFields=[written("controller", "10:24:00", data)])  # fmt: skip
    changes, _ = told(deployment("checkout", made, 1), *edited, lock)
    assert {(c["service"], c["kind"]) for c in changes} == {("checkout", "config")}
    assert [c["summary"] for c in changes] == [
        f"ConfigMap shop/{name} was edited by kubectl-edit (size); what it said before is not kept"
        for name in ("pool", "routes")
    ]


def test_a_configmap_that_more_workloads_read_than_are_told_says_which_are_not() -> None:
    made = template("shop/checkout:1")
    made["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "shared"}}]
    readers = [deployment(f"s{n}", made, 1) for n in range(7)]
    data = {"f:data": {".": {}, "f:size": {}}}
    for at, count in (("10:24:00", 5), ("08:00:00", 0)):
        shared = config_map("shared", {"size": "5"}, managedFields=[written("kubectl-edit", at, data)])
        changes, missing = told(*readers, shared)
        assert [c["service"] for c in changes] == [f"s{n}" for n in range(count)]
        untold = "ConfigMap shop/shared changed, which 7 workloads read: it is not told of s5, s6"
        assert missing == ([untold] if count else [])


def test_edits_of_what_people_declare_are_changes_and_notes_of_controllers_are_not() -> None:
    spec = {"f:spec": {"f:maxReplicas": {}}}
    scaler = autoscaler("checkout", managedFields=[
        written("kubectl-patch", "10:26:00", spec),
        written("kube-controller-manager", "10:27:00", {"f:status": {}}, "status"),
    ])  # fmt: skip
    quiet = service("checkout", managedFields=[written("cloud", "10:26:00", {"f:metadata": {"f:finalizers": {}}})])
    late = service("search", managedFields=[written("kubectl", "11:26:00", {"f:spec": {}})])
    (change,), _ = told(scaler, quiet, late)
    assert change["service"] == "checkout"
    assert change["summary"] == (
        "HorizontalPodAutoscaler shop/checkout was edited by kubectl-patch (maxReplicas); "
        "what it said before is not kept"
    )  # fmt: skip


def test_what_a_cluster_has_forgotten_is_said() -> None:
    assert forgotten(WINDOW, ns("10:41:00")) == []
    (scale,) = forgotten(WINDOW, ns("11:00:30"))[:1]
    assert scale.startswith("Events are kept for about an hour")
    assert len(forgotten(WINDOW, ns("11:00:30"))) == 2


@pytest.mark.parametrize(
    "damage",
    [{"metadata": {"name": "x"}}, {"metadata": {"name": "x", "ownerReferences": "no"}}, {"metadata": None},
     {"metadata": {"name": "x", "creationTimestamp": 7, "annotations": [1],
                   "ownerReferences": [{"kind": "Deployment", "name": "c", "controller": True}]}, "spec": []}],
)  # fmt: skip
def test_damaged_objects_are_no_errors(damage: Body) -> None:
    lists = {kind.name: Listed(kind=kind, objects=[{"kind": kind.name, **damage}]) for kind in KINDS}
    assert changes_of(lists, WINDOW) == ([], [])
    assert of_replica_sets([damage]) == []
