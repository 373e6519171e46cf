"""The vocabulary of signs: what an observation can say. Mechanisms are written in these words.

A sign is `<area>.<what>`; specialists emit them, mechanisms require, expect or forbid them. The set is open for
teams (`team.*`), closed for what ships: a sign outside SIGNS and `team.*` is a defect that the catalogue's loader
reports.
"""

from __future__ import annotations

from collections.abc import Collection

SIGNS: dict[str, str] = {
    # golden signals
    "latency.up": "server-side latency above its baseline",
    "latency.own_up": "added latency that nothing it calls can account for",
    "latency.waiting": "the same, while it uses no more processor time than before",
    "client_latency.up": "latency of its outgoing calls above its baseline",
    "errors.up": "error rate above its baseline",
    "success.down": "success ratio below its baseline",
    "traffic.up": "traffic above its baseline",
    "traffic.down": "traffic below its baseline",
    # resources
    "cpu.up": "CPU use above its baseline",
    "cpu.saturated": "CPU use near its limit",
    "cpu.throttled": "CPU time refused by the cgroup quota",
    "memory.up": "memory above its baseline",
    "memory.leak": "memory growing steadily, or again and again after each fall",
    "memory.near_limit": "memory close to its limit",
    "disk.full": "file system nearly full",
    "disk.io_up": "disk I/O above its baseline",
    "network.errors_up": "retransmissions, drops or errors above baseline",
    "network.traffic_up": "network bytes above baseline",
    "network.traffic_down": "network bytes below baseline",
    "replicas.down": "fewer of its instances run or report than before",
    "fds.up": "open file descriptors or sockets above baseline",
    "fds.near_limit": "open file descriptors close to the limit",
    "threads.up": "threads above baseline",
    "gc.up": "time in garbage collection above baseline",
    "restarts.up": "restarts within the window",
    "clock.offset": "clock differs from its peers",
    # what its callers have in common
    "callers.slow": "all who are slow first call it, although it is as fast as before by its own account",
    "callers.failing": "all who fail first call it, although it sees no failure itself",
    # pools, queues, locks
    "pool.exhausted": "all connections or workers of a pool in use, callers waiting",
    "pool.limit_down": "the size limit of a pool fell",
    "pool.wait_up": "waiting time for a pooled resource above baseline",
    "pool.timeouts": "waiting for a pooled resource timed out",
    "queue.backlog": "queue depth growing",
    "locks.up": "lock waits above baseline",
    # data stores
    "db.latency_up": "database statements slower than baseline",
    "db.traffic_up": "more statements per second than baseline",
    "db.connections_up": "connections to the database above baseline",
    "db.connections_near_limit": "connections close to the server's limit",
    "db.rows_up": "more rows read per statement than baseline",
    "replication.lag": "replica behind its primary",
    "cache.hit_down": "cache hit ratio below baseline",
    "cache.evictions_up": "cache evictions above baseline",
    # retries, limits
    "retries.up": "retries above baseline",
    "rate_limited": "requests refused by a rate limit or quota",
    # logs
    "log.surge": "a known log template far above its usual rate per unit of work",
    "log.novel": "a log template never seen in the baseline",
    "log.same_subject": "its errors are about one request, message or record that fails again and again",
    "log.gone": "a usual log template no longer written although the work goes on",
    "log.errors_up": "error lines above baseline",
    "log.path_changed": "the order of log events within a request differs from the baseline (silent failure)",
    "log.timeout": "error text: something timed out",
    "log.connection_refused": "error text: connection refused or reset",
    "log.unavailable": "error text: upstream unavailable or unhealthy",
    "log.dns": "error text: name does not resolve",
    "log.tls": "error text: certificate or TLS handshake",
    "log.auth": "error text: authentication or authorisation",
    "log.pool_timeout": "error text: no pooled connection became free",
    "log.out_of_memory": "error text: out of memory",
    "log.disk_full": "error text: no space left",
    "log.permission": "error text: permission denied on a file or socket",
    "log.rate_limited": "error text: too many requests",
    "log.deadlock": "error text: deadlock or lock timeout",
    "log.fds": "error text: too many open files",
    "log.too_many_connections": "error text: the server refuses more connections",
    "log.bad_data": "error text: data that cannot be parsed or is invalid",
    "log.config": "error text: missing or invalid configuration",
    "log.exception": "error text: an unhandled exception or stack trace",
    "log.cancelled": "error text: the caller gave up (cancelled, deadline exceeded)",
    "log.schema": "error text: unknown column, table or incompatible schema",
    "log.read_only": "error text: the store is read-only or has no primary",
    # traces
    "trace.self_time_up": "time spent in its own server or leaf spans above baseline",
    "trace.gap_up": "time between the client's span and the server's span above baseline (network or queueing)",
    "trace.retransmit": "some calls wait a TCP retransmission time-out on their way, those beside them do not wait",
    "trace.error_origin": "errors begin here: no failing callee below",
    "trace.call_failed": "calls to it fail although it reports no failure: on the way, or it does not tell",
    "trace.errors_up": "share of failing spans above baseline",
    "trace.fanout_up": "more calls per request to a callee than baseline",
    "trace.structure_changed": "child operations differ from the baseline",
    "trace.child_missing": "a usual call is no longer made",
    "trace.db_slow": "one statement far slower than baseline",
    "trace.callee_slow": "most added time is spent in one callee",
    "trace.retry": "the same call repeated within one request",
    # changes
    "change.near": "a change to it shortly before the onset",
    "change.dependency": "a change to a direct dependency shortly before the onset",
    "change.config": "a configuration change to it shortly before the onset",
    "change.flag": "a feature flag changed shortly before the onset",
    "change.scale_down": "replicas were reduced",
    "change.pool_shrunk": "the change's diff lowers a pool or concurrency limit",
    "change.limit_lowered": "the change's diff lowers a resource limit, timeout or quota",
    "change.provider": "a provider reported an incident",
    "release.worse": "instances of the new release do worse than instances of the old one",
    "release.silent": "instances that a rollout named as new never report anything, and others do",
    "release.shared": "calls fail, and into instances without the new release just as into those with it",
    "release.edge_errors": "calls into the new release fail more than before",
    # probes
    "probe.tcp_refused": "an active TCP check fails",
    "probe.dns_failed": "an active name look-up fails",
    "probe.http_failed": "an active HTTP check fails",
    "probe.unit_failed": "a system unit is not running",
    # Kubernetes: state
    "k8s.unready": "replicas not ready",
    "k8s.replicas_missing": "the controller cannot create its pods",
    "k8s.pending": "a pod is not scheduled",
    "k8s.crash_loop": "a container keeps crashing",
    "k8s.oom_killed": "a container was killed for memory",
    "k8s.restarting": "a container restarts",
    "k8s.evicted": "pods evicted",
    "k8s.scaled_to_zero": "a workload has no wanted replicas",
    # Kubernetes: admission and quota
    "k8s.quota_pods": "pod quota stops creation",
    "k8s.quota_cpu": "CPU quota stops creation",
    "k8s.quota_memory": "memory quota stops creation",
    "k8s.quota_storage": "storage quota stops creation",
    "k8s.quota_services": "service quota stops creation",
    "k8s.limit_range": "a limit range or policy rejects the pod",
    "k8s.service_account_missing": "the declared service account does not exist",
    "k8s.admission_denied": "an admission webhook or policy rejects the object",
    # Kubernetes: scheduling
    "k8s.sched_node_selector": "no schedulable node matches the node selector",
    "k8s.sched_affinity": "no schedulable node matches the node affinity",
    "k8s.sched_anti_affinity": "anti-affinity excludes every remaining node",
    "k8s.sched_taint": "untolerated taints exclude the nodes that otherwise fit",
    "k8s.sched_cordon": "the nodes that otherwise fit are cordoned",
    "k8s.sched_cpu": "requested CPU does not fit on any node",
    "k8s.sched_memory": "requested memory does not fit on any node",
    "k8s.sched_topology": "topology spread or host port excludes every node",
    "k8s.sched_silent": "a pod is pending and the scheduler said nothing",
    # Kubernetes: storage
    "k8s.volume_unbound": "a claim is not bound",
    "k8s.volume_class": "the claim's storage class does not exist or differs from the volume's",
    "k8s.volume_selector": "the claim's selector matches no volume",
    "k8s.volume_access_mode": "access modes of claim and volume differ",
    "k8s.volume_occupied": "the volume is bound to another claim",
    "k8s.volume_capacity": "no volume is large enough",
    "k8s.mount_failed": "a volume cannot be mounted",
    "k8s.mount_permission": "permission denied on a mounted volume",
    "k8s.config_missing": "a referenced ConfigMap or Secret, or a key of it, does not exist",
    # Kubernetes: images
    "k8s.image_not_found": "the image or tag does not exist, or the reference is invalid",
    "k8s.image_denied": "the registry refuses: pull secret missing or wrong",
    "k8s.image_registry_unreachable": "the registry's name does not resolve or it does not answer",
    # Kubernetes: probes
    "k8s.probe_port": "a readiness probe points to a port that the container does not serve",
    "k8s.probe_protocol": "a readiness probe speaks another protocol than the container",
    "k8s.liveness_port": "a probe that restarts points to a port that the container does not serve",
    "k8s.liveness_protocol": "a probe that restarts speaks another protocol than the container",
    "k8s.probe_timing": "a liveness probe's timing kills a slow but healthy start",
    "k8s.probe_path": "a probe's path answers with an error",
    "k8s.probe_failing": "a probe fails although its port and protocol match",
    # Kubernetes: services and names
    "k8s.selector_empty": "a Service selects no pod",
    "k8s.target_port": "a Service's target port is not served by its pods",
    "k8s.service_protocol": "a Service's protocol or application protocol differs from its pods'",
    "k8s.address_wrong": "configuration names an address or port that no Service offers",
    "k8s.network_policy": "a network policy cuts a path that is used",
    "k8s.sidecar": "a sidecar or proxy is not ready",
    # Kubernetes: nodes and control plane
    "k8s.node_not_ready": "a node is not ready",
    "k8s.node_pressure": "a node reports memory, disk or PID pressure",
    "k8s.node_cordoned": "a node is cordoned",
    "k8s.kubelet_down": "a node's kubelet is not running",
    "k8s.runtime_down": "a node's container runtime is not running",
    "k8s.proxy_down": "a node's service proxy is not running",
    "k8s.scheduler_down": "the scheduler is not running",
    "k8s.controller_down": "the controller manager is not running",
    "k8s.dns_down": "cluster DNS is not running",
}

SLOW = frozenset({"latency.up", "client_latency.up"})
FAILING = frozenset({"errors.up", "success.down", "trace.errors_up"})
REQUESTS = SLOW | FAILING
"""Measured on the requests themselves: only when one of these is normal is a service known to serve well."""
SUFFERING = REQUESTS | {"log.errors_up", "traffic.down"}
"""Show at a service whatever it is that fails in it or below it. Who judges symptoms adds what else counts there."""
OWN_ONLY = ("change.", "release.")
"""How signs begin that say what was done to a thing: never the effect of something else."""


def is_sign(name: str) -> bool:
    """Whether `name` is a known sign, a team's own, or a prefix pattern over known signs (`log.*`)."""
    if name.endswith(".*"):
        return any(sign.startswith(name[:-1]) for sign in SIGNS)
    return name in SIGNS or name.startswith("team.")


CRITICAL = "team.critical_error"
"""A line that the team wants to see whatever else is said. No mechanism that ships asks for it."""


def matches(pattern: str, sign: str) -> bool:
    """Whether a sign is what a pattern word asks for."""
    return sign.startswith(pattern[:-1]) if pattern.endswith(".*") else sign == pattern


def known_signs(patterns: Collection[str]) -> frozenset[str]:
    """The signs of the table that any of the pattern words asks for."""
    begins = tuple(word[:-1] for word in patterns if word.endswith(".*"))
    return frozenset(sign for sign in SIGNS if sign in patterns or sign.startswith(begins))
