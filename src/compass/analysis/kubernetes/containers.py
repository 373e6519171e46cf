"""Containers that crash, are killed for memory, restart; side containers; configuration they cannot get."""

from __future__ import annotations

from compass.analysis.kubernetes.finding import CAUSE, HINT, LIKELY, ODDITY, SYMPTOM, Finding, Report, instant, quote
from compass.analysis.kubernetes.model import ContainerState, Pod
from compass.analysis.kubernetes.podspec import Reference
from compass.analysis.kubernetes.view import View, Workload, node_entity
from compass.domain.observation import Quality

OOM_TEXT = ("oom-killed", "oomkilled", "out of memory")
STARTING = frozenset({"ContainerCreating", "PodInitializing"})


def check(view: View, report: Report) -> None:
    for w in view.workloads:
        if not w.pods:
            continue
        for sign in ("k8s.crash_loop", "k8s.oom_killed", "k8s.restarting", "k8s.sidecar"):
            report.check(sign, w.entity)
        for pod in w.pods:
            if pod.live:
                _memory(view, w, pod, report)
                _restarts(view, w, pod, report)
                _sidecar(view, w, pod, report)
        _configuration(view, w, report)


def _memory(view: View, w: Workload, pod: Pod, report: Report) -> None:
    objects = (f"Pod/{pod.namespace}/{pod.name}",)
    for c in pod.containers:
        # Whichever of its endings it was: the one before is as much of this incident as the present one.
        killed = next((e for e in c.endings if e.reason == "OOMKilled" and view.recent(e.at_ns)), None)
        if killed is not None:
            report.add(Finding(
                sign="k8s.oom_killed", entity=w.entity, strength=CAUSE if w.impaired or c.restarts > 1 else LIKELY,
                text=f"container {c.name} of pod {pod.name} was killed for memory ({c.restarts} restarts)",
                since=instant(killed.at_ns), objects=objects,
            ))  # fmt: skip
    for h in view.pod_said(pod):
        if not h.normal and any(words in h.message.lower() for words in OOM_TEXT) and not pod.ready:
            report.add(Finding(sign="k8s.oom_killed", entity=w.entity, strength=CAUSE, since=instant(h.first_ns),
                               text=f"pod {pod.name} is killed for memory: “{quote(h.message)}”",
                               objects=(*objects, h.ref)))  # fmt: skip


def _restarts(view: View, w: Workload, pod: Pod, report: Report) -> None:
    objects = (f"Pod/{pod.namespace}/{pod.name}",)
    backoff = [h for h in view.pod_said(pod) if h.reason == "BackOff" and "restarting" in h.message]
    peer = node_entity(pod.spec.node) if pod.spec.node else None
    for c in pod.containers:
        often = next((h for h in reversed(backoff) if f"container {c.name} " in h.message), None)
        looping = c.waiting == "CrashLoopBackOff" or (
            often is not None and often.count >= 3 and view.recent(often.last_ns) and c.restarts > 0
        )
        last = c.last
        code = f", last exit code {last.exit_code}" if last.exit_code is not None else ""
        if looping:
            since = often.first_ns if often else last.at_ns
            report.add(Finding(
                sign="k8s.crash_loop", entity=w.entity, strength=SYMPTOM + (0.05 if not pod.ready else -0.1),
                text=f"container {c.name} of pod {pod.name} keeps ending and is restarted ({c.restarts} times{code})",
                since=instant(since), objects=objects, peer=peer,
            ))  # fmt: skip
        if c.restarts > 0 and view.recent(last.at_ns) and last.at_ns is not None:
            report.add(Finding(
                sign="k8s.restarting", entity=w.entity, strength=SYMPTOM - 0.1 if c.restarts > 1 else HINT,
                text=f"container {c.name} of pod {pod.name} restarted {c.restarts} times "
                     f"({last.reason or 'ended'}{code})",
                since=instant(last.at_ns), objects=objects, peer=peer,
            ))  # fmt: skip


def _sidecar(view: View, w: Workload, pod: Pod, report: Report) -> None:
    """The container that serves is ready and another is not, so the pod takes no traffic."""
    main = [c for c in pod.containers if not c.init]
    if pod.ready is not False or len(main) < 2 or view.fresh(pod.created_ns):
        return
    targets = {p.target for s in view.selecting(w) for p in s.ports}
    serving = {c.name for c in w.spec.serving or pod.spec.serving for p in c.ports if {p.number, p.name} & targets}
    if not serving and pod.spec.serving:
        serving = {pod.spec.serving[0].name}  # by convention the first container is the application
    healthy = all(c.ready for c in main if c.name in serving)
    broken: list[ContainerState] = [c for c in main if c.name not in serving and c.ready is False]
    if serving and healthy and broken:
        report.add(Finding(
            sign="k8s.sidecar", entity=w.entity, strength=CAUSE,
            text=f"pod {pod.name}: container {broken[0].name} beside the serving one is not ready"
                 + (f" ({broken[0].waiting})" if broken[0].waiting else ""),
            objects=(f"Pod/{pod.namespace}/{pod.name}",), since=instant(pod.created_ns),
        ))  # fmt: skip


def _configuration(view: View, w: Workload, report: Report) -> None:
    """Referenced ConfigMaps and Secrets, and their keys, against those that exist."""
    report.check("k8s.config_missing", w.entity)
    stuck = [pod for pod in w.pods if pod.live and any(
        c.waiting in {"CreateContainerConfigError", *STARTING} for c in pod.containers)]  # fmt: skip
    for ref in w.spec.all_references():
        what = _lacking(view, w, ref)
        if what:
            report.add(Finding(
                sign="k8s.config_missing", entity=w.entity, strength=CAUSE if stuck else ODDITY,
                text=f"{w.name} refers to {what}", since=instant(w.created_ns),
                objects=(w.ref, f"{ref.kind}/{w.namespace}/{ref.name}"),
            ))  # fmt: skip
    for pod in stuck:
        for c in pod.containers:
            if c.waiting == "CreateContainerConfigError":
                said = [h.message for h in view.pod_said(pod) if h.reason == "Failed"]
                message = c.message or (said[-1] if said else c.waiting)
                report.add(Finding(
                    sign="k8s.config_missing", entity=w.entity, strength=LIKELY,
                    text=f"container {c.name} of pod {pod.name} cannot be configured: “{quote(message)}”",
                    objects=(f"Pod/{pod.namespace}/{pod.name}",), since=instant(pod.created_ns),
                    quality=Quality.DIRECT,
                ))  # fmt: skip


def _lacking(view: View, w: Workload, ref: Reference) -> str:
    """What is missing, in words; empty when it is there, optional, or its kind was not listed in the namespace."""
    if ref.optional or ref.kind not in {"ConfigMap", "Secret"}:
        return ""
    if (ref.kind, w.namespace) not in view.cluster.listed:
        return ""
    if (ref.kind, w.namespace, ref.name) not in view.cluster.named:
        return f"{ref.kind} {ref.name}, which does not exist in {w.namespace}"
    keys = view.cluster.named[ref.kind, w.namespace, ref.name]
    if ref.key and keys is not None and ref.key not in keys:
        return f"key {ref.key} of {ref.kind} {ref.name}, which has no such key"
    return ""
