"""Why a pending pod has no node: ask which rule stops the nodes that otherwise fit.

The scheduler's own message counts each node under the first rule that failed, so it names the wrong one whenever a
node fails several; it is used only where the declared rules leave a node that should have been taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from compass.analysis.kubernetes.finding import CAUSE, HINT, LIKELY, SYMPTOM, Finding, Report, instant, quote
from compass.analysis.kubernetes.model import Node, Pod
from compass.analysis.kubernetes.placement import CONTROL_PLANE, Fit, Rule, evaluate
from compass.analysis.kubernetes.view import View, Workload, node_entity
from compass.analysis.kubernetes.workloads import unscheduled
from compass.domain.observation import Quality

SIGN = {
    Rule.CORDON: "k8s.sched_cordon", Rule.TAINT: "k8s.sched_taint", Rule.SELECTOR: "k8s.sched_node_selector",
    Rule.AFFINITY: "k8s.sched_affinity", Rule.ANTI_AFFINITY: "k8s.sched_anti_affinity",
    Rule.POD_AFFINITY: "k8s.sched_affinity", Rule.CPU: "k8s.sched_cpu", Rule.MEMORY: "k8s.sched_memory",
    Rule.PORT: "k8s.sched_topology", Rule.SPREAD: "k8s.sched_topology",
}  # fmt: skip
CLAIM: dict[Rule, str] = {
    Rule.CORDON: "is cordoned", Rule.TAINT: "has a taint that the pod does not tolerate",
    Rule.SELECTOR: "does not match the pod's nodeSelector", Rule.AFFINITY: "does not match the pod's node affinity",
    Rule.ANTI_AFFINITY: "is excluded by pod anti-affinity",
    Rule.POD_AFFINITY: "is not near the pods it must be near to",
    Rule.CPU: "has too little CPU left", Rule.MEMORY: "has too little memory left",
    Rule.PORT: "has the host port taken", Rule.SPREAD: "would break the topology spread",
}  # fmt: skip
# The scheduler's own words (kube-scheduler plug-ins), for when the objects do not explain it
SAID: tuple[tuple[str, Rule], ...] = (
    ("Insufficient cpu", Rule.CPU), ("Insufficient memory", Rule.MEMORY), ("anti-affinity", Rule.ANTI_AFFINITY),
    ("untolerated taint", Rule.TAINT), ("node affinity/selector", Rule.AFFINITY), ("topology spread", Rule.SPREAD),
    ("free ports", Rule.PORT), ("pod affinity", Rule.POD_AFFINITY),
)  # fmt: skip
PODS_EXPLAINED = 3  # pods of one template share their rules
NODE_RULES = frozenset({Rule.SELECTOR, Rule.AFFINITY})


def check(view: View, report: Report) -> None:
    """k8s.sched_*: one leading rule a workload with unscheduled pods, and weaker alternatives."""
    for w in view.workloads:
        waiting = [pod for pod in w.pods if unscheduled(pod) and not view.fresh(pod.created_ns)]
        for pod in waiting[:PODS_EXPLAINED]:
            said = [h for h in view.pod_said(pod) if h.reason == "FailedScheduling"]
            if not said and pod.scheduled is None:
                _silent(view, w, pod, report)
            elif not said or not _about_volume(said[-1].message):
                _explain(view, w, pod, said[-1].message if said else "", report)


def _about_volume(message: str) -> bool:
    """The scheduler stops at volumes before it looks at nodes: the claims explain it."""
    return "persistentvolumeclaim" in message.lower()


def _silent(view: View, w: Workload, pod: Pod, report: Report) -> None:
    if "Event" not in view.cluster.kinds:
        return
    report.add(Finding(
        sign="k8s.sched_silent", entity=w.entity, strength=LIKELY,
        text=f"pod {pod.name} waits for a node and the scheduler has said nothing about it",
        since=instant(pod.created_ns), objects=(f"Pod/{pod.namespace}/{pod.name}",), quality=Quality.CORROBORATED,
    ))  # fmt: skip


def _explain(view: View, w: Workload, pod: Pod, message: str, report: Report) -> None:
    fits = evaluate(pod, view.cluster.nodes, view.cluster.pods, view.down)
    ranked = rank(fits)
    quality = Quality.DIRECT
    if not ranked and not (fits and any(Rule.DOWN in f.against for f in fits)):
        ranked, quality = _from_message(message), Quality.INDIRECT
    stopped_by_down = [f for f in fits if f.against == {Rule.DOWN}]
    since = instant(pod.created_ns)
    if stopped_by_down:
        host = stopped_by_down[0].node.name
        report.add(Finding(
            sign="k8s.pending", entity=w.entity, strength=SYMPTOM, peer=node_entity(host), since=since,
            text=f"pod {pod.name} would fit node {host}, which is down", objects=(f"Pod/{pod.namespace}/{pod.name}",),
        ))  # fmt: skip
        ranked = [(rule, nodes) for rule, nodes in ranked if rule not in NODE_RULES]
    for place, (rule, stopped) in enumerate(ranked[:3]):
        if rule not in SIGN:
            continue
        strength = (CAUSE if quality is Quality.DIRECT else LIKELY) if place == 0 else HINT
        detail = stopped[0].details.get(rule, "") if stopped else ""
        names = ", ".join(f.node.name for f in stopped[:5])
        where = f"on {names}: otherwise fitting, but " if stopped else ""
        says = f"; the scheduler: “{quote(message)}”" if message else ""
        report.add(Finding(
            sign=SIGN[rule], entity=w.entity, strength=strength, since=since, quality=quality,
            text=f"pod {pod.name} has no node. {where}each {CLAIM[rule]}" + (f" ({detail})" if detail else "") + says,
            peer=node_entity(stopped[0].node.name) if rule in {Rule.CORDON, Rule.TAINT} and stopped else None,
            objects=(f"Pod/{pod.namespace}/{pod.name}", *(f"Node//{f.node.name}" for f in stopped[:5])),
        ))  # fmt: skip


def rank(fits: Sequence[Fit]) -> list[tuple[Rule, list[Fit]]]:
    """Rules by how well each explains that no node is left, best first; empty when some node fits.

    The pod's own choice of nodes (selector, affinity) says where it was meant to go. If that choice leaves no node in
    service, the choice is wrong; if it leaves some, whatever stops *those* explains it. A control-plane node that is
    cordoned or tainted was never on offer, so a choice that leaves only such nodes leaves none.
    """
    if not fits or any(not f.against for f in fits):
        return []
    offered = [f for f in fits if not _reserved(f)]
    if not offered:
        offered = list(fits)
    chosen = [f for f in offered if not f.against & NODE_RULES]
    pool = chosen or offered
    fewest = min(len(f.against) for f in pool)
    nearest = [f for f in pool if len(f.against) == fewest]
    weights: Counter[Rule] = Counter()
    for f in nearest:
        for rule in f.against:
            weights[rule] += 1
    order = list(Rule)
    rules = sorted(weights, key=lambda rule: (-weights[rule], order.index(rule)))
    if not chosen:  # no node in service matches the pod's own choice: that comes first
        rules = [r for r in rules if r in NODE_RULES] + [r for r in rules if r not in NODE_RULES]
    others = sorted({rule for f in fits for rule in f.against} - set(rules), key=order.index)
    return [(rule, [f for f in nearest if rule in f.against] or [f for f in fits if rule in f.against])
            for rule in [*rules, *others]]  # fmt: skip


def _reserved(fit: Fit) -> bool:
    """A control-plane node kept free of ordinary pods, or a node that is not in service."""
    return bool(fit.against & {Rule.CORDON, Rule.TAINT}) and _control_plane(fit.node)


def _control_plane(node: Node) -> bool:
    """By the well-known role labels (kubeadm's, and the older `kubernetes.io/role`)."""
    return any(label in node.labels for label in CONTROL_PLANE) or node.labels.get("kubernetes.io/role") in {
        "master", "control-plane",
    }  # fmt: skip


def _from_message(message: str) -> list[tuple[Rule, list[Fit]]]:
    counts: Counter[Rule] = Counter()
    for part in message.partition("preemption:")[0].split(","):
        number = re.search(r"(\d{1,6}) (?:node|Insufficient|Too many)", part)
        for words, rule in SAID:
            if words in part:
                counts[rule] += int(number[1]) if number else 1
                break
    return [(rule, []) for rule, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
