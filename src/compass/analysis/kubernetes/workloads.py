"""Is every workload there and serving? Symptoms only: why is for the other rules to say."""

from __future__ import annotations

from compass.analysis.kubernetes.finding import HINT, LIKELY, ODDITY, SYMPTOM, Finding, Report, instant, quote
from compass.analysis.kubernetes.model import Pod
from compass.analysis.kubernetes.view import View, Workload, node_entity, pod_entity
from compass.domain.observation import Quality
from compass.domain.time import NS_PER_S

EVICTION_MEMORY_NS = 3600 * NS_PER_S  # evicted pods stay listed for days


def check(view: View, report: Report) -> None:
    """k8s.unready, replicas_missing, pending, scaled_to_zero, evicted for every workload whose state is known."""
    for w in view.workloads:
        if not w.known:
            continue
        _counts(view, w, report)
        _pending(view, w, report)
        _evicted(view, w, report)
        if w.kind in {"Deployment", "StatefulSet"}:
            _zero(view, w, report)


def on_bad_host(view: View, w: Workload) -> str:
    """The node that is down and hosts the workload's unready pods, or the empty text."""
    hosts = sorted({pod.spec.node for pod in w.pods if pod.live and not pod.ready and pod.spec.node in view.down})
    return hosts[0] if hosts else ""


def _counts(view: View, w: Workload, report: Report) -> None:
    report.check("k8s.unready", w.entity)
    report.check("k8s.replicas_missing", w.entity)
    host = on_bad_host(view, w)
    since = min((c.since_ns for p in w.pods for c in p.conditions if c.kind == "Ready" and c.since_ns), default=None)
    if w.missing:
        report.add(Finding(
            sign="k8s.replicas_missing", entity=w.entity, strength=SYMPTOM + 0.05,
            text=f"{w.kind} {w.name} declares {w.wanted} pods; {w.missing} of them do not exist",
            since=instant(w.created_ns), objects=(w.ref,),
        ))  # fmt: skip
    if w.unready:
        young = all(view.fresh(p.created_ns) for p in w.pods if p.live and not p.ready) and not w.missing and w.pods
        on = f" (on node {host}, which is down)" if host else ""
        report.add(Finding(
            sign="k8s.unready", entity=w.entity, strength=HINT if host or young else SYMPTOM,
            text=f"{w.kind} {w.name} declares {w.wanted} pods; {w.unready} of them are not ready{on}",
            since=instant(since), objects=(w.ref,), peer=node_entity(host) if host else None,
            quality=Quality.WEAK if young else Quality.DIRECT,
        ))  # fmt: skip


def unscheduled(pod: Pod) -> bool:
    """Waits for a node: no node yet, not held back by a gate, and not finished."""
    return pod.live and not pod.spec.node and pod.scheduled is not True and pod.phase == "Pending" and not pod.gated


def _pending(view: View, w: Workload, report: Report) -> None:
    if not w.pods:
        return
    report.check("k8s.pending", w.entity)
    waiting = [pod for pod in w.pods if unscheduled(pod) and not view.fresh(pod.created_ns)]
    if not waiting:
        return
    said = [h for pod in waiting for h in view.pod_said(pod) if h.reason == "FailedScheduling"]
    why = f"; the scheduler: “{quote(said[-1].message)}”" if said else "; no scheduling event"
    report.add(Finding(
        sign="k8s.pending", entity=w.entity, strength=SYMPTOM,
        text=f"{len(waiting)} of {w.name}'s pods have no node{why}",
        since=instant(min((p.created_ns for p in waiting if p.created_ns), default=None)),
        peer=pod_entity(waiting[0]), objects=tuple(f"Pod/{p.namespace}/{p.name}" for p in waiting[:20]),
    ))  # fmt: skip


def _evicted(view: View, w: Workload, report: Report) -> None:
    report.check("k8s.evicted", w.entity)
    now = view.cluster.now_ns
    times = []
    for pod in w.pods:
        said = [h for h in view.pod_said(pod) if h.reason == "Evicted" and h.last_ns is not None]
        times += [(h.last_ns or 0, quote(h.message), pod) for h in said]
        ended = [e.at_ns for c in pod.containers for e in c.endings if e.at_ns] or [pod.created_ns or 0]
        if pod.reason == "Evicted":
            times.append((max(ended), quote(pod.message), pod))
    recent = [entry for entry in times if now is None or now - entry[0] < EVICTION_MEMORY_NS]
    if recent:
        at_ns, message, pod = max(recent, key=lambda entry: (entry[0], entry[2].name))
        report.add(Finding(
            sign="k8s.evicted", entity=w.entity, strength=LIKELY if w.impaired else HINT,
            text=f"pods of {w.name} were evicted: “{message}”", since=instant(at_ns),
            peer=node_entity(pod.spec.node) if pod.spec.node else None, objects=(f"Pod/{pod.namespace}/{pod.name}",),
        ))  # fmt: skip


def _zero(view: View, w: Workload, report: Report) -> None:
    report.check("k8s.scaled_to_zero", w.entity)
    if w.wanted == 0:
        used = view.selecting(w)
        names = ", ".join(s.name for s in used)
        report.add(Finding(
            sign="k8s.scaled_to_zero", entity=w.entity, strength=LIKELY if used else ODDITY,
            text=f"{w.kind} {w.name} declares 0 pods"
                 + (f" although Service {names} sends traffic to it" if used else ""),
            objects=(w.ref, *(f"Service/{s.namespace}/{s.name}" for s in used)),
        ))  # fmt: skip
