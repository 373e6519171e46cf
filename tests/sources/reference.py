"""One small system whose every figure is known: what any telemetry source must be able to answer about it.

A web shop of twenty minutes: `web` calls `orders` and `orders` its database `orders-db`. Scrapes every 15 s; at 600 s
the request rate of `orders` doubles, its process restarts (counters begin anew) at 900 s, its pool fills.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.recordings import Line, Series, Span, histogram, sawtooth, write_recording

SECONDS = 1200.0
STEPS = 80  # scrapes at 15, 30, ..., 1200 s would leave the window: the first is at 0 s
WEB = {"service_name": "web", "job": "web", "instance": "web:8080"}
ORDERS = {"service_name": "orders", "job": "orders", "instance": "orders:8080"}
DATABASE = {"service_name": "orders-db", "job": "postgres", "instance": "orders-db:5432"}
POOL = {**ORDERS, "db_client_connection_pool_name": "main"}


def requests() -> list[float]:
    """Requests to `orders` in the 15 s before each scrape: 30, then 60 from 600 s on."""
    return [0.0] + [30.0 if i * 15 <= 600 else 60.0 for i in range(1, STEPS)]


def series() -> list[Series]:
    grown = sawtooth(requests())
    restarted = [v if i < 60 else v - grown[60] for i, v in enumerate(grown)]
    used = [2.0] * 40 + [10.0] * 40
    latency = histogram(
        "http_server_request_duration_seconds",
        {**WEB, "http_response_status_code": "200", "http_route": "/"}, (0.1, 0.2, 0.4),
        [(90.0, 10.0, 0.0, 0.0)] * 40 + [(50.0, 20.0, 20.0, 0.0)] * 40, mean_s=0.05,
    )  # fmt: skip
    failed = histogram(
        "http_server_request_duration_seconds",
        {**WEB, "http_response_status_code": "503", "http_route": "/"}, (0.1, 0.2, 0.4),
        [(0.0, 0.0, 0.0, 0.0)] * 40 + [(0.0, 0.0, 10.0, 0.0)] * 40, mean_s=0.3,
    )  # fmt: skip
    return [
        Series(name="http_requests_total", labels={**ORDERS, "code": "200"}, values=restarted),
        Series(name="process_resident_memory_bytes", labels=ORDERS, values=[1e8 + i for i in range(STEPS)]),
        Series(name="db_client_connection_count", labels={**POOL, "state": "used"}, values=used),
        Series(name="db_client_connection_count", labels={**POOL, "state": "idle"}, values=[10 - v for v in used]),
        Series(name="db_client_connection_max", labels=POOL, values=[10.0] * STEPS),
        Series(name="pg_stat_activity_count", labels={**DATABASE, "datname": "shop", "state": "active"}, values=used),
        Series(name="pg_stat_activity_count", labels={**DATABASE, "datname": "shop", "state": "idle"}, values=used),
        *latency,
        *failed,
    ]


def logs() -> list[Line]:
    lines = [Line(at_s=10.0 * i, line=f"GET / 200 in {i} ms", labels={"service_name": "web"}) for i in range(120)]
    lines += [
        Line(at_s=605.0 + 10 * i, line="ERROR pool exhausted after 2 s", labels={"service_name": "orders"},
             trace_id=f"{i:032x}", span_id=f"{i:016x}")
        for i in range(20)
    ]  # fmt: skip
    return lines


def spans() -> list[Span]:
    out = []
    for i in range(100):
        trace, at = f"{i + 1:032x}", 12.0 * i
        one, two, three, four = (f"{i + 1:012x}{n:04x}" for n in range(1, 5))
        bad = "error" if i >= 90 else "unset"
        out += [
            Span(at_s=at, trace=trace, id=one, service="web", name="GET /", kind="server", duration_ms=100),
            Span(at_s=at, trace=trace, id=two, parent=one, service="web", name="POST", kind="client", duration_ms=80,
                 attributes={"server.address": "orders", "http.response.status_code": 200}),
            Span(at_s=at, trace=trace, id=three, parent=two, service="orders", name="POST /orders", kind="server",
                 duration_ms=70, status=bad, attributes={"error.type": "PoolTimeout"} if bad == "error" else {}),
            Span(at_s=at, trace=trace, id=four, parent=three, service="orders", name="INSERT orders", kind="client",
                 duration_ms=5, attributes={"db.system.name": "postgresql", "server.address": "orders-db",
                                            "db.query.text": "INSERT INTO orders VALUES (1, 'x')"}),
        ]  # fmt: skip
    return out


def write_reference(path: Path) -> Path:
    """The reference as a recording."""
    return write_recording(
        path, seconds=SECONDS, detected_s=700, series=series(), logs=logs(), spans=spans(),
        changes=[{"at_s": 590, "kind": "deploy", "service": "orders", "id": "d1", "summary": "1.4", "diff": "-1"}],
        alerts=[{"labels": {"alertname": "Slow", "service_name": "web"}, "annotations": {"summary": "slow"},
                 "startsAt": "2026-01-05T10:11:00Z", "status": "firing"}],
        probes=[{"at_s": 1200, "kind": "tcp_connect", "target": "orders:8080", "ok": True, "output": "open"}],
        topology=[("web", "orders", "http"), ("orders", "orders-db", "sql")],
        kubernetes=[{"kind": "Node", "metadata": {"name": "n1"}},
                    {"kind": "Pod", "metadata": {"name": "orders-1", "namespace": "shop"}}],
    )  # fmt: skip
