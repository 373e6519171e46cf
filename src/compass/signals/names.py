"""Which labels name what, and how host names and pod names are read.

Label names are those of the OpenTelemetry resource conventions (with underscores), kube-state-metrics, cAdvisor,
Prometheus target labels, Istio and Tempo's service graphs; the first that is present and not empty wins.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Set

Labels = Mapping[str, str]

SERVICE = (
    "service_name", "exported_service", "service", "app_kubernetes_io_name", "app", "application", "app_name",
    "application_name", "microservice", "function_name", "target_group", "load_balancer",
)  # fmt: skip
POD = ("k8s_pod_name", "pod", "pod_name", "kubernetes_pod_name", "kubernetes_pod", "k8s_pod")
OBJECT_POD = ("exported_pod", "k8s_pod_name", "pod", "pod_name", "kubernetes_pod", "k8s_pod")
# Labels by which cloud vendors name a managed store → what kind of store it is.
STORE_LABELS = {
    "db_instance_identifier": "database", "db_cluster_identifier": "database", "dbinstance_identifier": "database",
    "dbcluster_identifier": "database", "database_id": "database", "table_name": "database", "domain_name": "database",
    "cache_cluster_id": "cache", "replication_group_id": "cache", "queue_name": "queue", "topic_name": "queue",
    "stream_name": "queue",
}  # fmt: skip
NAMESPACE = ("k8s_namespace_name", "exported_namespace", "namespace", "kubernetes_namespace", "service_namespace")
NODE = ("k8s_node_name", "exported_node", "node", "nodename", "node_name", "kubernetes_node", "host_name")
NODE_FALLBACK = ("instance", "host")
CONTAINER = ("k8s_container_name", "exported_container", "container", "container_name")
CLUSTER = ("k8s_cluster_name", "cluster")
JOB = ("exported_job", "job")
# label → Kubernetes kind
WORKLOADS = {
    "k8s_deployment_name": "Deployment", "k8s_statefulset_name": "StatefulSet", "k8s_daemonset_name": "DaemonSet",
    "k8s_cronjob_name": "CronJob", "k8s_job_name": "Job", "deployment": "Deployment", "statefulset": "StatefulSet",
    "daemonset": "DaemonSet", "workload": "Deployment",
}  # fmt: skip
SOURCE = ("source_service", "source_canonical_service", "source_app", "source_workload", "client")
SOURCE_NAMESPACE = ("source_namespace", "source_workload_namespace", "client_k8s_namespace_name")
DESTINATION = (
    "destination_service_name", "destination_canonical_service", "destination_service", "destination_app",
    "destination_workload", "server",
)  # fmt: skip
DESTINATION_NAMESPACE = (
    "destination_namespace", "destination_service_namespace", "destination_workload_namespace",
    "server_k8s_namespace_name",
)  # fmt: skip
_UNKNOWN = frozenset({"", "unknown", "none", "<none>", "null", "-"})
# Deployment pods end in a ReplicaSet hash and five characters, DaemonSet pods in five, StatefulSet pods in a number.
# The alphabet is Kubernetes' "safe" one (apimachinery/pkg/util/rand).
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
_DEPLOYMENT_POD = re.compile(rf"^(?P<name>.+)-(?:{_SAFE}{{6,10}}|[0-9a-f]{{8,10}})-{_SAFE}{{5}}$")
_OTHER_POD = re.compile(rf"^(?P<name>.+)-(?:{_SAFE}{{5}}|\d{{1,4}})$")
_PORT = re.compile(r":\d{1,5}$")


def first(labels: Labels, names: tuple[str, ...]) -> str:
    """The first of these labels with a value that says something, else ""."""
    for name in names:
        value = labels.get(name, "")
        if value and value.lower() not in _UNKNOWN:
            return value
    return ""


def managed_store(labels: Labels) -> tuple[str, str]:
    """(kind of store, its name) where a cloud vendor's label names a managed store, else ("", "")."""
    name = first(labels, tuple(STORE_LABELS))
    return next(((kind, name) for label, kind in STORE_LABELS.items() if name and labels.get(label) == name), ("", ""))


def host_of(text: str) -> str:
    """The host in `host`, `host:port`, `scheme://user@host:port/path`; "" when there is none."""
    rest = text.strip()
    if "://" in rest:
        rest = rest.split("://", 1)[1]
    rest = rest.split("/", 1)[0].rsplit("@", 1)[-1]
    if rest.startswith("["):
        return rest[1:].split("]", 1)[0]
    if rest.count(":") > 1:
        return rest  # a bare IPv6 address
    return _PORT.sub("", rest).rstrip(".")


def is_address(host: str) -> bool:
    """Whether `host` is an IPv4 or IPv6 address (a port may follow)."""
    try:
        ipaddress.ip_address(host_of(host))
    except ValueError:
        return False
    return True


def split_host(host: str, namespaces: Set[str]) -> tuple[str, str]:
    """(name, namespace) of `name.namespace.svc[.cluster.local]`, or of `name.namespace` when it is a known one."""
    name, _, rest = host.partition(".")
    parts = rest.split(".")
    if len(parts) >= 2 and parts[1] == "svc":
        return name, parts[0]
    if len(parts) == 1 and parts[0] in namespaces:
        return name, parts[0]
    return host, ""


def workload_of_pod(pod: str) -> str:
    """The workload that Kubernetes' naming of pods implies, or ""."""
    found = _DEPLOYMENT_POD.match(pod) or _OTHER_POD.match(pod)
    return found["name"] if found else ""


def underscored(labels: Mapping[str, object]) -> dict[str, str]:
    """Label names with dots, dashes and slashes as underscores, values as text; nested values are left out."""
    return {
        re.sub(r"[^A-Za-z0-9_]", "_", name): str(value)
        for name, value in labels.items()
        if isinstance(value, str | int | float)
    }
