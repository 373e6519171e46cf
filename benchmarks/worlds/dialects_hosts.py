# ruff: noqa: E501 - tables of names and texts read better in one line; recipes share one form
"""Dialects without conventions: flat tables, gauges per pod, a cloud vendor's names, classic monitoring of hosts."""

from __future__ import annotations

import numpy as np

from benchmarks.worlds.meter import Labels, Meter, when_up
from benchmarks.worlds.physics import State, Telling
from benchmarks.worlds.shape import Service, World


def flat(meter: Meter, world: World, telling: Telling) -> None:
    """One column a service and measure, as an export of a dashboard has it."""
    rng = world.rng
    labels: Labels = {} if rng.random() < 0.6 else {"job": "export"}
    joint = str(rng.choice(["_", "_", "_", "-", "."]))
    words = {
        "cpu": rng.choice(["cpu", "cpu_usage", "container-cpu-usage-seconds-total"]), "mem": rng.choice(["mem", "memory", "memory_usage"]),
        "load": rng.choice(["load", "workload", "rps"]), "error": rng.choice(["error", "errors", "error_rate"]),
        "diskio": rng.choice(["diskio", "disk_io", "fs-writes"]), "socket": rng.choice(["socket", "sockets", "fds"]),
        "p50": rng.choice(["latency_p50", "latency-50", "lat_50"]), "p90": rng.choice(["latency_p90", "latency-90", "lat_90"]),
    }  # fmt: skip
    milli = rng.random() < 0.5
    with_disk, with_sockets = rng.random() < 0.7, rng.random() < 0.7
    for service, state in zip(world.services, telling.services, strict=True):

        def put(word: str, values: object, service: Service = service) -> None:
            meter.gauge(f"{service.name}{joint}{words[word]}", labels, np.asarray(values, dtype=np.float64))

        requests, failures = meter.failed(state)
        put("cpu", when_up(state.cpu_pods.sum(axis=0), state.up))
        put("mem", when_up(state.memory_pods.sum(axis=0), state.up))
        put("load", requests)
        if not service.store or rng.random() < 0.5:
            put("error", failures / np.maximum(requests, 1e-9) if words["error"] == "error_rate" else failures)
            for word, quantile in (("p50", 0.5), ("p90", 0.9)):
                put(word, meter.quantile(state, service, quantile) * (1000.0 if milli else 1.0))
        if with_disk:
            put("diskio", state.disk)
        if with_sockets:
            put("socket", np.round(state.fds))
        for _ in range(int(rng.random() < 0.05)):
            meter.gauge(f"{service.name}{joint}dead", labels, np.zeros(state.rate.size))


def pods(meter: Meter, world: World, telling: Telling) -> None:
    """Gauges per pod from somebody's own collector."""
    rng = world.rng
    key = str(rng.choice(["pod", "pod_name", "kubernetes_pod", "PodName", "k8s_pod"]))
    prefix = str(rng.choice(["pod_", "", "container_"]))
    rates = rng.random() < 0.5
    for service, state in zip(world.services, telling.services, strict=True):
        count = len(service.pods)
        for k, pod in enumerate(service.pods):
            own: Labels = {key: pod, "namespace": "default"} if rng.random() < 0.99 else {key: pod}
            if rng.random() < 0.5:
                own = {**own, "node": service.nodes[k]}
            up = state.up if state.up.min() > 0.5 or k == 0 else np.ones(state.up.size)
            meter.gauge(f"{prefix}cpu_usage", own, when_up(state.cpu_pods[k], up))
            meter.gauge(f"{prefix}memory_working_set_bytes", own, when_up(state.memory_pods[k], up))
            meter.gauge(f"{prefix}network_rx_bytes", own, when_up(state.received / count, up), 0.05)
            meter.gauge(f"{prefix}network_tx_bytes", own, when_up(state.sent / count, up), 0.05)
            meter.gauge(f"{prefix}network_retransmits", own, state.retransmits / count, 0.2)
            if not service.store:
                requests, failures = meter.failed(state)
                meter.gauge(f"{prefix}request_rate" if rates else f"{prefix}requests", own, requests / count)
                meter.gauge(f"{prefix}server_error_rate" if rates else f"{prefix}failed_requests", own,
                            failures / np.maximum(requests, 1e-9) if rates else failures / count)  # fmt: skip
                for quantile in (0.5, 0.95):
                    meter.gauge(
                        f"{prefix}server_latency_p{round(quantile * 100)}",
                        own,
                        1000 * meter.quantile(state, service, quantile),
                    )
            meter.gauge(f"{prefix}fs_writes", own, state.disk / count, 0.2)
            meter.gauge(f"{prefix}restart_count", own, state.restarts)
    for node, cpu, memory in zip(world.nodes, telling.node_cpu, telling.node_memory, strict=True):
        meter.gauge("node_cpu_usage_percent", {"node": node}, 100 * cpu, 0.01)
        meter.gauge("node_memory_usage_percent", {"node": node}, np.clip(100 * memory / 64e9, 0, 99))


def cloud(meter: Meter, world: World, telling: Telling) -> None:
    """A cloud vendor's own monitoring: one-minute statistics, the thing in a dimension."""
    style = str(world.rng.choice(["plain", "exported"]))

    def put(space: str, name: str, dimension: str, thing: str, values: object) -> None:
        if style == "plain":
            meter.gauge(name, {dimension: thing, "Namespace": f"AWS/{space}"}, np.asarray(values))
        else:
            snake = "".join(
                f"_{c.lower()}" if c.isupper() and i and not name[i - 1].isupper() else c.lower()
                for i, c in enumerate(name)
            )
            meter.gauge(
                f"aws_{space.lower()}_{snake}_average",
                {f"dimension_{dimension}": thing, "region": "eu-west-1"},
                np.asarray(values),
            )

    for service, state in zip(world.services, telling.services, strict=True):
        cpu = 100 * state.cpu_pods.mean(axis=0) / service.cpu_limit
        if service.kind == "database":
            where = ("RDS", "DBInstanceIdentifier")
            put(where[0], "CPUUtilization", where[1], service.name, when_up(cpu, state.up))
            put(
                where[0],
                "FreeableMemory",
                where[1],
                service.name,
                when_up(service.memory_limit - state.memory_pods[0], state.up),
            )
            put(where[0], "ReadLatency", where[1], service.name, when_up(meter.mean(state, service), state.up))
            put(where[0], "WriteIOPS", where[1], service.name, state.disk)
            put(where[0], "DatabaseConnections", where[1], service.name, np.round(3 + state.rate * state.p50 * 4))
            put(where[0], "FreeStorageSpace", where[1], service.name, (1 - state.fill) * 100e9)
            put(where[0], "DiskQueueDepth", where[1], service.name, 0.1 + state.disk * state.p50 * 0.05)
        elif service.kind == "cache":
            put("ElastiCache", "EngineCPUUtilization", "CacheClusterId", service.name, when_up(cpu, state.up))
            put("ElastiCache", "CurrConnections", "CacheClusterId", service.name, np.round(5 + state.rate * state.p50))
            put(
                "ElastiCache",
                "DatabaseMemoryUsagePercentage",
                "CacheClusterId",
                service.name,
                100 * state.memory_pods[0] / service.memory_limit,
            )
        elif service.kind == "queue":
            put(
                "SQS",
                "ApproximateNumberOfMessagesVisible",
                "QueueName",
                service.name,
                np.round(state.rate * state.p50 * 10),
            )
            put("SQS", "NumberOfMessagesSent", "QueueName", service.name, state.rate * world.step_s)
        else:
            _cloud_app(put, meter, service, state, cpu, world.step_s)


def _cloud_app(put: object, meter: Meter, service: Service, state: State, cpu: object, step_s: float) -> None:
    assert callable(put)
    requests, failures = meter.failed(state)
    put("ECS", "CPUUtilization", "ServiceName", service.name, when_up(np.asarray(cpu), state.up))
    put(
        "ECS",
        "MemoryUtilization",
        "ServiceName",
        service.name,
        when_up(100 * state.memory_pods.mean(axis=0) / service.memory_limit, state.up),
    )
    put("ApplicationELB", "TargetResponseTime", "TargetGroup", service.name, meter.mean(state, service))
    put("ApplicationELB", "RequestCount", "TargetGroup", service.name, requests * step_s)
    put("ApplicationELB", "HTTPCode_Target_5XX_Count", "TargetGroup", service.name, failures * step_s)
    put("ECS", "NetworkTxBytes", "ServiceName", service.name, state.sent * step_s)


def hosts(meter: Meter, world: World, telling: Telling) -> None:
    """Classic monitoring of machines and middleware, one agent a host, with its own spelling of everything."""
    rng = world.rng
    key = str(rng.choice(["cmdb_id", "host", "hostname", "ci", "device"]))
    spoken = rng.random() < 0.4

    def word(short: str, long: str) -> str:
        return long if spoken else short

    for service, state in zip(world.services, telling.services, strict=True):
        own = {key: service.name}
        up = state.up
        cpu = 100 * state.cpu_pods.mean(axis=0) / service.cpu_limit
        memory = 100 * state.memory_pods.mean(axis=0) / service.memory_limit
        meter.gauge(word("system.cpu.util", "CPU used percent"), own, when_up(cpu, up), 0.03)
        meter.gauge(word("system.mem.used_pct", "Memory used percent"), own, when_up(memory, up), 0.01)
        meter.gauge(
            word("system.disk.pct_usage", "Disk space used percent"), {**own, "mount": "/data"}, 100 * state.fill
        )
        meter.gauge(word("system.io.w_s", "Disk write requests per second"), own, state.disk, 0.2)
        meter.gauge(word("system.io.await", "Disk await ms"), own, 2 + 0.01 * state.disk, 0.3)
        meter.gauge(word("system.net.bytes_sent", "Sent bytes per second"), own, state.sent, 0.1)
        meter.gauge(word("system.net.bytes_rcvd", "Received bytes per second"), own, state.received, 0.1)
        meter.gauge(word("system.tcp.retrans_segs", "TCP retransmitted segments"), own, state.retransmits, 0.3)
        meter.gauge(word("system.tcp.established", "TCP established connections"), own, np.round(state.fds))
        if service.engine == "redis":
            meter.gauge("redis.used_memory", own, when_up(state.memory_pods[0], up))
            meter.gauge("redis.instantaneous_ops_per_sec", own, when_up(state.rate, up))
        elif service.store:
            meter.gauge(f"{service.engine}.sessions.active", own, when_up(np.round(2 + state.rate * state.p50 * 3), up))
            meter.gauge(f"{service.engine}.response_time", own, when_up(1000 * meter.mean(state, service), up))
        else:
            requests, failures = meter.failed(state)
            meter.gauge("tomcat.threads.busy", own, when_up(np.round(state.threads), up))
            meter.gauge("jvm.heap.used_pct", own, when_up(memory, up), 0.05)
            meter.gauge("jvm.gc.time_ms", own, when_up(state.gc * world.step_s * 1000, up))
            meter.gauge(word("mrt", "Average response time"), own, 1000 * meter.mean(state, service))
            meter.gauge(word("cnt", "Request count"), own, requests * world.step_s)
            meter.gauge(word("sr", "Success rate"), own, 100 * (1 - failures / np.maximum(requests, 1e-9)))
