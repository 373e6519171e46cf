"""The cluster's objects, typed: what is declared and what exists. Built once from untrusted JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from compass.analysis.kubernetes.podspec import PodSpec, Port, port_value, read_pod_spec
from compass.analysis.kubernetes.read import (
    at,
    boolean,
    described,
    integer,
    items,
    mapping,
    quantity,
    spec_of,
    strings,
    text,
    texts,
    time_ns,
)  # fmt: skip
from compass.tables.objects import Json, KubeObject

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
_READY = re.compile(r"^READY:\s*(\d+)/(\d+)\s*$", re.MULTILINE)
_TOTAL = re.compile(r"^\s*(cpu|memory)\s+(\d+\w*)\s+\(", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    kind: str
    status: bool | None
    reason: str
    message: str
    since_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """One termination of a container."""

    reason: str = ""
    exit_code: int | None = None
    at_ns: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    name: str
    ready: bool | None
    restarts: int
    waiting: str  # reason, empty when not waiting
    message: str
    endings: tuple[Ending, ...]  # the latest first: the API keeps the present one and the one before
    init: bool

    @property
    def last(self) -> Ending:
        """How it ended last; all fields empty where it never did."""
        return self.endings[0] if self.endings else Ending()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    namespace: str
    name: str
    labels: Mapping[str, str]
    spec: PodSpec
    owner: tuple[str, str] | None
    phase: str
    reason: str
    message: str
    ready: bool | None
    scheduled: bool | None
    created_ns: int | None
    deleting: bool
    gated: bool
    containers: tuple[ContainerState, ...]
    conditions: tuple[Condition, ...]

    @property
    def live(self) -> bool:
        """Counts towards its controller: neither finished nor on its way out."""
        return not self.deleting and self.phase not in {"Succeeded", "Failed"}

    @property
    def restarts(self) -> int:
        return max((c.restarts for c in self.containers), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """A Deployment, StatefulSet, DaemonSet or ReplicaSet. Counts are None where nothing says."""

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    selector: Mapping[str, Json]
    template_labels: Mapping[str, str]
    spec: PodSpec
    owner: tuple[str, str] | None
    wanted: int | None
    available: int | None
    created_ns: int | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    number: int | None
    name: str
    protocol: str
    app_protocol: str
    target: Port | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    namespace: str
    name: str
    kind: str
    headless: bool
    selector: Mapping[str, str]
    labels: Mapping[str, str]
    ports: tuple[ServicePort, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    name: str
    labels: Mapping[str, str]
    cordoned: bool
    taints: tuple[Mapping[str, str], ...]
    conditions: tuple[Condition, ...]
    allocatable: Mapping[str, float]
    reserved: Mapping[str, float]  # requests of all its pods, where the object says so
    lease_ns: int | None = None

    @property
    def ready(self) -> Condition | None:
        return next((c for c in self.conditions if c.kind == "Ready"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A claim or a volume. `asked` the requested or offered bytes; `bound` the volume of a claim or (ns, claim)."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    phase: str
    storage_class: str | None
    modes: frozenset[str]
    asked: float | None
    selector: Mapping[str, Json]
    bound: str
    bound_to: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    namespace: str
    name: str
    hard: Mapping[str, float]
    used: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An Event: what was said about which object, how often, from when to when."""

    kind: str
    namespace: str
    name: str
    reason: str
    message: str
    count: int
    first_ns: int | None
    last_ns: int | None
    normal: bool
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Everything read. `kinds` are the API kinds that were listed at all: absence counts only within those."""

    kinds: frozenset[str]
    pods: tuple[Pod, ...]
    controllers: tuple[Controller, ...]
    services: tuple[Service, ...]
    nodes: tuple[Node, ...]
    claims: tuple[Storage, ...]
    volumes: tuple[Storage, ...]
    classes: Mapping[str, str]  # name → volumeBindingMode
    quotas: tuple[Quota, ...]
    happenings: tuple[Happening, ...]
    policies: tuple[KubeObject, ...]
    named: Mapping[tuple[str, str, str], frozenset[str] | None] = field(default_factory=dict)  # (kind, ns, name) → keys
    listed: frozenset[tuple[str, str]] = frozenset()  # (kind, namespace) of `named`
    data: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)  # ConfigMap (ns, name) → entries
    namespaces: tuple[str, ...] = ()
    now_ns: int | None = None


def conditions_of(body: Mapping[str, Json]) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            kind=text(entry.get("type")), status=boolean(entry.get("status")), reason=text(entry.get("reason")),
            message=text(entry.get("message")), since_ns=time_ns(entry.get("lastTransitionTime")),
        )
        for entry in items(at(body, "status", "conditions"))
    )  # fmt: skip


def owner_of(body: Mapping[str, Json]) -> tuple[str, str] | None:
    """(kind, name) of the controlling owner."""
    owners = items(at(body, "metadata", "ownerReferences"))
    chosen = next((o for o in owners if o.get("controller") is True), owners[0] if owners else None)
    return (text(chosen.get("kind")), text(chosen.get("name"))) if chosen else None


def _ending(entry: Mapping[str, Json]) -> Ending:
    return Ending(
        reason=text(entry.get("reason")), exit_code=integer(entry.get("exitCode")),
        at_ns=time_ns(entry.get("finishedAt")), message=text(entry.get("message")),
    )  # fmt: skip


def _container_state(entry: Mapping[str, Json], *, init: bool) -> ContainerState:
    """`state.terminated` is how it ended now, `lastState.terminated` how it ended the time before. That an init
    container is done is what it is for: where an attempt before had failed, that one is told instead."""
    present, before = mapping(at(entry, "state", "terminated")), mapping(at(entry, "lastState", "terminated"))
    if init and before and integer(present.get("exitCode")) == 0:
        present = {}
    return ContainerState(
        name=text(entry.get("name")), ready=boolean(entry.get("ready")),
        restarts=max(0, integer(entry.get("restartCount")) or 0),
        waiting=text(at(entry, "state", "waiting", "reason")), message=text(at(entry, "state", "waiting", "message")),
        endings=tuple(_ending(one) for one in (present, before) if one), init=init,
    )  # fmt: skip


def read_pod(o: KubeObject) -> Pod:
    """A pod. `ready` is its Ready condition, else the READY column where only a line of `kubectl get pods` was kept,
    else False while it is Pending, and None where nothing says. One that has a node is `scheduled`, whatever else is
    told."""
    conditions = conditions_of(o.body)
    ready = next((c.status is True for c in conditions if c.kind == "Ready"), None)
    states = [_container_state(e, init=False) for e in items(at(o.body, "status", "containerStatuses"))]
    states += [_container_state(e, init=True) for e in items(at(o.body, "status", "initContainerStatuses"))]
    table = _READY.search(described(o.body))
    if ready is None and table:  # only the line of `kubectl get pods` was kept
        ready = table[1] == table[2]
    spec = read_pod_spec(mapping(o.body.get("spec")))
    phase = text(at(o.body, "status", "phase"))
    if ready is None and phase == "Pending":
        ready = False
    scheduled = next((c.status for c in conditions if c.kind == "PodScheduled"), None)
    return Pod(
        namespace=o.namespace, name=o.name, labels=strings(at(o.body, "metadata", "labels")), spec=spec,
        owner=owner_of(o.body), phase=phase, reason=text(at(o.body, "status", "reason")),
        message=text(at(o.body, "status", "message")), ready=ready, scheduled=True if spec.node else scheduled,
        created_ns=time_ns(at(o.body, "metadata", "creationTimestamp")),
        deleting=at(o.body, "metadata", "deletionTimestamp") is not None,
        gated=bool(items(at(o.body, "spec", "schedulingGates"))), containers=tuple(states), conditions=conditions,
    )  # fmt: skip


def read_controller(o: KubeObject) -> Controller:
    """A workload's controller. `wanted` counts pods: `spec.replicas`, 1 where a spec leaves it out (the API's default)
    and None without a spec; for a DaemonSet the nodes that should run one. `available` is the ready ones where a status
    counts no available ones, and 0 where it counts neither: the API leaves out a count that is zero (`omitempty`). None
    where no controller wrote a status yet, or it was not kept: it would hold a number, if only the observed
    generation."""
    spec = spec_of(o.body)
    template = mapping(spec.get("template"))
    status = mapping(o.body.get("status"))
    daemon = o.kind == "DaemonSet"
    replicas = integer(spec.get("replicas"))
    wanted = integer(status.get("desiredNumberScheduled")) if daemon else 1 if replicas is None and spec else replicas
    available = integer(status.get("numberAvailable" if daemon else "availableReplicas"))
    if available is None:
        available = integer(status.get("numberReady" if daemon else "readyReplicas"))
    if available is None and any(integer(value) is not None for value in status.values()):
        available = 0
    return Controller(
        kind=o.kind, namespace=o.namespace, name=o.name, labels=strings(at(o.body, "metadata", "labels")),
        selector=mapping(spec.get("selector")), template_labels=strings(at(dict(template), "metadata", "labels")),
        spec=read_pod_spec(mapping(template.get("spec"))), owner=owner_of(o.body), wanted=wanted, available=available,
        created_ns=time_ns(at(o.body, "metadata", "creationTimestamp")), conditions=conditions_of(o.body),
    )  # fmt: skip


def read_service(o: KubeObject) -> Service:
    """A Service with the API's defaults filled in: type ClusterIP, protocol TCP, and a target port equal to the
    port."""
    spec = spec_of(o.body)
    ports = tuple(
        ServicePort(
            number=integer(p.get("port")), name=text(p.get("name")), protocol=text(p.get("protocol")) or "TCP",
            app_protocol=text(p.get("appProtocol")),
            target=port_value(p.get("targetPort")) or integer(p.get("port")),
        )
        for p in items(spec.get("ports"))
    )  # fmt: skip
    return Service(
        namespace=o.namespace, name=o.name, kind=text(spec.get("type")) or "ClusterIP",
        headless=spec.get("clusterIP") == "None", selector=strings(spec.get("selector")),
        labels=strings(at(o.body, "metadata", "labels")), ports=ports,
    )  # fmt: skip


def read_node(o: KubeObject, lease_ns: int | None) -> Node:
    spec = mapping(o.body.get("spec"))
    allocatable = mapping(at(o.body, "status", "allocatable")) or mapping(at(o.body, "status", "capacity"))
    shown = described(o.body).partition("Allocated resources")[2]
    # the kubelet registers every node with this label; a listing that lost it must not make hostname pins unmatchable
    labels = {"kubernetes.io/hostname": o.name, **strings(at(o.body, "metadata", "labels"))}
    return Node(
        name=o.name, labels=labels, cordoned=spec.get("unschedulable") is True,
        taints=tuple(strings(t) for t in items(spec.get("taints"))), conditions=conditions_of(o.body),
        allocatable={name: a for name, value in allocatable.items() if (a := quantity(value)) is not None},
        reserved={m[1]: a for m in _TOTAL.finditer(shown) if (a := quantity(m[2])) is not None}, lease_ns=lease_ns,
    )  # fmt: skip


def read_storage(o: KubeObject) -> Storage:
    spec, claim = spec_of(o.body), o.kind == "PersistentVolumeClaim"
    asked = at(spec, "resources", "requests", "storage") if claim else at(spec, "capacity", "storage")
    holder = mapping(spec.get("claimRef"))
    return Storage(
        namespace=o.namespace, name=o.name, labels=strings(at(o.body, "metadata", "labels")),
        phase=text(at(o.body, "status", "phase")),
        storage_class=text(spec.get("storageClassName")) if isinstance(spec.get("storageClassName"), str) else None,
        modes=frozenset(texts(spec.get("accessModes"))), asked=quantity(asked), selector=mapping(spec.get("selector")),
        bound=text(spec.get("volumeName")),
        bound_to=(text(holder.get("namespace")), text(holder.get("name"))) if holder.get("name") else None,
    )  # fmt: skip


def read_quota(o: KubeObject) -> Quota:
    def amounts(value: Json) -> dict[str, float]:
        return {name: a for name, entry in mapping(value).items() if (a := quantity(entry)) is not None}

    hard = amounts(at(o.body, "status", "hard")) or amounts(at(o.body, "spec", "hard"))
    return Quota(namespace=o.namespace, name=o.name, hard=hard, used=amounts(at(o.body, "status", "used")))


def read_happening(o: KubeObject) -> Happening:
    """core/v1 and events.k8s.io/v1 (regarding, note, series)."""
    body = o.body
    target = mapping(body.get("involvedObject")) or mapping(body.get("regarding"))
    created = time_ns(at(body, "metadata", "creationTimestamp"))
    single = time_ns(body.get("eventTime")) or created
    first = time_ns(body.get("firstTimestamp")) or time_ns(body.get("deprecatedFirstTimestamp")) or single
    last = time_ns(at(body, "series", "lastObservedTime")) or time_ns(body.get("lastTimestamp")) or single
    count = integer(body.get("count")) or integer(at(body, "series", "count")) or 1
    return Happening(
        kind=text(target.get("kind")), namespace=text(target.get("namespace")) or o.namespace,
        name=text(target.get("name")), reason=text(body.get("reason")),
        message=text(body.get("message")) or text(body.get("note")), count=max(1, count), first_ns=first, last_ns=last,
        normal=text(body.get("type")) != "Warning", ref=f"Event/{o.namespace}/{o.name}",
    )  # fmt: skip
