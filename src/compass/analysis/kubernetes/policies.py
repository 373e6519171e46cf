"""Network policies against the calls that configuration declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compass.analysis.kubernetes.addresses import dependencies
from compass.analysis.kubernetes.finding import LIKELY, Finding, Report
from compass.analysis.kubernetes.labels import selects
from compass.analysis.kubernetes.read import at, items, mapping, spec_of, texts
from compass.analysis.kubernetes.view import View, Workload
from compass.domain.observation import Quality
from compass.tables.objects import Json, KubeObject


def check(view: View, report: Report) -> None:
    """k8s.network_policy where every policy that selects the callee's (caller's) pods leaves the other end out.

    Peers given by ipBlock or by namespace labels that were not listed count as allowed: absence is not evidence.
    """
    if not view.cluster.policies:
        return
    by_entity = {w.entity: w for w in view.workloads}
    for d in dependencies(view):
        caller, callee = by_entity.get(d.caller), by_entity.get(d.callee)
        if caller is None or callee is None:
            continue
        report.check("k8s.network_policy", callee.entity)
        for target, other, direction in ((callee, caller, "Ingress"), (caller, callee, "Egress")):
            policies = [p for p in view.cluster.policies if _governs(p, target, direction)]
            if policies and not any(_allows(p, other, target.namespace, direction) for p in policies):
                names = ", ".join(p.name for p in policies[:5])
                report.add(Finding(
                    sign="k8s.network_policy", entity=target.entity, peer=other.entity, strength=LIKELY,
                    text=f"{d.caller.name} is configured to call {d.callee.name}, and no {direction.lower()} rule of "
                         f"the policies on {target.name} ({names}) allows it", quality=Quality.CORROBORATED,
                    objects=tuple(f"NetworkPolicy/{p.namespace}/{p.name}" for p in policies[:5]),
                ))  # fmt: skip


def _governs(policy: KubeObject, w: Workload, direction: str) -> bool:
    spec = spec_of(policy.body)
    if policy.namespace != w.namespace or not spec:
        return False
    kinds = texts(spec.get("policyTypes")) or (("Ingress", "Egress") if "egress" in spec else ("Ingress",))
    return direction in kinds and selects(mapping(spec.get("podSelector")), w.template_labels)


def _allows(policy: KubeObject, other: Workload, namespace: str, direction: str) -> bool:
    rules: Sequence[Mapping[str, Json]] = items(spec_of(policy.body).get(direction.lower()))
    return any(_rule_allows(rule, other, namespace, "from" if direction == "Ingress" else "to") for rule in rules)


def _rule_allows(rule: Mapping[str, Json], other: Workload, namespace: str, side: str) -> bool:
    peers = items(rule.get(side))
    if not peers:
        return True
    for peer in peers:
        if "ipBlock" in peer:
            return True
        if "namespaceSelector" in peer:
            labels = {"kubernetes.io/metadata.name": other.namespace}
            chosen = mapping(peer.get("namespaceSelector"))
            inside = selects(chosen, labels) or "kubernetes.io/metadata.name" not in str(
                at(dict(chosen), "matchLabels")
            )
        else:
            inside = other.namespace == namespace
        if inside and selects(mapping(peer.get("podSelector")), other.template_labels):
            return True
    return False
