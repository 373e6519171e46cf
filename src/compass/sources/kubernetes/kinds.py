"""Which kinds are read, when, and from where. The role in deploy/kubernetes is equal to this list."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from compass.sources.http.allowed import Endpoint

NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Asks for metadata alone: the values never leave the server ("Kubernetes API Concepts")."""


class When(StrEnum):
    """When a kind is read."""

    ALWAYS = "always"
    SHORT = "when pods are missing"  # a workload has fewer pods than it wants
    UNBOUND = "when a claim is not bound"
    CHANGES = "for changes"
    KEPT = "for a recording"  # no rule reads it yet; a recording that is kept may be asked by a later one


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of the API. `names_only`: its values are not read. `cached`: small and slow to change, so that the
    server may answer from its cache (resourceVersion=0) instead of reading its store. `page`: objects an answer."""

    name: str
    plural: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True
    when: When = When.ALWAYS
    names_only: bool = False
    cached: bool = False
    page: int = 500

    @property
    def api(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def everywhere(self) -> Endpoint:
        return Endpoint(path=f"{self._root}/{self.plural}")

    @property
    def in_namespace(self) -> Endpoint:
        return Endpoint(path=f"{self._root}/namespaces/{{}}/{self.plural}")

    @property
    def _root(self) -> str:
        return f"/apis/{self.api}" if self.group else f"/api/{self.version}"

    @property
    def accept(self) -> str:
        return NAMES_ONLY if self.names_only else "application/json"

    @property
    def grant(self) -> str:
        """The permission in the words of RBAC."""
        return f'verb list on resource {self.plural} of apiGroup "{self.group}"'


POD = Kind(name="Pod", plural="pods", page=250)
EVENT = Kind(name="Event", plural="events", page=1_000)  # small, many, and in no order of time
DEPLOYMENT = Kind(name="Deployment", plural="deployments", group="apps", page=250)
REPLICA_SET = Kind(name="ReplicaSet", plural="replicasets", group="apps", page=250)
STATEFUL_SET = Kind(name="StatefulSet", plural="statefulsets", group="apps", page=250)
DAEMON_SET = Kind(name="DaemonSet", plural="daemonsets", group="apps", page=250)
REVISION = Kind(
    name="ControllerRevision", plural="controllerrevisions", group="apps", when=When.CHANGES, page=250
)  # fmt: skip
AUTOSCALER = Kind(name="HorizontalPodAutoscaler", plural="horizontalpodautoscalers", group="autoscaling", version="v2")
CLAIM = Kind(name="PersistentVolumeClaim", plural="persistentvolumeclaims")
SERVICE = Kind(name="Service", plural="services")
QUOTA = Kind(name="ResourceQuota", plural="resourcequotas")
POLICY = Kind(name="NetworkPolicy", plural="networkpolicies", group="networking.k8s.io", cached=True)
CONFIG = Kind(name="ConfigMap", plural="configmaps", names_only=True)
NODE = Kind(name="Node", plural="nodes", namespaced=False, page=250)

KINDS = (
    POD, SERVICE, NODE, EVENT, DEPLOYMENT, REPLICA_SET, STATEFUL_SET, DAEMON_SET, AUTOSCALER, QUOTA, CLAIM, POLICY,
    CONFIG, REVISION,
    Kind(name="ServiceAccount", plural="serviceaccounts", when=When.SHORT, names_only=True),
    Kind(name="PersistentVolume", plural="persistentvolumes", namespaced=False, when=When.UNBOUND),
    Kind(name="StorageClass", plural="storageclasses", group="storage.k8s.io", namespaced=False, when=When.UNBOUND,
         cached=True),
    Kind(name="Namespace", plural="namespaces", namespaced=False, when=When.KEPT, cached=True),
    Kind(name="Job", plural="jobs", group="batch", when=When.KEPT, page=250),
    Kind(name="CronJob", plural="cronjobs", group="batch", when=When.KEPT, page=250),
    Kind(name="LimitRange", plural="limitranges", when=When.KEPT, cached=True),
    Kind(name="PodDisruptionBudget", plural="poddisruptionbudgets", group="policy", when=When.KEPT),
    Kind(name="Ingress", plural="ingresses", group="networking.k8s.io", when=When.KEPT, cached=True),
    Kind(name="EndpointSlice", plural="endpointslices", group="discovery.k8s.io", when=When.KEPT),
)  # fmt: skip
OF_CHANGES = (
    DEPLOYMENT, REPLICA_SET, STATEFUL_SET, DAEMON_SET, REVISION, POD, EVENT, AUTOSCALER, SERVICE, QUOTA, POLICY, CONFIG,
)  # fmt: skip
VERSION = Endpoint(path="/version")
ENDPOINTS = (
    VERSION,
    *(kind.everywhere for kind in KINDS),
    *(kind.in_namespace for kind in KINDS if kind.namespaced),
)
