"""The cluster seen as the services people page on: which pods belong to what, and what is missing right now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from compass.analysis.kubernetes.labels import equal, selects
from compass.analysis.kubernetes.model import Cluster, Controller, Happening, Node, Pod, Service
from compass.analysis.kubernetes.podspec import PodSpec, read_pod_spec
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.time import NS_PER_S
from compass.tables.objects import Probe

# Suffixes that controllers give: five characters of the API machinery's vowel-free alphabet, before it a template hash
_GENERATED = re.compile(r"^(.+?)(?:-[bcdf-hj-np-tv-xz2456789]{6,10})?-[bcdf-hj-np-tv-xz2456789]{5}$")
START_GRACE_NS = 20 * NS_PER_S  # a pod younger than this may simply be starting
RECENT_NS = 1800 * NS_PER_S  # what happened more than half an hour ago is history, not this incident
_MAKERS = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A controller with its pods, or pods of no controller. `missing` pods do not exist, `unready` do not serve."""

    kind: str
    namespace: str
    name: str
    entity: EntityRef
    spec: PodSpec
    template_labels: dict[str, str]
    pods: tuple[Pod, ...]
    sets: tuple[str, ...]  # names of its ReplicaSets
    wanted: int | None
    missing: int
    unready: int
    known: bool  # the counts rest on pods or on a status
    created_ns: int | None = None

    @property
    def impaired(self) -> bool:
        return self.missing > 0 or self.unready > 0

    @property
    def ref(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    cluster: Cluster
    workloads: tuple[Workload, ...]
    services: dict[tuple[str, str], EntityRef]  # (namespace, Service) → the entity it is
    events: dict[tuple[str, str, str], tuple[Happening, ...]]  # by (kind, namespace, name)
    nodes: dict[str, Node]
    down: dict[str, str]  # node → why it is not usable
    probes: tuple[Probe, ...] = ()
    here: dict[str, tuple[Workload, ...]] = field(default_factory=dict)  # by namespace
    labelled: dict[tuple[str, str, str], tuple[Workload, ...]] = field(default_factory=dict)  # (namespace, key, value)
    selected: dict[tuple[str, str, str], tuple[Service, ...]] = field(default_factory=dict)  # by first selector pair

    def said(self, kind: str, namespace: str, name: str) -> tuple[Happening, ...]:
        return self.events.get((kind, namespace, name), ())

    def pod_said(self, pod: Pod) -> tuple[Happening, ...]:
        return self.said("Pod", pod.namespace, pod.name)

    def fresh(self, created_ns: int | None) -> bool:
        """Too young to judge."""
        now = self.cluster.now_ns
        return created_ns is not None and now is not None and now - created_ns < START_GRACE_NS

    def recent(self, ns: int | None) -> bool:
        """Of this incident, as far as a time can say it; what has no time counts."""
        now = self.cluster.now_ns
        return ns is None or now is None or now - ns < RECENT_NS

    def selecting(self, workload: Workload) -> tuple[Service, ...]:
        """Services whose selector the workload's pods carry."""
        labels = workload.template_labels
        found = [s for key in sorted(labels) for s in self.selected.get((workload.namespace, key, labels[key]), ())]
        return tuple(s for s in found if equal(s.selector, labels))

    def carrying(self, namespace: str, selector: Mapping[str, str]) -> tuple[Workload, ...]:
        """Workloads whose pods carry every label of a selector; none for an empty one."""
        if not selector:
            return ()
        groups = [self.labelled.get((namespace, key, value), ()) for key, value in selector.items()]
        return tuple(w for w in min(groups, key=len) if equal(selector, w.template_labels))


def service_entity(namespace: str, name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.SERVICE, namespace=namespace, name=name)


def node_entity(name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.NODE, name=name)


def namespace_entity(name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.NAMESPACE, name=name)


def pod_entity(pod: Pod) -> EntityRef:
    return EntityRef(kind=EntityKind.POD, namespace=pod.namespace, name=pod.name)


def volume_entity(namespace: str, name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.VOLUME, namespace=namespace, name=name)


def build(cluster: Cluster, probes: Sequence[Probe] = ()) -> View:
    """Group pods under workloads, Services with workloads, events with objects."""
    workloads = _workloads(cluster)
    events: dict[tuple[str, str, str], list[Happening]] = {}
    for h in cluster.happenings:
        events.setdefault((h.kind, h.namespace, h.name), []).append(h)
    ordered = tuple(sorted(probes, key=lambda p: (p.kind, p.target, p.at_ns)))
    here: dict[str, list[Workload]] = {}
    labelled: dict[tuple[str, str, str], list[Workload]] = {}
    for w in workloads:
        here.setdefault(w.namespace, []).append(w)
        for key, value in w.template_labels.items():
            labelled.setdefault((w.namespace, key, value), []).append(w)
    selected: dict[tuple[str, str, str], list[Service]] = {}
    for s in cluster.services:
        if s.selector:
            selected.setdefault((s.namespace, *min(s.selector.items())), []).append(s)
    view = View(
        cluster=cluster,
        workloads=workloads,
        services={},
        events={key: tuple(found) for key, found in events.items()},
        nodes={node.name: node for node in cluster.nodes},
        down={node.name: why for node in cluster.nodes if (why := _down(node))},
        probes=ordered,
        here={key: tuple(found) for key, found in here.items()},
        labelled={key: tuple(found) for key, found in labelled.items()},
        selected={key: tuple(found) for key, found in selected.items()},
    )
    by_name = {(w.namespace, w.name): w for w in reversed(workloads)}
    return replace(view, services={(s.namespace, s.name): _entity_of(s, view, by_name) for s in cluster.services})


def _down(node: Node) -> str:
    ready = node.ready
    return (ready.message or ready.reason or "not ready") if ready is not None and ready.status is not True else ""


def _entity_of(service: Service, view: View, by_name: Mapping[tuple[str, str], Workload]) -> EntityRef:
    """The workload it selects when that is one; else the one of its own name; else the Service itself."""
    chosen = view.carrying(service.namespace, service.selector)
    if len(chosen) == 1:
        return chosen[0].entity
    same = by_name.get((service.namespace, service.name))
    return same.entity if same else service_entity(service.namespace, service.name)


def _workloads(cluster: Cluster) -> tuple[Workload, ...]:
    makers = [c for c in cluster.controllers if c.kind in _MAKERS]
    sets = [c for c in cluster.controllers if c.kind == "ReplicaSet"]
    by_key = {(c.kind, c.namespace, c.name): c for c in cluster.controllers}
    deployments: dict[str, list[Controller]] = {}
    for c in makers:
        if c.kind == "Deployment":
            deployments.setdefault(c.namespace, []).append(c)
    parents: dict[tuple[str, str], Controller] = {}
    for rs in sets:
        parents[rs.namespace, rs.name] = _parent(rs, deployments, by_key) or rs
    loose = [rs for rs in sets if parents[rs.namespace, rs.name] is rs]
    tops = makers + loose
    here: dict[str, list[Controller]] = {}
    for top in tops:
        here.setdefault(top.namespace, []).append(top)
    owned: dict[tuple[str, str, str], list[Pod]] = {}
    orphans: dict[tuple[str, str], list[Pod]] = {}
    for pod in cluster.pods:
        chosen = _controller_of(pod, by_key, parents, here.get(pod.namespace, []))
        if chosen is not None:
            owned.setdefault((chosen.kind, chosen.namespace, chosen.name), []).append(pod)
        else:
            orphans.setdefault((pod.namespace, _base_name(pod)), []).append(pod)
    listed = "Pod" in cluster.kinds
    of_top: dict[tuple[str, str, str], list[Controller]] = {}
    for rs in sets:
        top = parents[rs.namespace, rs.name]
        of_top.setdefault((top.kind, top.namespace, top.name), []).append(rs)
    keys = [(c.kind, c.namespace, c.name) for c in tops]
    made = [_workload(c, owned.get(k, []), of_top.get(k, []), listed=listed) for c, k in zip(tops, keys, strict=True)]
    made += [_bare(namespace, name, pods) for (namespace, name), pods in orphans.items()]
    return tuple(sorted(made, key=lambda w: (w.namespace, w.name, w.kind)))


def _parent(
    rs: Controller, deployments: Mapping[str, Sequence[Controller]], by_key: Mapping[tuple[str, str, str], Controller]
) -> Controller | None:
    if rs.owner is not None:
        return by_key.get(("Deployment", rs.namespace, rs.owner[1])) if rs.owner[0] == "Deployment" else None
    named = by_key.get(("Deployment", rs.namespace, rs.name.rpartition("-")[0]))
    labels = rs.template_labels or rs.labels
    here = deployments.get(rs.namespace, ())
    return named or next((c for c in here if c.selector and labels and selects(c.selector, labels)), None)


def _controller_of(
    pod: Pod,
    by_key: dict[tuple[str, str, str], Controller],
    parents: dict[tuple[str, str], Controller],
    here: Sequence[Controller],
) -> Controller | None:
    if pod.owner is not None:
        kind, name = pod.owner
        if kind == "ReplicaSet" and (pod.namespace, name) in parents:
            return parents[pod.namespace, name]
        if (kind, pod.namespace, name) in by_key:
            return by_key[kind, pod.namespace, name]
    selected = [c for c in here if c.selector and pod.labels and selects(c.selector, pod.labels)]
    named = [c for c in selected if pod.name.startswith(c.name + "-")]
    found = named or selected
    return found[0] if found else None


def _base_name(pod: Pod) -> str:
    if pod.owner is not None and pod.owner[1]:
        kind, name = pod.owner
        return name.rpartition("-")[0] if kind == "ReplicaSet" and "-" in name else name
    match = _GENERATED.match(pod.name)
    return match[1] if match else pod.name


def _workload(c: Controller, pods: Sequence[Pod], sets: Sequence[Controller], *, listed: bool) -> Workload:
    live = [pod for pod in pods if pod.live]
    wanted = c.wanted
    missing = unready = 0
    known = False
    if wanted is not None:
        if listed:
            missing = max(0, wanted - len(live))
            for rs in sets:  # a rollout whose new pods cannot be made keeps its old ones
                mine = [p for p in live if p.owner == ("ReplicaSet", rs.name) or p.name.startswith(rs.name + "-")]
                missing = max(missing, (rs.wanted or 0) - len(mine))
        ready = [pod.ready for pod in live]
        if c.available is not None:
            known = True
            unready = max(0, wanted - c.available)
        if listed and (live or wanted == 0) and None not in ready:
            known = True
            unready = max(unready, ready.count(False))
        known = known or (listed and missing > 0)
        unready = max(unready, missing)
    # a ReplicaSet of something that was not listed (another kind of rollout) goes by its owner's name
    name = c.owner[1] if c.kind == "ReplicaSet" and c.owner and c.owner[1] else c.name
    names = tuple(sorted(rs.name for rs in sets)) + ((c.name,) if c.kind == "ReplicaSet" else ())
    return Workload(
        kind=c.kind, namespace=c.namespace, name=name, entity=service_entity(c.namespace, name), spec=c.spec,
        template_labels=dict(c.template_labels), pods=tuple(pods), sets=names, wanted=wanted, missing=missing,
        unready=unready, known=known, created_ns=c.created_ns,
    )  # fmt: skip


def _bare(namespace: str, name: str, pods: Sequence[Pod]) -> Workload:
    live = [pod for pod in pods if pod.live]
    spec = live[0].spec if live else read_pod_spec({})
    states = [pod.ready for pod in live]
    return Workload(
        kind="Pod", namespace=namespace, name=name, entity=service_entity(namespace, name), spec=spec,
        template_labels=dict(live[0].labels) if live else {}, pods=tuple(pods), sets=(), wanted=len(live), missing=0,
        unready=states.count(False), known=bool(live) and None not in states,
    )  # fmt: skip
