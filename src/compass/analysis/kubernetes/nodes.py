"""Nodes and control plane: conditions, leases, cordons, and components by their pods and active checks."""

from __future__ import annotations

import re

from compass.analysis.kubernetes.finding import (
    CAUSE,
    HINT,
    HOST,
    LIKELY,
    ODDITY,
    SYMPTOM,
    Finding,
    Report,
    instant,
    quote,
)
from compass.analysis.kubernetes.model import Node
from compass.analysis.kubernetes.view import View, Workload, node_entity
from compass.domain.entity import EntityRef
from compass.domain.observation import Quality
from compass.domain.time import NS_PER_S

LEASE_STALE_NS = 40 * NS_PER_S  # node-monitor-grace-period of the controller manager (default 40 s; 50 s since 1.32)
PRESSURE = ("MemoryPressure", "DiskPressure", "PIDPressure")
# Names of Kubernetes' own components, as their units and pods are called by the project and its installers
COMPONENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("k8s.kubelet_down", re.compile(r"(^|[-.])kubelet($|[-.@])")),
    ("k8s.runtime_down", re.compile(r"^(containerd|cri-?o|cri-dockerd|docker)(\.service)?$")),
    ("k8s.proxy_down", re.compile(r"^kube-proxy")),
    ("k8s.scheduler_down", re.compile(r"^(kube-scheduler|.*-kube-scheduler)")),
    ("k8s.controller_down", re.compile(r"^(kube-controller-manager|cloud-controller-manager)")),
    ("k8s.dns_down", re.compile(r"^(coredns|kube-dns|core-dns)")),
)
SYSTEM = "kube-system"
_RUNTIME = re.compile(
    r"container runtime (is down|network not ready|status check)|runtime not ready|PLEG is not healthy", re.IGNORECASE
)


def component(name: str) -> str | None:
    """The `k8s.*_down` sign of a unit or system workload, or None when it is none of Kubernetes' components."""
    return next((sign for sign, pattern in COMPONENTS if pattern.search(name)), None)


def check(view: View, report: Report) -> None:
    for node in view.cluster.nodes:
        entity = node_entity(node.name)
        if node.ready is not None:
            report.check("k8s.node_not_ready", entity)
            report.check("k8s.node_pressure", entity)
        report.check("k8s.node_cordoned", entity)
        _ready(view, node, report)
        _pressure(node, report)
        _cordon(view, node, report)
    _components(view, report)
    _units(view, report)


def _hosted(view: View, node: Node) -> list[str]:
    return sorted(
        {w.name for w in view.workloads for p in w.pods if p.live and p.spec.node == node.name and not p.ready}
    )


def _ready(view: View, node: Node, report: Report) -> None:
    ready, now = node.ready, view.cluster.now_ns
    entity, objects = node_entity(node.name), (f"Node//{node.name}",)
    if ready is not None and ready.status is not True:
        hurt = _hosted(view, node)
        also = f"; pods there not ready: {', '.join(hurt[:8])}" if hurt else ""
        message = ready.message or ready.reason
        since = instant(ready.since_ns)
        report.add(Finding(sign="k8s.node_not_ready", entity=entity, strength=HOST - 0.02, since=since, objects=objects,
                           text=f"node {node.name} is not ready: “{quote(message)}”{also}"))  # fmt: skip
        if _RUNTIME.search(message):
            report.add(Finding(sign="k8s.runtime_down", entity=entity, strength=CAUSE, since=since,
                               text=f"node {node.name}: “{quote(message)}”", objects=objects))  # fmt: skip
        elif "stopped posting" in message.lower():
            report.add(Finding(sign="k8s.kubelet_down", entity=entity, strength=LIKELY, since=since,
                               text=f"node {node.name}: “{quote(message)}”", objects=objects,
                               quality=Quality.INDIRECT))  # fmt: skip
    elif node.lease_ns is not None and now is not None and now - node.lease_ns > LEASE_STALE_NS:
        others = [n.lease_ns for n in view.cluster.nodes if n.lease_ns is not None and n.name != node.name]
        if others and max(others) - node.lease_ns > LEASE_STALE_NS:  # not just an old listing
            report.add(Finding(
                sign="k8s.node_not_ready", entity=entity, strength=SYMPTOM, since=instant(node.lease_ns),
                objects=objects,
                text=f"node {node.name} has not renewed its lease for {(max(others) - node.lease_ns) // NS_PER_S} s "
                     "while others have", quality=Quality.CORROBORATED,
            ))  # fmt: skip


def _pressure(node: Node, report: Report) -> None:
    for c in node.conditions:
        if c.kind in PRESSURE and c.status is True:
            report.add(Finding(
                sign="k8s.node_pressure", entity=node_entity(node.name), strength=LIKELY, since=instant(c.since_ns),
                text=f"node {node.name} reports {c.kind}: “{quote(c.message)}”", objects=(f"Node//{node.name}",),
            ))  # fmt: skip


def _cordon(view: View, node: Node, report: Report) -> None:
    if node.cordoned:
        waits = any(p.phase == "Pending" and not p.spec.node for p in view.cluster.pods if p.live)
        report.add(Finding(
            sign="k8s.node_cordoned", entity=node_entity(node.name), strength=HINT - 0.1 if waits else ODDITY,
            text=f"node {node.name} is cordoned: no new pods are placed on it", objects=(f"Node//{node.name}",),
            quality=Quality.CIRCUMSTANTIAL,
        ))  # fmt: skip


def _components(view: View, report: Report) -> None:
    """System workloads of which no pod is ready."""
    for w in view.workloads:
        sign = component(w.name) if w.namespace == SYSTEM else None
        if sign is None or not w.known or not w.wanted:
            continue
        hosts = sorted({p.spec.node for p in w.pods if p.spec.node})
        if sign == "k8s.proxy_down":
            for pod in w.pods:
                if pod.live and pod.ready is False and pod.spec.node and not view.fresh(pod.created_ns):
                    _component_down(sign, w, node_entity(pod.spec.node), LIKELY, report)
        elif w.unready >= w.wanted:
            single = len(hosts) == 1 and sign != "k8s.dns_down"
            _component_down(sign, w, node_entity(hosts[0]) if single else w.entity, HOST, report)
        else:
            report.check(sign, w.entity)


def _component_down(sign: str, w: Workload, entity: EntityRef, strength: float, report: Report) -> None:
    report.add(Finding(sign=sign, entity=entity, strength=strength, objects=(w.ref,),
                       text=f"{w.name} has {w.wanted} wanted pods and {w.unready} of them are not ready"))  # fmt: skip


def _units(view: View, report: Report) -> None:
    """Failed system units, from active checks `<unit>@<node>`."""
    latest = {p.target: p for p in sorted(view.probes, key=lambda p: (p.at_ns, not p.ok)) if p.kind == "systemd_unit"}
    for target, probe in sorted(latest.items()):
        unit, _, host = target.partition("@")
        sign = component(unit)
        if not host or sign is None:
            continue
        entity = node_entity(host)
        report.check(sign, entity)
        if not probe.ok:
            report.add(Finding(
                sign=sign, entity=entity, strength=HOST, since=None, objects=(f"Unit//{target}",),
                text=f"unit {unit} on node {host} is not running: “{quote(_status(probe.output), 160)}”",
            ))  # fmt: skip


def _status(output: str) -> str:
    """The line of `systemctl status` that says the state; else the beginning."""
    line = next((line.strip() for line in output[:5000].splitlines() if line.strip().startswith("Active:")), "")
    return line or output[:300]
