"""The metrics a service shows at /metrics: OpenTelemetry names in Prometheus form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

# The bucket boundaries that the OpenTelemetry conventions give for HTTP durations.
HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
# ... and for connections and database operations.
DB_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)

PoolStats = Callable[[], Mapping[str, int]]


@dataclass(frozen=True)
class HttpMetrics:
    """Durations of what a service answered and of what it asked others."""

    server: Histogram
    client: Histogram
    active: Gauge


@dataclass(frozen=True)
class PoolMetrics:
    """What a connection pool's users see: waiting, use, timeouts, and time in operations."""

    wait: Histogram
    use: Histogram
    timeouts: Counter
    operation: Histogram


def build_registry() -> CollectorRegistry:
    """A registry with the process's own figures (CPU, memory, descriptors, collector)."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def build_http_metrics(registry: CollectorRegistry) -> HttpMetrics:
    """Server and client duration histograms."""
    return HttpMetrics(
        server=Histogram(
            "http_server_request_duration_seconds",
            "Duration of HTTP server requests.",
            ("http_request_method", "http_route", "http_response_status_code"),
            buckets=HTTP_BUCKETS,
            registry=registry,
        ),
        client=Histogram(
            "http_client_request_duration_seconds",
            "Duration of HTTP client requests.",
            ("http_request_method", "server_address", "http_response_status_code", "error_type"),
            buckets=HTTP_BUCKETS,
            registry=registry,
        ),
        active=Gauge(
            "http_server_active_requests",
            "Number of active HTTP server requests.",
            ("http_request_method",),
            registry=registry,
        ),
    )


def build_operation_histogram(registry: CollectorRegistry) -> Histogram:
    """Duration of database and cache operations as the client sees them."""
    return Histogram(
        "db_client_operation_duration_seconds",
        "Duration of database client operations.",
        ("db_system_name", "db_operation_name"),
        buckets=DB_BUCKETS,
        registry=registry,
    )


def build_pool_metrics(registry: CollectorRegistry) -> PoolMetrics:
    """Histograms and the timeout counter of a connection pool."""
    label = ("db_client_connection_pool_name",)
    return PoolMetrics(
        wait=Histogram(
            "db_client_connection_wait_time_seconds",
            "The time it took to obtain an open connection from the pool.",
            label,
            buckets=DB_BUCKETS,
            registry=registry,
        ),
        use=Histogram(
            "db_client_connection_use_time_seconds",
            "The time between borrowing a connection and returning it to the pool.",
            label,
            buckets=DB_BUCKETS,
            registry=registry,
        ),
        timeouts=Counter(
            "db_client_connection_timeouts",
            "Connection timeouts that have occurred trying to obtain a connection from the pool.",
            label,
            registry=registry,
        ),
        operation=build_operation_histogram(registry),
    )


class PoolCollector(Collector):
    """Reads a psycopg pool's own statistics at scrape time."""

    def __init__(self, name: str, stats: PoolStats) -> None:
        self._name = name
        self._stats = stats

    def collect(self) -> Iterable[Metric]:
        """Gauges under the names of the OpenTelemetry database client conventions."""
        stats = self._stats()
        size, idle = stats.get("pool_size", 0), stats.get("pool_available", 0)
        pool = "db_client_connection_pool_name"
        count = GaugeMetricFamily(
            "db_client_connection_count",
            "Connections currently in the state described by the state label.",
            labels=(pool, "state"),
        )
        count.add_metric((self._name, "idle"), idle)
        count.add_metric((self._name, "used"), max(size - idle, 0))
        yield count
        for metric, key, text in (
            ("max", "pool_max", "The maximum number of open connections allowed."),
            ("idle_min", "pool_min", "The minimum number of idle open connections allowed."),
            ("pending_requests", "requests_waiting", "Current pending requests for an open connection."),
        ):
            gauge = GaugeMetricFamily(f"db_client_connection_{metric}", text, labels=(pool,))
            gauge.add_metric((self._name,), stats.get(key, 0))
            yield gauge
