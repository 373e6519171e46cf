"""Declared against existing: what a cluster's objects say is missing, contradictory or failing, and why.

Pure functions over `ObjectTable.kubernetes` (and active probes). One concern a module; every rule states a
contradiction between two objects that people wrote or the cluster reported, none knows a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compass.analysis.kubernetes import (
    addresses,
    admission,
    containers,
    images,
    nodes,
    policies,
    probes,
    routing,
    scheduling,
    volumes,
    workloads,
)  # fmt: skip
from compass.analysis.kubernetes.cluster import read_cluster
from compass.analysis.kubernetes.ends import End, bad_ends
from compass.analysis.kubernetes.finding import HINT, HOST, SYMPTOM, Finding, Report, strongest
from compass.analysis.kubernetes.view import View, build, namespace_entity, node_entity, pod_entity, volume_entity
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency
from compass.domain.observation import Quality
from compass.tables.objects import KubeObject, Probe

CHECKS = (
    nodes.check, workloads.check, admission.check, scheduling.check, volumes.check, images.check, containers.check,
    probes.check, routing.check, addresses.check, policies.check,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """`findings` by falling strength; `normal` are (sign, entity) that were checked and found in order; `ends` the
    containers that ended with an error."""

    findings: tuple[Finding, ...]
    normal: tuple[tuple[str, EntityRef], ...]
    kinds: frozenset[str]
    ends: tuple[End, ...] = ()


def analyse(objects: Sequence[KubeObject], checks: Sequence[Probe] = (), now_ns: int | None = None) -> Analysis:
    """Reconcile declared with existing state at the end of what may be read (`now_ns`)."""
    view = build(read_cluster(objects, now_ns), checks)
    report = Report()
    for check in CHECKS:
        check(view, report)
    findings = strongest(_subordinate(view, report.findings))
    found = {(f.sign, f.entity) for f in findings}
    normal = sorted(report.checked - found, key=lambda pair: (pair[0], pair[1].key))
    return Analysis(findings=findings, normal=tuple(normal), kinds=view.cluster.kinds, ends=bad_ends(view))


def _subordinate(view: View, findings: Sequence[Finding]) -> list[Finding]:
    """A part of the platform that is down explains its pods: their findings step back behind it."""
    hosts = {f.entity.name for f in findings if f.entity.kind is EntityKind.NODE and f.strength >= HOST - 0.1}
    no_scheduler = any(f.sign == "k8s.scheduler_down" and f.strength >= HOST for f in findings)
    hosted = {
        w.entity for w in view.workloads
        if any(p.live and p.spec.node in hosts and not p.ready for p in w.pods)
    }  # fmt: skip
    result = []
    for f in findings:
        behind = f.entity in hosted and not f.sign.startswith(("k8s.sched", "k8s.quota"))
        if behind or (no_scheduler and f.sign in {"k8s.sched_silent", "k8s.pending"}):
            quality = Quality.INDIRECT if f.quality is Quality.DIRECT else f.quality
            f = replace(f, strength=min(f.strength, SYMPTOM if f.strength >= SYMPTOM else HINT), quality=quality)
        result.append(f)
    return result


def containment(objects: Sequence[KubeObject]) -> tuple[tuple[EntityRef, EntityRef], ...]:
    """(child, parent): pod → service, pod → node, service → namespace. Sorted, each once."""
    view = build(read_cluster(objects))
    pairs = set()
    for w in view.workloads:
        pairs.add((w.entity, namespace_entity(w.namespace)))
        for pod in w.pods:
            pairs.add((pod_entity(pod), w.entity))
            if pod.spec.node:
                pairs.add((pod_entity(pod), node_entity(pod.spec.node)))
    pairs |= {(entity, namespace_entity(namespace)) for (namespace, _), entity in view.services.items()}
    return tuple(sorted(pairs, key=lambda pair: (pair[0].key, pair[1].key)))


def dependencies_from_objects(objects: Sequence[KubeObject]) -> tuple[Dependency, ...]:
    """Who is configured to call whom, from addresses in environment, arguments and ConfigMaps."""
    return addresses.dependencies(build(read_cluster(objects)))


def entities(objects: Sequence[KubeObject]) -> tuple[EntityRef, ...]:
    """Services (workloads), pods, nodes, namespaces and claims that the objects name. Sorted, each once."""
    view = build(read_cluster(objects))
    found = {w.entity for w in view.workloads} | set(view.services.values())
    found |= {pod_entity(pod) for pod in view.cluster.pods} | {node_entity(node.name) for node in view.cluster.nodes}
    found |= {namespace_entity(name) for name in view.cluster.namespaces}
    found |= {volume_entity(c.namespace, c.name) for c in view.cluster.claims}
    return tuple(sorted(found, key=lambda entity: entity.key))


def service_entities(objects: Sequence[KubeObject]) -> dict[tuple[str, str], EntityRef]:
    """(namespace, name) → entity, for every Service and every workload: what a name in the cluster refers to."""
    view = build(read_cluster(objects))
    return {**{(w.namespace, w.name): w.entity for w in view.workloads}, **view.services}


__all__ = ["Analysis", "Finding", "analyse", "containment", "dependencies_from_objects", "entities", "service_entities"]
