"""How different kinds of shop name what they measure. One function a dialect; `DIALECTS` has them all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.worlds.dialects_hosts import cloud, flat, hosts, pods
from benchmarks.worlds.meter import Labels, Meter, when_up
from benchmarks.worlds.physics import EdgeState, State, Telling
from benchmarks.worlds.shape import Service, World

NAMESPACE = "prod"


def otel(meter: Meter, world: World, telling: Telling) -> None:
    """OpenTelemetry SDKs and the collector's kubelet and host receivers, written to Prometheus."""
    with_pods = world.rng.random() < 0.6
    grpc = world.rng.random(len(world.services)) < 0.4
    for i, (service, state) in enumerate(zip(world.services, telling.services, strict=True)):
        own: Labels = (
            {"service_name": service.name, "k8s_namespace_name": NAMESPACE}
            if with_pods
            else {"service_name": service.name}
        )
        if not service.store:
            name = "rpc_server_duration_seconds" if grpc[i] else "http_server_request_duration_seconds"
            ok = {"rpc_grpc_status_code": "0"} if grpc[i] else {"http_response_status_code": "200"}
            bad = {"rpc_grpc_status_code": "13"} if grpc[i] else {"http_response_status_code": "500"}
            meter.histogram(name, {**own, **ok}, state.rate * (1 - state.errors), state.p50, state.p99)
            meter.histogram(name, {**own, **bad}, state.rate * state.errors, state.p50, state.p99)
            meter.gauge("process_memory_usage_bytes", own, when_up(state.memory_pods.sum(axis=0), state.up))
            meter.counter("process_cpu_time_seconds_total", own, state.cpu_pods.sum(axis=0), state.restarts)
        if with_pods:
            _kubelet(meter, service, state)
    for edge, seen in zip(world.edges, telling.edges, strict=True):
        caller, callee = world.services[edge.caller], world.services[edge.callee]
        if callee.kind == "database":
            labels = {"service_name": caller.name, "server_address": callee.name, "db_system_name": callee.engine}
            meter.histogram("db_client_operation_duration_seconds", labels, seen.rate, seen.p50, seen.p99)
            state = telling.services[edge.caller]
            pool = {"service_name": caller.name, "db_client_connection_pool_name": callee.name}
            meter.gauge("db_client_connection_count", {**pool, "state": "used"}, np.round(state.pool_used))
            meter.gauge("db_client_connection_max", pool, np.full(state.rate.size, float(caller.pool_size)))
            meter.gauge("db_client_connection_pending_requests", pool, np.round(state.pool_pending))
        elif not callee.store:
            _client(meter, caller, callee, seen)
    for node, cpu, memory in zip(world.nodes, telling.node_cpu, telling.node_memory, strict=True):
        if with_pods:
            meter.gauge("k8s_node_cpu_usage", {"k8s_node_name": node}, cpu * world.cores, 0.01)
            meter.gauge("k8s_node_memory_working_set_bytes", {"k8s_node_name": node}, memory)


def _client(meter: Meter, caller: Service, callee: Service, seen: EdgeState) -> None:
    labels = {"service_name": caller.name, "server_address": callee.name}
    for code, share in (("200", 1 - seen.errors), ("500", seen.errors)):
        meter.histogram(
            "http_client_request_duration_seconds", {**labels, "http_response_status_code": code}, seen.rate * share,
            seen.p50, seen.p99,
        )  # fmt: skip


def _kubelet(meter: Meter, service: Service, state: State) -> None:
    for k, pod in enumerate(service.pods):
        labels = {"k8s_pod_name": pod, "k8s_namespace_name": NAMESPACE, "k8s_node_name": service.nodes[k]}
        meter.gauge("k8s_pod_cpu_usage", labels, when_up(state.cpu_pods[k], state.up), 0.02)
        meter.gauge("k8s_pod_memory_working_set_bytes", labels, when_up(state.memory_pods[k], state.up))
        for direction, line in (("transmit", state.sent), ("receive", state.received)):
            meter.counter(
                "k8s_pod_network_io_bytes_total", {**labels, "direction": direction}, line / len(service.pods)
            )
        meter.gauge("k8s_container_restarts", {**labels, "k8s_container_name": service.name}, state.restarts)


def mesh(meter: Meter, world: World, telling: Telling) -> None:
    """Istio, cAdvisor, kube-state-metrics and node_exporter, scraped by Prometheus."""
    for edge, seen in zip(world.edges, telling.edges, strict=True):
        caller, callee = world.services[edge.caller], world.services[edge.callee]
        if callee.store:
            continue
        server = telling.services[edge.callee]
        for reporter, p50, p99 in (("source", seen.p50, seen.p99), ("destination", server.p50, server.p99)):
            labels = {
                "reporter": reporter, "source_workload": caller.name, "destination_workload": callee.name,
                "destination_service_name": callee.name, "source_workload_namespace": NAMESPACE,
                "destination_workload_namespace": NAMESPACE,
            }  # fmt: skip
            up = np.ones(seen.rate.size) if reporter == "source" else server.up
            for code, share in (("200", 1 - seen.errors), ("503", seen.errors)):
                meter.events("istio_requests_total", {**labels, "response_code": code}, seen.rate * share * up)
            meter.histogram("istio_request_duration_milliseconds", labels, seen.rate * up, p50, p99, unit=0.001)
    for service, state in zip(world.services, telling.services, strict=True):
        _cadvisor(meter, service, state)
    _node_exporter(meter, world, telling)


def _cadvisor(meter: Meter, service: Service, state: State) -> None:
    for k, pod in enumerate(service.pods):
        own = {"namespace": NAMESPACE, "pod": pod, "node": service.nodes[k]}
        labels = {**own, "container": service.name}
        meter.counter("container_cpu_usage_seconds_total", labels, state.cpu_pods[k], state.restarts)
        meter.counter("container_cpu_cfs_throttled_seconds_total", labels, state.throttled)
        meter.gauge("container_memory_working_set_bytes", labels, when_up(state.memory_pods[k], state.up))
        meter.gauge("container_spec_memory_limit_bytes", labels, np.full(state.rate.size, service.memory_limit))
        meter.counter("container_network_receive_bytes_total", own, state.received / len(service.pods))
        meter.counter("container_network_transmit_bytes_total", own, state.sent / len(service.pods))
        meter.events("container_fs_writes_total", labels, state.disk / len(service.pods))
        meter.gauge("container_file_descriptors", labels, np.round(state.fds))
        meter.gauge("kube_pod_container_status_restarts_total", labels, state.restarts)
        meter.gauge("kube_pod_info", {**own, "created_by_name": pod.rsplit("-", 1)[0]}, np.ones(state.rate.size))


def _node_exporter(meter: Meter, world: World, telling: Telling) -> None:
    named = world.rng.random() < 0.5
    for n, (node, cpu, memory) in enumerate(zip(world.nodes, telling.node_cpu, telling.node_memory, strict=True)):
        address = f"10.1.0.{n + 10}"
        labels = {"instance": f"{node if named else address}:9100", "job": "node-exporter"}
        meter.gauge("kube_node_info", {"node": node, "internal_ip": address}, np.ones(cpu.size))
        meter.counter("node_cpu_seconds_total", {**labels, "mode": "user", "cpu": "0"}, cpu * world.cores)
        meter.counter("node_cpu_seconds_total", {**labels, "mode": "idle", "cpu": "0"}, (1 - cpu) * world.cores)
        meter.gauge("node_memory_MemAvailable_bytes", labels, np.maximum(64e9 - memory, 1e9))
        meter.gauge("node_load1", labels, cpu * world.cores * 1.2, 0.1)


def spring(meter: Meter, world: World, telling: Telling) -> None:
    """Micrometer in Spring Boot services, and the exporters of their stores."""
    common = str(world.rng.choice(["application", "app", "service"]))
    for i, (service, state) in enumerate(zip(world.services, telling.services, strict=True)):
        if service.store:
            _exporter(meter, i, service, state)
            continue
        own = {common: service.name, "instance": f"10.2.{i}.{i + 7}:8080"}
        if common != "application" and world.rng.random() < 0.3:
            own["job"] = "spring-actuator"
        for code, share in (("200", 1 - state.errors), ("500", state.errors)):
            line = {
                **own,
                "uri": "/api/v1/items",
                "method": "GET",
                "status": code,
                "outcome": "SUCCESS" if code == "200" else "SERVER_ERROR",
            }
            rate = np.maximum(state.rate * share, 0)
            meter.events("http_server_requests_seconds_count", line, rate)
            meter.counter("http_server_requests_seconds_sum", line, rate * meter.mean(state, service))
            meter.gauge("http_server_requests_seconds_max", line, meter.quantile(state, service, 0.99))
        _jvm(meter, own, service, state)


def _jvm(meter: Meter, own: Labels, service: Service, state: State) -> None:
    up, pods = state.up, len(service.pods)
    meter.gauge(
        "jvm_memory_used_bytes",
        {**own, "area": "heap", "id": "G1 Old Gen"},
        when_up(state.memory_pods.sum(axis=0), up),
        0.03,
    )
    meter.gauge(
        "jvm_memory_max_bytes",
        {**own, "area": "heap", "id": "G1 Old Gen"},
        np.full(up.size, service.memory_limit * pods),
    )
    meter.counter("jvm_gc_pause_seconds_sum", own, state.gc, state.restarts)
    meter.events("jvm_gc_pause_seconds_count", own, state.gc * 10, state.restarts)
    meter.gauge("jvm_threads_live_threads", own, when_up(np.round(state.threads + 20), up))
    meter.gauge(
        "tomcat_threads_busy_threads",
        own,
        when_up(np.asarray(np.round(np.minimum(state.threads, 200.0)), dtype=np.float64), up),
    )
    meter.gauge("tomcat_threads_config_max_threads", own, np.full(up.size, 200.0))
    meter.gauge("process_cpu_usage", own, when_up(state.cpu_pods.mean(axis=0) / service.cpu_limit, up), 0.02)
    meter.gauge("system_cpu_usage", own, when_up(0.1 + 0.5 * state.cpu_pods.mean(axis=0) / service.cpu_limit, up), 0.05)
    meter.gauge("process_files_open_files", own, when_up(np.round(state.fds), up))
    meter.gauge("process_files_max_files", own, np.full(up.size, float(service.fd_limit)))
    pool = {**own, "pool": "HikariPool-1"}
    meter.gauge("hikaricp_connections_active", pool, when_up(np.round(state.pool_used), up))
    meter.gauge("hikaricp_connections_max", pool, np.full(up.size, float(service.pool_size)))
    meter.gauge("hikaricp_connections_pending", pool, when_up(np.round(state.pool_pending), up))
    meter.events("logback_events_total", {**own, "level": "error"}, state.rate * state.errors)
    meter.gauge("process_uptime_seconds", own, np.cumsum(np.ones(up.size)))


def _exporter(meter: Meter, i: int, service: Service, state: State) -> None:
    """postgres_exporter, redis_exporter and the like; the store's own name is in `instance`."""
    labels = {"instance": f"{service.name}:{9187 + i}", "job": f"{service.engine}-exporter"}
    up, cpu = state.up, state.cpu_pods.sum(axis=0)
    if service.engine == "postgres":
        meter.gauge(
            "pg_stat_activity_count",
            {**labels, "datname": "app", "state": "active"},
            when_up(np.round(2 + state.rate * state.p50 * 3), up),
        )
        meter.events("pg_stat_database_xact_commit", {**labels, "datname": "app"}, state.rate)
        meter.events("pg_stat_database_tup_fetched", {**labels, "datname": "app"}, state.rows)
        meter.gauge("pg_settings_max_connections", labels, np.full(up.size, 200.0))
    elif service.engine == "mysql":
        meter.gauge("mysql_global_status_threads_running", labels, when_up(np.round(1 + state.rate * state.p50), up))
        meter.events("mysql_global_status_queries", labels, state.rate)
        meter.events("mysql_global_status_innodb_rows_read", labels, state.rows)
    elif service.engine == "redis":
        meter.gauge("redis_memory_used_bytes", labels, when_up(state.memory_pods[0], up))
        meter.gauge("redis_connected_clients", labels, when_up(np.round(5 + state.rate * state.p50), up))
        meter.events("redis_commands_processed_total", labels, state.rate)
        meter.counter("redis_cpu_sys_seconds_total", labels, cpu)
    else:
        meter.gauge("process_cpu_usage", {**labels, "service": service.name}, when_up(cpu / service.cpu_limit, up))
    meter.gauge("up", labels, (up > 0.02).astype(np.float64))


Dialect = Callable[[Meter, World, Telling], None]
DIALECTS: dict[str, Dialect] = {
    "otel": otel, "mesh": mesh, "spring": spring, "flat": flat, "pods": pods, "cloud": cloud, "hosts": hosts,
}  # fmt: skip
HAS_NODES = frozenset({"mesh", "pods"})
