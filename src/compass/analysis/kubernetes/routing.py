"""Services against the pods they should reach: selector, target port, protocol."""

from __future__ import annotations

from collections.abc import Sequence

from compass.analysis.kubernetes.finding import CAUSE, HINT, LIKELY, SYMPTOM, Finding, Report
from compass.analysis.kubernetes.labels import equal
from compass.analysis.kubernetes.model import Service, ServicePort
from compass.analysis.kubernetes.podspec import ContainerPort
from compass.analysis.kubernetes.view import View, Workload
from compass.domain.observation import Quality

# appProtocol (KEP-2661) and the port-name convention, as the family a health probe of that port would speak
FAMILY = {
    "http": "http", "kubernetes.io/ws": "http", "https": "https", "kubernetes.io/wss": "https", "tls": "https",
    "grpc": "grpc", "grpc-web": "grpc", "kubernetes.io/h2c": "grpc", "h2c": "grpc", "http2": "grpc",
}  # fmt: skip


def check(view: View, report: Report) -> None:
    """k8s.selector_empty, target_port, service_protocol for every Service with a selector."""
    for service in view.cluster.services:
        if not service.selector or service.kind == "ExternalName":
            continue
        here = view.here.get(service.namespace, ())
        matching = view.carrying(service.namespace, service.selector)
        entity = view.services[service.namespace, service.name]
        if not any(kind in view.cluster.kinds for kind in ("Pod", "Deployment", "StatefulSet", "DaemonSet")):
            continue
        report.check("k8s.selector_empty", entity)
        if not matching and not _pods_match(view, service):
            _empty(service, here, entity_known=any(w.entity == entity for w in here), view=view, report=report)
            continue
        report.check("k8s.target_port", entity)
        report.check("k8s.service_protocol", entity)
        for port in service.ports:
            _port(view, service, port, matching, report)


def _pods_match(view: View, service: Service) -> bool:
    return any(
        p.namespace == service.namespace and p.live and equal(service.selector, p.labels) for p in view.cluster.pods
    )


def probed_down(view: View, service: Service) -> bool | None:
    """Whether an active check of the Service fails; None when nobody checked."""
    names = {f"{service.name}.{service.namespace}", service.name}
    seen = [p for p in view.probes if p.kind in {"tcp_connect", "http"}
            and p.target.partition(":")[0].removesuffix(".cluster.local").removesuffix(".svc") in names]  # fmt: skip
    return None if not seen else any(not p.ok for p in seen)


def _weigh(view: View, service: Service, strength: float) -> float:
    """A contradiction that an active check disproves harms nothing now; one that it shows is worth a little more."""
    down = probed_down(view, service)
    return strength if down is None else min(1.0, strength + 0.03) if down else min(strength, HINT)


def _empty(service: Service, here: Sequence[Workload], *, entity_known: bool, view: View, report: Report) -> None:
    wanted = ", ".join(f"{k}={v}" for k, v in sorted(service.selector.items()))
    near = [w for w in here if any(w.template_labels.get(k) == v for k, v in service.selector.items())]
    same = [w for w in here if w.name == service.name]
    meant = next(iter(same or near), None)
    entity = view.services[service.namespace, service.name]
    if meant is not None and not entity_known and len(near) == 1:
        entity = meant.entity
    carried = ", ".join(f"{k}={v}" for k, v in sorted(meant.template_labels.items())) if meant else ""
    why = f"; pods of {meant.name} carry {carried}" if meant else "; no workload carries any of it"
    report.add(Finding(
        sign="k8s.selector_empty", entity=entity, strength=_weigh(view, service, CAUSE if meant else SYMPTOM),
        text=f"Service {service.name} selects {wanted}, which no pod carries{why}",
        objects=(f"Service/{service.namespace}/{service.name}", *((meant.ref,) if meant else ())),
    ))  # fmt: skip


def _port(view: View, service: Service, port: ServicePort, matching: Sequence[Workload], report: Report) -> None:
    entity = view.services[service.namespace, service.name]
    declared = [(w, p) for w in matching for c in w.spec.serving for p in c.ports]
    if not declared:  # containers need not declare their ports
        return
    hits = [p for _, p in declared if port.target in ({p.number} if isinstance(port.target, int) else {p.name})]
    objects = (f"Service/{service.namespace}/{service.name}", matching[0].ref)
    offered = ", ".join(sorted({_shown(p) for _, p in declared}))
    if not hits:
        named = isinstance(port.target, str)
        report.add(Finding(
            sign="k8s.target_port", entity=entity, strength=_weigh(view, service, CAUSE if named else LIKELY),
            text=f"Service {service.name} sends port {port.number} to target port {port.target}; "
                 f"its pods declare {offered}",
            objects=objects, quality=Quality.DIRECT if named else Quality.CORROBORATED,
        ))  # fmt: skip
        return
    if all(p.protocol != port.protocol for p in hits):
        report.add(Finding(
            sign="k8s.service_protocol", entity=entity, strength=_weigh(view, service, CAUSE),
            text=f"Service {service.name} offers port {port.number} as {port.protocol}; its pods declare {offered}",
            objects=objects,
        ))  # fmt: skip
        return
    family = FAMILY.get(port.app_protocol.lower())
    spoken = {p.how for w in matching for c in w.spec.serving for p in c.probes
              if p.port in {hits[0].number, hits[0].name} and p.how not in {"tcp", "exec"}}  # fmt: skip
    if family and spoken and family not in spoken:
        report.add(Finding(
            sign="k8s.service_protocol", entity=entity, strength=_weigh(view, service, SYMPTOM), objects=objects,
            text=f"Service {service.name} declares {port.app_protocol} on port {port.number}; its pods' probes speak "
                 f"{min(spoken)} there", quality=Quality.INDIRECT,
        ))  # fmt: skip


def _shown(port: ContainerPort) -> str:
    return f"{port.number}/{port.protocol}" + (f" ({port.name})" if port.name else "")
