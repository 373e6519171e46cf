"""Health probes against what the containers serve: port first, then protocol, then path, and only then timing.

A probe that fails once or twice while a container starts is normal everywhere; it has to fail repeatedly, and the
pod has to suffer from it.
"""

from __future__ import annotations

import re

from compass.analysis.kubernetes.finding import CAUSE, LIKELY, SYMPTOM, Finding, Report, instant, quote
from compass.analysis.kubernetes.model import Happening, Pod
from compass.analysis.kubernetes.podspec import Container, HealthProbe
from compass.analysis.kubernetes.view import View, Workload
from compass.domain.observation import Quality

REPEATED = 3
# kubelet's default liveness budget is 3 failures of 10 s; killing within a third of that leaves no room to start
IMPATIENT_S = 10.0
_PROTOCOL = re.compile(
    r"malformed http|transport connection broken|server gave http response to https|does not look like a tls"
    r"|error reading server preface|http2: frame|unexpected http|received unexpected content-type|unimplemented"
    r"|connection closed before server preface|parse error",
    re.IGNORECASE,
)
# a readiness probe takes a pod out of traffic; a liveness or startup probe has its container restarted
PORT = {"readiness": "k8s.probe_port", "liveness": "k8s.liveness_port"}
PROTOCOL = {"readiness": "k8s.probe_protocol", "liveness": "k8s.liveness_protocol"}
_STATUS = re.compile(r"statuscode: (\d{3})")


def check(view: View, report: Report) -> None:
    """k8s.probe_port, liveness_port, probe_protocol, liveness_protocol, probe_path, probe_timing, probe_failing."""
    for w in view.workloads:
        if not w.pods:
            continue
        probed = [(c, p) for c in w.spec.serving or w.pods[0].spec.serving for p in c.probes]
        if probed:
            for sign in (*PORT.values(), *PROTOCOL.values(), "k8s.probe_failing"):
                report.check(sign, w.entity)
        for pod in w.pods:
            if pod.live and pod.spec.node not in view.down:
                _pod(view, w, pod, report)


def _pod(view: View, w: Workload, pod: Pod, report: Report) -> None:
    said = [h for h in view.pod_said(pod) if h.reason == "Unhealthy" and view.recent(h.last_ns)]
    for container in pod.spec.serving:
        for probe in container.probes:
            mine = [h for h in said if h.message.lower().startswith(probe.role) and _about(h, probe)]
            failures = sum(h.count for h in mine)
            suffers = pod.ready is False or pod.restarts > 0 or w.unready > 0
            if mine and suffers and (failures >= REPEATED or failures >= probe.failures):
                _judge(w, pod, container, probe, mine, report)


def _about(h: Happening, probe: HealthProbe) -> bool:
    """The message names the probed port, or no port at all (several containers of a pod can have probes)."""
    ports = re.findall(r":(\d{1,5})(?=[/\"\s:]|$)", h.message)
    return not ports or not isinstance(probe.port, int) or str(probe.port) in ports


def _judge(
    w: Workload, pod: Pod, container: Container, probe: HealthProbe, said: list[Happening], report: Report
) -> None:
    message = said[-1].message
    sign, strength, words = _diagnose(pod, container, probe, said)
    count = sum(h.count for h in said)
    report.add(Finding(
        sign=sign, entity=w.entity, strength=strength,
        text=f"{probe.role} probe ({probe.how} on port {probe.port}) of container {container.name} of {w.name} {words}"
             f"; failed {count} times: “{quote(message, 160)}”",
        since=instant(said[0].first_ns), objects=(w.ref, f"Pod/{pod.namespace}/{pod.name}", said[-1].ref),
        quality=Quality.INDIRECT if sign in {"k8s.probe_timing", "k8s.probe_failing"} else Quality.DIRECT,
    ))  # fmt: skip


def _diagnose(pod: Pod, container: Container, probe: HealthProbe, said: list[Happening]) -> tuple[str, float, str]:
    role = "readiness" if probe.role == "readiness" else "liveness"
    declared = [p for c in pod.spec.serving for p in c.ports]
    served: set[int | str] = {v for p in declared for v in (p.number, p.name) if v}
    message = " ".join(h.message for h in said)
    if probe.port is not None and probe.port not in served and (declared or isinstance(probe.port, str)):
        offered = ", ".join(sorted({str(p.number or p.name) for p in declared})) or "none"
        return PORT[role], CAUSE, f"points to a port the pod does not declare (declared: {offered})"
    if _PROTOCOL.search(message):
        return PROTOCOL[role], CAUSE, "speaks another protocol than the container answers in"
    speaking = {p.how for p in container.probes if p.port == probe.port and p.how not in {"tcp", "exec"}} - {probe.how}
    if speaking and probe.how in {"http", "https", "grpc"} and pod.ready is False:
        return (
            PROTOCOL[role],
            LIKELY,
            f"speaks {probe.how} where another probe of the same port speaks {min(speaking)}",
        )
    if status := _STATUS.search(message):
        return (
            "k8s.probe_path",
            CAUSE if status[1] in {"404", "405"} else LIKELY,
            f"is answered with status {status[1]}",
        )
    started = any(p.role == "startup" for p in container.probes)
    if probe.role == "liveness" and not started and probe.patience_s < IMPATIENT_S and pod.restarts > 0:
        budget = f"{probe.patience_s:g} s (delay {probe.delay}, {probe.failures} × {probe.period})"
        words = f"gives a start {budget}, and the container was restarted {pod.restarts} times"
        return "k8s.probe_timing", CAUSE - 0.02, words
    return "k8s.probe_failing", SYMPTOM, "fails although port and protocol match the container"
