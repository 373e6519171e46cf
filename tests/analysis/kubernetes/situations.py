"""Situations that faults leave behind, to be put together into clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from compass.analysis.kubernetes import analyse
from compass.analysis.kubernetes.finding import Finding
from compass.tables.objects import Json, KubeObject, Probe
from tests.analysis.kubernetes.making import (
    NOW,
    container,
    event,
    node,
    obj,
    pod,
    template,
    unplaced,
    workload,
)  # fmt: skip

NODES = [node("n1"), node("n2")]


def run(objects: Sequence[KubeObject], probes: Sequence[Probe] = ()) -> tuple[Finding, ...]:
    return analyse(objects, probes, NOW).findings


@dataclass(frozen=True)
class Case:
    """`like` is what differs in the look-alike; `loud` the strength below which a finding is only an oddity."""

    sign: str
    entity: str
    fault: Callable[[], list[KubeObject]]
    like: Callable[[], list[KubeObject]]
    probes: tuple[Probe, ...] = field(default=())


def refused(name: str, message: str, spec: dict[str, Json] | None = None) -> list[KubeObject]:
    return [
        *workload(name, spec, pods=0),
        *workload("other"),
        event("ReplicaSet", f"{name}-5d4f7c", "FailedCreate", message),
    ]


def over(quota_name: str, resource: str) -> str:
    amounts = f"requested: {resource}=1, used: {resource}=4, limited: {resource}=4"
    return f'pods "a-" is forbidden: exceeded quota: {quota_name}, {amounts}'


def waiting(name: str, reason: str, message: str = "", spec: dict[str, Json] | None = None) -> list[KubeObject]:
    """A workload whose pod's container waits."""
    state: Json = {"name": "server", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": reason}}}
    made = workload(name, spec, pods=0)
    waits = pod(f"{name}-5d4f7c-0", spec, set_name=f"{name}-5d4f7c", labels={"app": name}, ready=False, states=[state])
    told = [event("Pod", f"{name}-5d4f7c-0", "Failed", message, count=2)] if message else []
    return [*made, waits, *told]


def pull(message: str, **spec: Json) -> list[KubeObject]:
    return waiting("a", "ImagePullBackOff", f'Failed to pull image "r/a:1": {message}', template(**spec))


def probed(role: str, probe: dict[str, Json], message: str, *, count: int = 5, restarts: int = 0, ready: bool = False,
           more: dict[str, Json] | None = None) -> list[KubeObject]:  # fmt: skip
    spec = template({**container(), f"{role}Probe": probe, **(more or {})})
    made = workload("a", spec, pods=0)
    state: Json = {"name": "server", "ready": ready, "restartCount": restarts}
    one = pod("a-5d4f7c-0", spec, set_name="a-5d4f7c", labels={"app": "a"}, ready=ready, states=[state])
    return [
        *made,
        one,
        event("Pod", "a-5d4f7c-0", "Unhealthy", f"{role.capitalize()} probe failed: {message}", count=count),
    ]


def mounting(name: str = "data") -> dict[str, Json]:
    return template(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": name}}])


def unbound(*storage: KubeObject) -> list[KubeObject]:
    told = event("Pod", "a-5d4f7c-0", "FailedScheduling", "pod has unbound immediate PersistentVolumeClaims")
    return [*NODES, *unplaced("a", mounting()), told, *storage]


def placed(spec: dict[str, Json], *nodes: KubeObject, others: Sequence[KubeObject] = ()) -> list[KubeObject]:
    told = event("Pod", "a-5d4f7c-0", "FailedScheduling", "0/2 nodes are available")
    return [*nodes, *others, *unplaced("a", spec), told]


def calling(address: str, key: str = "PEER_ADDR") -> dict[str, Json]:
    return template(container(env=[{"name": key, "value": address}]))


def affinity(key: str) -> dict[str, Json]:
    terms: Json = [{"matchExpressions": [{"key": key, "operator": "Exists"}]}]
    return template(
        affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    )


def apart() -> dict[str, Json]:
    term: Json = [{"labelSelector": {"matchLabels": {"app": "b"}}, "topologyKey": "kubernetes.io/hostname"}]
    return template(affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": term}})


def asking(**requests: Json) -> dict[str, Json]:
    return template(container(resources={"requests": requests}))


def ended(reason: str, restarts: int, *, waiting_for: str = "", minute: str = "08") -> list[KubeObject]:
    last: Json = {"terminated": {"reason": reason, "exitCode": 137, "finishedAt": f"2030-01-01T12:{minute}:00Z"}}
    now: Json = {"waiting": {"reason": waiting_for}} if waiting_for else {"running": {}}
    state: Json = {"name": "server", "ready": False, "restartCount": restarts, "state": now, "lastState": last}
    one = pod("a-5d4f7c-0", set_name="a-5d4f7c", labels={"app": "a"}, ready=not waiting_for, states=[state])
    return [*workload("a", pods=0, ready=0 if waiting_for else 1), one]


def account(name: str) -> dict[str, Json]:
    return template(serviceAccountName=name)


TAINT: Json = [{"key": "only", "value": "gpu", "effect": "NoSchedule"}]
TOLERATE: Json = [{"key": "only", "operator": "Exists"}]
SA = obj("ServiceAccount", "known")
GRPC: dict[str, Json] = {"grpc": {"port": 8080}}
MASTER: dict[str, Json] = {"node-role.kubernetes.io/control-plane": ""}
