"""A system of fifty services with two pods each, as a Kubernetes stack with OpenTelemetry would show it for an hour.

Every pod has histograms of its requests by route and status, of its calls by peer, what cAdvisor and a runtime report,
logs and traces. In the last quarter of the hour one service in the middle answers six times as slowly.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from compass.domain.incident import Incident
from compass.domain.time import NS_PER_S, Window
from compass.sources.live.gathered import Gathered, Logs, Metrics, Span, Spans
from compass.sources.live.got import Got
from compass.sources.live.window import write_recording

SERVICES, PODS, ROUTES = 50, 2, 5
SECONDS, STEP_S, ONSET_S = 3600, 15, 2700
SLOW = 23
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
PLAIN = (
    ("container_memory_working_set_bytes", 2e8, False), ("container_cpu_usage_seconds_total", 0.4, True),
    ("container_cpu_cfs_throttled_seconds_total", 0.01, True), ("container_network_receive_bytes_total", 2e5, True),
    ("container_network_transmit_bytes_total", 3e5, True), ("process_open_fds", 60.0, False),
    ("process_resident_memory_bytes", 1.5e8, False), ("go_goroutines", 80.0, False),
    ("go_gc_duration_seconds_sum", 0.001, True), ("db_client_connection_count", 6.0, False),
    ("db_client_connection_max", 20.0, False), ("kube_pod_container_status_restarts_total", 0.0, False),
)  # fmt: skip
Row = tuple[str, dict[str, str], np.ndarray]


def name_of(service: int) -> str:
    return f"service-{service:02d}"


def callees(service: int) -> tuple[int, ...]:
    """A tree with three branches at every place: the front is number 0."""
    return tuple(n for n in range(3 * service + 1, 3 * service + 4) if n < SERVICES)


def write(path: Path, start_ns: int, *, lines: int = 300_000, traces: int = 3_000, seed: int = 1) -> Path:
    """A recording of the hour from `start_ns` on. The same for the same arguments."""
    rng = np.random.default_rng(seed)
    window = Window(start_ns=start_ns, end_ns=start_ns + SECONDS * NS_PER_S)
    incident = Incident(
        title="the front is slow", window=window, detected_ns=start_ns + (ONSET_S + 300) * NS_PER_S,
        now_ns=window.end_ns, service=name_of(0), symptom="p99 up", origin=path.name,
    )  # fmt: skip
    got = {
        "metrics": Got(gathered=(Gathered(data=_metrics(rng, start_ns)),)),
        "logs": Got(gathered=(Gathered(data=_logs(rng, start_ns, lines)),)),
        "traces": Got(gathered=(Gathered(data=_traces(rng, start_ns, traces)),)),
    }
    write_recording(path, incident, got, origin="generated")
    return path


def _metrics(rng: np.random.Generator, start_ns: int) -> Metrics:
    steps = SECONDS // STEP_S
    at = start_ns + STEP_S * NS_PER_S * np.arange(steps, dtype=np.int64)
    late = at >= start_ns + ONSET_S * NS_PER_S
    rows = [row for service in range(SERVICES) for pod in range(PODS) for row in _pod(rng, service, pod, late)]
    return Metrics(
        names=[name for name, _, _ in rows], labels=[labels for _, labels, _ in rows],
        series=np.repeat(np.arange(len(rows), dtype=np.int64), steps), time_ns=np.tile(at, len(rows)),
        value=np.concatenate([values for _, _, values in rows]),
    )  # fmt: skip


def _pod(rng: np.random.Generator, service: int, pod: int, late: np.ndarray) -> Iterator[Row]:
    name = name_of(service)
    labels = {"namespace": "shop", "pod": f"{name}-7d9f4b6c5-{'bcdfg'[pod]}x2k{pod + 4}", "service_name": name}
    own = {**labels, "job": "shop", "instance": f"10.0.{service}.{pod + 2}:8080"}
    for route in range(ROUTES):
        for status, share in (("200", 1.0), ("500", 0.002)):
            more = {"http_route": f"/r{route}", "http_response_status_code": status}
            yield from _histogram(rng, "http_server_request_duration_seconds", {**own, **more},
                                  4.0 * share / ROUTES * 5, _median_s(service, late))  # fmt: skip
    for peer in callees(service):
        more = {"server_address": name_of(peer), "http_response_status_code": "200"}
        yield from _histogram(
            rng, "http_client_request_duration_seconds", {**own, **more}, 3.0, _median_s(peer, late) * 1.1
        )
    for metric, usual, grows in PLAIN:
        noise = usual * rng.normal(1.0, 0.03, late.size)
        yield metric, {**labels, "container": name}, np.cumsum(np.abs(noise) * STEP_S) if grows else noise


def _median_s(service: int, late: np.ndarray) -> np.ndarray:
    """Time to answer: a service is as slow as what it waits for."""
    own = np.where(late, 0.12, 0.02) if service == SLOW else np.full(late.size, 0.02)
    return own + sum((_median_s(peer, late) for peer in callees(service)), np.zeros(late.size))


def _histogram(
    rng: np.random.Generator, name: str, labels: dict[str, str], rate: float, median_s: np.ndarray
) -> Iterator[Row]:
    count = rng.poisson(rate * STEP_S, median_s.size)
    below = [1.0 / (1.0 + (median_s / bound) ** 3) for bound in BOUNDS]  # log-logistic
    for bound, share in zip((*BOUNDS, float("inf")), [*below, np.ones(median_s.size)], strict=True):
        yield (
            f"{name}_bucket",
            {**labels, "le": "+Inf" if np.isinf(bound) else f"{bound:g}"},
            np.cumsum(np.round(count * share)),
        )
    yield f"{name}_count", labels, np.cumsum(count).astype(float)
    yield f"{name}_sum", labels, np.cumsum(count * median_s * 1.2)


def _logs(rng: np.random.Generator, start_ns: int, lines: int) -> Logs:
    labels = [
        {"service_name": name_of(service), "namespace": "shop", "pod": f"{name_of(service)}-{pod}"}
        for service in range(SERVICES) for pod in range(PODS)
    ]  # fmt: skip
    at = np.sort(rng.integers(start_ns, start_ns + SECONDS * NS_PER_S, lines))
    stream = rng.integers(0, len(labels), lines)
    route, ms = rng.integers(0, 40, lines), rng.gamma(2.0, 20.0, lines)
    bad = rng.random(lines) < 0.002
    text = [
        f"level=error msg=\"upstream timeout after {m:.0f} ms\" route=/r{r}" if b else
        f"level=info msg=\"request served\" route=/r{r} status=200 duration_ms={m:.1f} bytes={int(m * 173)}"
        for r, m, b in zip(route, ms, bad, strict=True)
    ]  # fmt: skip
    nothing = [""] * lines
    return Logs(labels=labels, stream=stream, time_ns=at, line=text, trace_id=nothing, span_id=nothing)


def _traces(rng: np.random.Generator, start_ns: int, traces: int) -> Spans:
    spans: list[Span] = []
    for number in range(traces):
        begin = int(rng.integers(start_ns, start_ns + (SECONDS - 5) * NS_PER_S))
        late = np.array([begin >= start_ns + ONSET_S * NS_PER_S])
        path, service = [0], 0
        while callees(service):
            service = int(rng.choice(callees(service)))
            path.append(service)
        parent, trace = "", f"{rng.integers(1, 2**62):032x}"
        for depth, service in enumerate(path):
            took = round(float(_median_s(service, late)[0]) * NS_PER_S * float(rng.lognormal(0.0, 0.1)))
            kind = "server"
            spans.append(
                Span(
                    trace_id=trace, span_id=f"{number + 1:08x}{depth:08x}", parent_span_id=parent,
                    service=name_of(service),
                    name=f"GET /r{depth}", kind=kind, start_ns=begin + depth * 1_000_000, duration_ns=took,
                    status="unset", resource={"service.name": name_of(service)},
                    attributes={"http.route": f"/r{depth}"},
                )
            )  # fmt: skip
            parent = spans[-1].span_id
    return Spans(spans=spans)
