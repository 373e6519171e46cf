"""Which of a pod's own rules keep it off a node: the scheduler's filters, evaluated from what is declared.

After the filter plug-ins of kube-scheduler (NodeName, NodeUnschedulable, TaintToleration, NodeAffinity,
InterPodAffinity, NodeResourcesFit, NodePorts, PodTopologySpread); inter-pod rules see only the pods that were listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from compass.analysis.kubernetes.labels import equal, expressions, selects
from compass.analysis.kubernetes.model import Node, Pod
from compass.analysis.kubernetes.read import at, integer, items, mapping, text, texts
from compass.tables.objects import Json

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NODE_TAINT = "node.kubernetes.io/"  # set by the node lifecycle controller, never by people
CORDON_TAINT = "node.kubernetes.io/unschedulable"
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


class Rule(StrEnum):
    """Why a node does not take a pod."""

    DOWN = "down"
    CORDON = "cordon"
    TAINT = "taint"
    SELECTOR = "selector"
    AFFINITY = "affinity"
    ANTI_AFFINITY = "anti_affinity"
    POD_AFFINITY = "pod_affinity"
    CPU = "cpu"
    MEMORY = "memory"
    PODS = "pods"
    OTHER_RESOURCE = "other_resource"
    PORT = "port"
    SPREAD = "spread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One node's verdict: the rules that keep the pod off it (none = it fits), with the detail of each."""

    node: Node
    against: frozenset[Rule]
    details: Mapping[Rule, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the other pods are. `repelling`: those whose own anti-affinity is about the pod, with the term and host."""

    nodes: tuple[Node, ...]
    placed: tuple[Pod, ...]
    there: Mapping[str, Sequence[Pod]]
    repelling: tuple[tuple[Pod, Mapping[str, Json], Node], ...]


def evaluate(pod: Pod, nodes: Sequence[Node], pods: Sequence[Pod], down: Mapping[str, str]) -> tuple[Fit, ...]:
    """The verdict of every node for one pending pod."""
    placed = tuple(other for other in pods if other.live and other.spec.node and other is not pod)
    there: dict[str, list[Pod]] = {}
    for other in placed:
        there.setdefault(other.spec.node, []).append(other)
    by_name = {node.name: node for node in nodes}
    apart = ((o, t) for o in placed if o.spec.affinity for t in items(at(o.spec.affinity, "podAntiAffinity", REQUIRED)))
    repelling = tuple((o, t, by_name[o.spec.node]) for o, t in apart
                      if o.spec.node in by_name and _matching(t, o.namespace, [pod]))  # fmt: skip
    layout = Layout(nodes=tuple(nodes), placed=placed, there=there, repelling=repelling)
    return tuple(_fit(pod, node, layout, down) for node in nodes)


def _fit(pod: Pod, node: Node, layout: Layout, down: Mapping[str, str]) -> Fit:
    details: dict[Rule, str] = {}
    if node.name in down:
        details[Rule.DOWN] = down[node.name]
    if node.cordoned and not _tolerates(pod, {"key": CORDON_TAINT, "effect": "NoSchedule"}):
        details[Rule.CORDON] = "cordoned"
    taints = [
        t for t in node.taints if t.get("effect") in {"NoSchedule", "NoExecute"} and not _tolerates(pod, t)
    ]  # fmt: skip
    own = [t for t in taints if not t.get("key", "").startswith(NODE_TAINT)]
    if own:
        details[Rule.TAINT] = ", ".join(f"{t.get('key')}={t.get('value', '')}:{t.get('effect')}" for t in own)
    elif Rule.DOWN not in details and [t for t in taints if t.get("key") != CORDON_TAINT]:
        details[Rule.DOWN] = ", ".join(t.get("key", "") for t in taints)
    if not equal(pod.spec.node_selector, node.labels):
        details[Rule.SELECTOR] = ", ".join(f"{k}={v}" for k, v in sorted(pod.spec.node_selector.items()))
    if not _node_affinity(pod, node):
        details[Rule.AFFINITY] = "required node affinity"
    details.update(_resources(pod, node, layout.there.get(node.name, ())))
    details.update(_pod_terms(pod, node, layout))
    details.update(_spread(pod, node, layout))
    return Fit(node=node, against=frozenset(details), details=details)


def _tolerates(pod: Pod, taint: Mapping[str, str]) -> bool:
    for t in pod.spec.tolerations:
        if t.get("effect", "") not in {"", taint.get("effect", "")}:
            continue
        exists = t.get("operator", "Equal") == "Exists"
        if not t.get("key") and exists:
            return True
        if t.get("key") == taint.get("key") and (exists or t.get("value", "") == taint.get("value", "")):
            return True
    return False


def _node_affinity(pod: Pod, node: Node) -> bool:
    required = at(pod.spec.affinity, "nodeAffinity", REQUIRED)
    if not isinstance(required, dict):
        return True
    return any(
        (items(term.get("matchExpressions")) or items(term.get("matchFields")))
        and expressions(items(term.get("matchExpressions")), node.labels)
        and expressions(items(term.get("matchFields")), {"metadata.name": node.name})
        for term in items(required.get("nodeSelectorTerms"))
    )


def _resources(pod: Pod, node: Node, there: Sequence[Pod]) -> dict[Rule, str]:
    found: dict[Rule, str] = {}
    for resource, asked in pod.spec.requests.items():
        offered = node.allocatable.get(resource)
        if offered is None:
            if asked > 0 and "/" in resource and node.allocatable:  # extended resources exist only where offered
                found[Rule.OTHER_RESOURCE] = f"{resource} is not offered"
            continue
        listed = sum(other.spec.requests.get(resource, 0.0) for other in there)
        free = offered - max(listed, node.reserved.get(resource, 0.0))
        if asked > max(0.0, free):
            rule = {"cpu": Rule.CPU, "memory": Rule.MEMORY}.get(resource, Rule.OTHER_RESOURCE)
            found[rule] = f"asks {amount(resource, asked)} {resource}, {amount(resource, max(0.0, free))} of " \
                          f"{amount(resource, offered)} free"  # fmt: skip
    most = node.allocatable.get("pods")
    if most is not None and len(there) >= most:
        found[Rule.PODS] = f"{len(there)} of {most:g} pods"
    wanted = {p.host_port for c in pod.spec.containers for p in c.ports if p.host_port}
    taken = {p.host_port for other in there for c in other.spec.containers for p in c.ports if p.host_port}
    if wanted & taken:
        found[Rule.PORT] = f"host port {min(wanted & taken)} is taken"
    return found


def amount(resource: str, value: float) -> str:
    """A resource amount for people: cores, or bytes in Mi and Gi."""
    if resource == "cpu":
        return f"{value:g}"
    return f"{value / 2**30:.3g}Gi" if value >= 2**30 else f"{value / 2**20:.3g}Mi" if value >= 2**20 else f"{value:g}"


def _pod_terms(pod: Pod, node: Node, layout: Layout) -> dict[Rule, str]:
    found: dict[Rule, str] = {}
    for term in items(at(pod.spec.affinity, "podAntiAffinity", REQUIRED)):
        hit = _matching(term, pod.namespace, _domain(term, node, layout))
        if hit:
            found[Rule.ANTI_AFFINITY] = f"pod {hit[0].name} is there"
    for other, term, host in layout.repelling:  # the rule holds both ways
        key = text(term.get("topologyKey"))
        if key in node.labels and host.labels.get(key) == node.labels[key]:
            found[Rule.ANTI_AFFINITY] = f"pod {other.name} keeps it away"
    for term in items(at(pod.spec.affinity, "podAffinity", REQUIRED)):
        near = _matching(term, pod.namespace, _domain(term, node, layout))
        first = not _matching(term, pod.namespace, layout.placed) and selects(_selector(term), pod.labels)
        if not near and not first:
            found[Rule.POD_AFFINITY] = "no pod it must be near to"
    return found


def _selector(term: Mapping[str, Json]) -> Mapping[str, Json]:
    return mapping(term.get("labelSelector"))


def _matching(term: Mapping[str, Json], namespace: str, pods: Sequence[Pod]) -> list[Pod]:
    spaces = texts(term.get("namespaces")) or (namespace,)
    return [p for p in pods if p.namespace in spaces and selects(_selector(term), p.labels)]


def _domain(term: Mapping[str, Json], node: Node, layout: Layout) -> list[Pod]:
    """Pods on the nodes that share the node's topology value."""
    key = text(term.get("topologyKey"))
    if key not in node.labels:
        return []
    same = [n.name for n in layout.nodes if n.labels.get(key) == node.labels[key]]
    return [pod for name in same for pod in layout.there.get(name, ())]


def _spread(pod: Pod, node: Node, layout: Layout) -> dict[Rule, str]:
    for term in pod.spec.spread:
        if text(term.get("whenUnsatisfiable")) not in {"", "DoNotSchedule"}:
            continue
        key, skew = text(term.get("topologyKey")), integer(term.get("maxSkew")) or 1
        if key not in node.labels:
            return {Rule.SPREAD: f"the node has no label {key}"}
        counts: dict[str, int] = {}
        for n in layout.nodes:  # only nodes the pod's own node rules admit take part (nodeAffinityPolicy: Honor)
            if key in n.labels and equal(pod.spec.node_selector, n.labels) and _node_affinity(pod, n):
                here = _matching(term, pod.namespace, layout.there.get(n.name, ()))
                counts[n.labels[key]] = counts.get(n.labels[key], 0) + len(here)
        after = counts.get(node.labels[key], 0) + (1 if selects(_selector(term), pod.labels) else 0)
        if counts and after - min(counts.values()) > skew:
            return {Rule.SPREAD: f"would exceed maxSkew {skew} on {key}"}
    return {}
