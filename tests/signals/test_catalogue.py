"""The catalogue: what well-known and never-seen names mean."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.telemetry import Direction, SignalKind, Temporality
from compass.signals.catalogue import About, Part, builtin

K = SignalKind
GAUGE, CUMULATIVE = Temporality.GAUGE, Temporality.CUMULATIVE


@pytest.mark.parametrize(
    ("name", "labels", "kind", "unit", "temporality"),
    [
        ("db_client_connection_count", {"state": "used"}, K.POOL_USED, "{connection}", GAUGE),
        ("db_client_connection_count", {"state": "idle"}, K.OTHER, "1", GAUGE),
        ("db.client.connection.max", {}, K.POOL_LIMIT, "{connection}", GAUGE),
        ("db_client_connection_pending_requests", {}, K.POOL_PENDING, "{request}", GAUGE),
        ("db_client_connection_timeouts_total", {}, K.POOL_TIMEOUTS, "{timeout}/s", CUMULATIVE),
        ("hikaricp_connections_active", {"pool": "p"}, K.POOL_USED, "{connection}", GAUGE),
        ("hikaricp_connections_pending", {"pool": "p"}, K.POOL_PENDING, "{request}", GAUGE),
        ("process_cpu_seconds_total", {}, K.CPU, "{cpu}", CUMULATIVE),
        ("process_open_fds", {}, K.FILE_DESCRIPTORS, "{file}", GAUGE),
        ("process_max_fds", {}, K.FILE_DESCRIPTORS_LIMIT, "{file}", GAUGE),
        ("jvm_memory_used_bytes", {"area": "heap"}, K.MEMORY, "By", GAUGE),
        ("jvm_threads_live_threads", {}, K.THREADS, "{thread}", GAUGE),
        ("container_cpu_usage_seconds_total", {}, K.CPU, "{cpu}", CUMULATIVE),
        ("container_cpu_cfs_throttled_seconds_total", {}, K.CPU_THROTTLING, "1", CUMULATIVE),
        ("container_memory_working_set_bytes", {}, K.MEMORY, "By", GAUGE),
        ("container_network_receive_packets_dropped_total", {}, K.NETWORK_ERRORS, "{packet}/s", CUMULATIVE),
        ("kube_pod_container_status_restarts_total", {}, K.RESTARTS, "{restart}/s", CUMULATIVE),
        ("kube_deployment_status_replicas_available", {}, K.REPLICAS, "{pod}", GAUGE),
        ("kube_pod_info", {}, K.OTHER, "1", GAUGE),
        ("node_cpu_seconds_total", {"mode": "user"}, K.CPU, "{cpu}", CUMULATIVE),
        ("node_cpu_seconds_total", {"mode": "idle"}, K.OTHER, "1", CUMULATIVE),
        ("node_memory_MemAvailable_bytes", {}, K.MEMORY, "By", GAUGE),
        ("node_timex_offset_seconds", {}, K.CLOCK_OFFSET, "s", GAUGE),
        ("pg_stat_activity_count", {"state": "active"}, K.DB_CONNECTIONS, "{connection}", GAUGE),
        ("pg_settings_max_connections", {}, K.DB_CONNECTIONS_LIMIT, "{connection}", GAUGE),
        ("pg_stat_activity_lock_waiting_count", {}, K.DB_LOCKS, "{lock}", GAUGE),
        ("pg_stat_database_tup_returned", {}, K.DB_ROWS_READ, "{row}/s", CUMULATIVE),
        ("pg_stat_database_xact_commit", {}, K.DB_TRAFFIC, "{transaction}/s", CUMULATIVE),
        ("mysql_global_status_threads_connected", {}, K.DB_CONNECTIONS, "{connection}", GAUGE),
        ("redis_keyspace_hits_total", {}, K.CACHE_HITS, "{hit}/s", CUMULATIVE),
        ("redis_keyspace_misses_total", {}, K.CACHE_MISSES, "{miss}/s", CUMULATIVE),
        ("redis_evicted_keys_total", {}, K.CACHE_EVICTIONS, "{eviction}/s", CUMULATIVE),
        ("redis_memory_max_bytes", {}, K.MEMORY_LIMIT, "By", GAUGE),
        ("kafka_consumergroup_lag", {}, K.QUEUE_DEPTH, "{message}", GAUGE),
        ("istio_requests_total", {}, K.TRAFFIC, "{request}/s", CUMULATIVE),
        ("traces_spanmetrics_calls_total", {"span_kind": "SPAN_KIND_SERVER"}, K.TRAFFIC, "{request}/s", CUMULATIVE),
        ("traces_spanmetrics_calls_total", {"span_kind": "SPAN_KIND_CLIENT"}, K.OTHER, "1/s", CUMULATIVE),
        ("envoy_cluster_upstream_rq_retry", {}, K.RETRIES, "{retry}/s", CUMULATIVE),
        ("up", {}, K.OTHER, "1", GAUGE),
        # Cloud vendors, agents of hosts
        ("CPUUtilization", {}, K.CPU, "{cpu}", GAUGE),
        ("ReadLatency", {}, K.LATENCY, "s", GAUGE),
        ("HTTPCode_Target_5XX_Count", {}, K.ERRORS, "{error}", GAUGE),
        ("TargetResponseTime", {}, K.LATENCY, "s", GAUGE),
        ("DatabaseConnections", {}, K.DB_CONNECTIONS, "{connection}", GAUGE),
        ("ApproximateNumberOfMessagesVisible", {}, K.QUEUE_DEPTH, "{item}", GAUGE),
        ("system.cpu.util", {}, K.CPU, "{cpu}", GAUGE),
        ("system.mem.used_pct", {}, K.MEMORY, "%", GAUGE),
        ("system.io.await", {}, K.DISK_IO, "{operation}", GAUGE),
        ("TCP established connections", {}, K.FILE_DESCRIPTORS, "{socket}", GAUGE),
        ("mrt", {}, K.LATENCY, "s", GAUGE),
        # Never seen: words and units
        ("front_latency_p95_seconds", {}, K.LATENCY, "s", GAUGE),
        ("pod_client_latency_p90_seconds", {}, K.CLIENT_LATENCY, "s", GAUGE),
        ("p90latency", {}, K.LATENCY, "s", GAUGE),
        ("checkout_response_time_ms", {}, K.LATENCY, "s", GAUGE),
        ("shop_orders_failed_total", {}, K.ERRORS, "{error}/s", CUMULATIVE),
        ("error_rate_percent", {}, K.ERRORS, "%", GAUGE),
        ("http_5xx_ratio", {}, K.ERRORS, "1", GAUGE),
        ("edge_success_rate_percent", {}, K.SUCCESS, "%", GAUGE),
        ("cpu_cfs", {}, K.CPU_THROTTLING, "1", GAUGE),
        ("pod_cpu_usage_millicores", {}, K.CPU, "{cpu}", GAUGE),
        ("mem", {}, K.MEMORY, "By", GAUGE),
        ("pod_memory_usage_mebibytes", {}, K.MEMORY, "By", GAUGE),
        ("tcp_retans", {}, K.NETWORK_ERRORS, "{packet}", GAUGE),
        ("network_receive", {}, K.NETWORK_TRAFFIC, "By", GAUGE),
        ("rps", {}, K.TRAFFIC, "{request}/s", GAUGE),
        ("worker_queue_depth", {}, K.QUEUE_DEPTH, "{item}", GAUGE),
        ("redis_pool_connections_waiting", {}, K.OTHER, "{request}", GAUGE),
        ("thread_pool_active", {}, K.POOL_USED, "{connection}", GAUGE),
        ("jdbc_pool_wait_seconds", {}, K.POOL_WAIT, "s", GAUGE),
        ("payment_retries_total", {}, K.RETRIES, "{retry}/s", CUMULATIVE),
        ("flux_capacitor_charge", {}, K.OTHER, "1", GAUGE),
    ],
)
def test_meaning(name: str, labels: dict[str, str], kind: SignalKind, unit: str, temporality: Temporality) -> None:
    signal = builtin().meaning(name, labels).signal
    if kind is not K.OTHER:
        assert (signal.kind, signal.unit, signal.temporality) == (kind, unit, temporality)
    else:
        assert (signal.kind, signal.worse, signal.temporality) == (K.OTHER, Direction.EITHER, temporality)


def test_scale_leads_to_the_base_unit() -> None:
    catalogue = builtin()
    for name, scale in (
        ("a_latency_ms", 1e-3),
        ("pod_memory_usage_mebibytes", 2**20),
        ("pod_cpu_usage_millicores", 1e-3),
    ):
        assert catalogue.meaning(name, {}).scale == pytest.approx(scale)
    assert catalogue.meaning("istio_request_duration_milliseconds_bucket", {"le": "5"}).scale == pytest.approx(1e-3)


def test_quantiles_are_read_from_names_and_labels() -> None:
    catalogue = builtin()
    for name, quantile in (
        ("x_p99_seconds", 0.99),
        ("p90latency", 0.9),
        ("latency_95th_ms", 0.95),
        ("http_p500_x", None),
    ):
        assert catalogue.meaning(name, {}).signal.quantile == quantile
    assert catalogue.meaning("rpc_duration_seconds", {"quantile": "0.5"}).signal.quantile == 0.5
    assert catalogue.meaning("rpc_duration_seconds", {"quantile": "x"}).signal.quantile is None


def test_count_is_part_of_a_histogram_only_beside_its_siblings() -> None:
    catalogue = builtin()
    siblings = {"http_server_request_duration_seconds_bucket", "http_server_request_duration_seconds_count"}
    part = catalogue.meaning("http_server_request_duration_seconds_count", {}, siblings)
    assert (part.part, part.family, part.signal.kind) == (Part.COUNT, "http_server_request_duration_seconds", K.LATENCY)
    assert catalogue.meaning("pg_locks_count", {}, {"pg_locks_count"}).part is Part.VALUE
    bucket = catalogue.meaning("http_client_request_duration_seconds_bucket", {"le": "+Inf"})
    assert (bucket.part, bucket.signal.kind, bucket.client) == (Part.BUCKET, K.CLIENT_LATENCY, True)


def test_what_a_series_describes() -> None:
    catalogue = builtin()
    assert catalogue.meaning("node_load1", {"pod": "node-exporter-x"}).about is About.NODE
    assert catalogue.meaning("kube_pod_status_phase", {}).about is About.OBJECT
    assert catalogue.meaning("pg_up", {}).about is About.DATABASE, "whether the database answers"
    assert catalogue.meaning("pg_locks_count", {}).about is About.DATABASE
    assert catalogue.meaning("redis_db_keys", {}).about is About.CACHE


def test_lower_is_worse_where_it_is() -> None:
    catalogue = builtin()
    for name in (
        "success_rate",
        "redis_keyspace_hits_total",
        "db_client_connection_max",
        "node_memory_MemAvailable_bytes",
    ):
        assert catalogue.meaning(name, {}).signal.worse is Direction.DOWN


def test_a_team_rule_wins() -> None:
    mine = builtin().extended([{"name": "flux_.*", "kind": "queue_depth", "unit": "{jigawatt}", "worse": "down"}])
    signal = mine.meaning("flux_capacitor_charge", {}).signal
    assert (signal.kind, signal.unit, signal.worse) == (K.QUEUE_DEPTH, "{jigawatt}", Direction.DOWN)
    assert builtin().meaning("flux_capacitor_charge", {}).signal.kind is K.OTHER


@pytest.mark.parametrize(
    "rule",
    [{"name": "x"}, {"kind": "cpu"}, {"name": "x", "has": "y", "kind": "cpu"}, {"name": "(", "kind": "cpu"},
     {"name": "x", "kind": "cpu", "colour": 1}, {"name": "x", "kind": "cpu", "scale": "big"},
     {"name": "x", "kind": "cpu", "where": []}, {"name": "x", "kind": "cpu", "by": "pool"},
     {"name": "x", "kind": "cpu", "worse": "sideways"}],
)  # fmt: skip
def test_a_wrong_team_rule_is_named(rule: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="metric rule 2"):
        builtin().extended([{"name": "ok", "kind": "cpu"}, rule])


@given(
    st.text(max_size=80), st.dictionaries(st.sampled_from(["le", "quantile", "state", "mode"]), st.text(max_size=10))
)
@settings(max_examples=200, deadline=None)
def test_any_name_has_a_meaning(name: str, labels: dict[str, str]) -> None:
    meaning = builtin().meaning(name, labels)
    assert meaning.scale > 0
    assert meaning.signal.unit


@pytest.mark.parametrize("name", ["FreeableMemory", "available_memory_bytes", "memory_free", "FreeStorageSpace"])
def test_less_of_what_is_left_is_worse(name: str) -> None:
    assert builtin().meaning(name, {}).signal.worse is Direction.DOWN


def test_quantiles_in_columns_of_tables() -> None:
    assert builtin().meaning("latency-90", {}).signal.quantile == 0.9
    assert builtin().meaning("lat_50", {}).signal.quantile == 0.5


def test_a_stated_type_decides_where_no_rule_does() -> None:
    """Collectors may leave the `_total` of counters out; some gauges end so."""
    catalogue = builtin()

    def temporality(name: str, said: str) -> Temporality:
        return catalogue.meaning(name, {}, frozenset(), said).signal.temporality

    assert temporality("http_requests", "") is temporality("http_requests", "gauge") is Temporality.GAUGE
    assert temporality("http_requests", "counter") is Temporality.CUMULATIVE
    assert catalogue.meaning("http_requests", {}, frozenset(), "counter").signal.unit.endswith("/s")
    assert temporality("seats_total", "") is temporality("seats_total", "unknown") is Temporality.CUMULATIVE
    assert temporality("seats_total", "gauge") is Temporality.GAUGE
