"""Small synthetic clusters: objects as `kubectl get -o json` gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from compass.domain.time import from_datetime
from compass.tables.objects import Json, KubeObject

T0 = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
NS = "shop"


def at(minutes: float) -> str:
    return (T0 + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def ns(minutes: float) -> int:
    return from_datetime(T0 + timedelta(minutes=minutes))


NOW = ns(10)


def obj(kind: str, name: str, namespace: str = NS, **body: Json) -> KubeObject:
    meta: dict[str, Json] = {"name": name, "namespace": namespace, "creationTimestamp": at(0)}
    extra = body.pop("metadata", None)
    if isinstance(extra, dict):
        meta.update(extra)
    return KubeObject(kind=kind, namespace=namespace, name=name, body={"kind": kind, "metadata": meta, **body})


def container(name: str = "server", port: int | None = 8080, **more: Json) -> dict[str, Json]:
    made: dict[str, Json] = {"name": name, "image": f"registry.test/{name}:1"}
    if port is not None:
        made["ports"] = [{"containerPort": port}]
    return {**made, **more}


def template(*containers: dict[str, Json], **spec: Json) -> dict[str, Json]:
    return {"containers": list(containers) or [container()], **spec}


def workload(
    name: str, spec: dict[str, Json] | None = None, *, pods: int = 1, ready: int | None = None, wanted: int = 1,
    labels: dict[str, Json] | None = None, node: str = "n1",
) -> list[KubeObject]:  # fmt: skip
    """A Deployment, its ReplicaSet and its pods, of which the first `ready` serve."""
    spec = spec or template()
    ready = pods if ready is None else ready
    carried: dict[str, Json] = labels or {"app": name}
    body: dict[str, Json] = {
        "replicas": wanted, "selector": {"matchLabels": dict(carried)},
        "template": {"metadata": {"labels": dict(carried)}, "spec": spec},
    }  # fmt: skip
    status: dict[str, Json] = {"availableReplicas": ready, "replicas": pods}
    made = [
        obj("Deployment", name, spec=body, status=status),
        obj("ReplicaSet", f"{name}-5d4f7c", spec=body, metadata={"ownerReferences": [owner("Deployment", name)]}),
    ]
    rs = f"{name}-5d4f7c"
    made += [pod(f"{rs}-{i}", spec, set_name=rs, labels=carried, ready=i < ready, node=node) for i in range(pods)]
    return made


def owner(kind: str, name: str) -> dict[str, Json]:
    return {"kind": kind, "name": name, "controller": True}


def pod(
    name: str, spec: dict[str, Json] | None = None, *, set_name: str = "", labels: dict[str, Json] | None = None,
    ready: bool = True, node: str = "n1", status: dict[str, Json] | None = None, states: list[Json] | None = None,
    created: float = 0, namespace: str = NS,
) -> KubeObject:  # fmt: skip
    full = {**(spec or template()), **({"nodeName": node} if node else {})}
    meta: dict[str, Json] = {"labels": labels or {}, "creationTimestamp": at(created)}
    if set_name:
        meta["ownerReferences"] = [owner("ReplicaSet", set_name)]
    shown = status or {
        "phase": "Running", "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        "containerStatuses": states or [{"name": "server", "ready": ready, "restartCount": 0}],
    }  # fmt: skip
    return obj("Pod", name, namespace=namespace, metadata=meta, spec=full, status=shown)


def unplaced(name: str, spec: dict[str, Json] | None = None, *, asked: bool = True) -> list[KubeObject]:
    """A Deployment whose only pod has no node. `asked`: the scheduler has looked at it."""
    made = workload(name, spec, pods=0)
    conditions: list[Json] = [{"type": "PodScheduled", "status": "False"}] if asked else []
    waiting = pod(f"{name}-5d4f7c-0", spec, set_name=f"{name}-5d4f7c", labels={"app": name}, node="",
                  status={"phase": "Pending", "conditions": conditions})  # fmt: skip
    return [*made, waiting]


def node(name: str, *, ready: str = "True", cordoned: bool = False, message: str = "", **more: Json) -> KubeObject:
    labels = more.pop("labels", {})
    spec: dict[str, Json] = {"taints": more.pop("taints", [])}
    if cordoned:
        spec["unschedulable"] = True
    status: dict[str, Json] = {
        "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
        "conditions": [{"type": "Ready", "status": ready, "message": message, "lastTransitionTime": at(1)}],
    }
    pressure = more.pop("pressure", None)
    if isinstance(pressure, str) and isinstance(status["conditions"], list):
        status["conditions"].append({"type": pressure, "status": "True", "message": "low", "lastTransitionTime": at(2)})
    return obj("Node", name, namespace="", metadata={"labels": labels}, spec=spec, status=status)


def service(
    name: str, *, selector: dict[str, Json] | None = None, port: int = 80, target: Json = 8080, protocol: str = "TCP",
    **spec: Json,
) -> KubeObject:  # fmt: skip
    ports: Json = [{"port": port, "targetPort": target, "protocol": protocol}]
    return obj("Service", name, spec={"selector": selector or {"app": name}, "ports": ports, **spec})


def event(
    kind: str, name: str, reason: str, message: str, *, count: int = 1, last: float = 9, normal: bool = False
) -> KubeObject:
    return obj(
        "Event", f"{name}.{reason}.{len(message)}.{count}",
        involvedObject={"kind": kind, "name": name, "namespace": NS}, reason=reason, message=message, count=count,
        type="Normal" if normal else "Warning", firstTimestamp=at(min(1, last)), lastTimestamp=at(last),
    )  # fmt: skip


def quota(name: str, hard: dict[str, Json], used: dict[str, Json]) -> KubeObject:
    return obj("ResourceQuota", name, spec={"hard": hard}, status={"hard": hard, "used": used})


def claim(name: str, *, phase: str = "Pending", size: str = "1Gi", **spec: Json) -> KubeObject:
    full: dict[str, Json] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    return obj("PersistentVolumeClaim", name, spec=full, status={"phase": phase})


def volume(name: str, *, phase: str = "Available", size: str = "1Gi", labels: Json = None, **spec: Json) -> KubeObject:
    full: dict[str, Json] = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": size},
        "storageClassName": "",
        **spec,
    }
    return obj("PersistentVolume", name, namespace="", metadata={"labels": labels or {}}, spec=full,
               status={"phase": phase})  # fmt: skip
