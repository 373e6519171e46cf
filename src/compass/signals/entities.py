"""The entity index: labels, span resources, Kubernetes objects and free names become one reference for one thing.

Two names are the same thing when they agree in kind and name and one of them has no namespace while only one
namespace is known for it. A name that spans or exporters show to be a data store is that store everywhere (in
topology, logs, changes), not also a service. Nothing here depends on the order in which facts arrive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from compass.domain.entity import EntityKind, EntityRef
from compass.signals.catalogue import About
from compass.signals.names import (
    CLUSTER,
    CONTAINER,
    DESTINATION,
    DESTINATION_NAMESPACE,
    JOB,
    NAMESPACE,
    NODE,
    NODE_FALLBACK,
    OBJECT_POD,
    POD,
    SERVICE,
    SOURCE,
    SOURCE_NAMESPACE,
    WORKLOADS,
    Labels,
    first,
    host_of,
    is_address,
    managed_store,
    split_host,
    workload_of_pod,
)

STORES = frozenset({EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE})
KIND_OF_ABOUT = {
    About.DATABASE: EntityKind.DATABASE,
    About.CACHE: EntityKind.CACHE,
    About.QUEUE: EntityKind.QUEUE,
}
_CACHE_WORDS = re.compile(r"redis|memcache|valkey|hazelcast|ehcache|cache|dragonfly")
_QUEUE_WORDS = re.compile(r"kafka|rabbit|amqp|nats|pulsar|sqs|pubsub|queue|activemq|kinesis|servicebus|messaging")
_STORE_WORDS = re.compile(r"sql|database|^db$|mongo|cassandra|oracle|dynamo|elastic|cockroach|postgres|maria|datastore")
DESCRIBES_HOST = "compass_describes"


def store_kind(system: str) -> EntityKind | None:
    """The kind of data store that a `db.system`, `messaging.system` or dependency kind names, if it is one."""
    text = system.strip().lower()
    if not text:
        return None
    if _CACHE_WORDS.search(text):
        return EntityKind.CACHE
    if _QUEUE_WORDS.search(text):
        return EntityKind.QUEUE
    return EntityKind.DATABASE if _STORE_WORDS.search(text) else None


def store_name(labels: Labels) -> str:
    """The data store an exporter reports on: its own name, unless that is the exporter's; else the address it reads."""
    name = first(labels, SERVICE)
    instance = host_of(first(labels, ("server", "addr", "target", "instance")))
    if name and "exporter" not in name.lower():
        return name
    if instance and not is_address(instance):
        return instance
    return "" if first(labels, POD) else instance or first(labels, JOB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a set of labels is about. `entity` is the most specific thing, `service` what it belongs to.

    `peer` is the other end of an edge; `client` says that the caller measured it. `describes_host`: the series is
    about the machine of `entity`, whose name is not known.
    """

    entity: EntityRef
    service: EntityRef
    peer: EntityRef | None = None
    client: bool = False
    describes_host: bool = False


class EntityIndex:
    """Built by `entity_facts.EntityIndexBuilder`; read-only afterwards."""

    def __init__(
        self,
        *,
        namespaces: Mapping[tuple[EntityKind, str], frozenset[str]],
        stores: Mapping[str, EntityKind],
        pod_service: Mapping[str, str],
        pod_workload: Mapping[str, str],
        pod_node: Mapping[str, str],
        workload_service: Mapping[tuple[str, str], str],
        addresses: Mapping[str, tuple[EntityKind, str, str]],
    ) -> None:
        self._namespaces = namespaces
        self._stores = stores
        self._pod_service = pod_service
        self._pod_workload = pod_workload
        self._pod_node = pod_node
        self._workload_service = workload_service
        self._addresses = addresses
        self._members: dict[EntityRef, frozenset[EntityRef]] = {}
        self._known_namespaces = frozenset().union(*namespaces.values()) if namespaces else frozenset()

    # -- references ------------------------------------------------------------------------------------------------

    def ref(self, kind: EntityKind, name: str, namespace: str = "", cluster: str = "") -> EntityRef:
        """The reference for a thing of this kind and name; the only known namespace fills an empty one."""
        if kind is EntityKind.SERVICE and name in self._stores:
            kind = self._stores[name]
        if kind in (EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER):
            return EntityRef(kind=kind, name=name, cluster=cluster)
        if not namespace:
            known = self._namespaces.get((kind, name), frozenset())
            if not known and (kind is EntityKind.SERVICE or kind in STORES):
                known = self._namespaces.get((EntityKind.WORKLOAD, name), frozenset())
            namespace = next(iter(known)) if len(known) == 1 else ""
        return EntityRef(kind=kind, name=name, namespace=namespace, cluster=cluster)

    def service(self, name: str, namespace: str = "") -> EntityRef:
        """The service (or store) that a plain name, host name or `name.namespace` means."""
        host = host_of(name) or name.strip()
        found = self._addresses.get(host)
        if found is not None:
            return self.ref(found[0], found[1], found[2])
        if is_address(host):
            return self.ref(self._stores.get(host, EntityKind.EXTERNAL), host)
        short, inside = split_host(host, self._known_namespaces)
        kind = self._stores.get(host) or self._stores.get(short) or EntityKind.SERVICE
        known = kind is not EntityKind.SERVICE or (EntityKind.SERVICE, short) in self._namespaces
        if "." in short and not known:
            return self.ref(EntityKind.EXTERNAL, short)
        return self.ref(kind, short, inside or namespace)

    def resolve(self, name: str) -> EntityRef | None:
        """What a free name means (a change's service, an alert's target): service, store, workload, pod or node."""
        text = name.strip()
        if not text:
            return None
        for kind in (EntityKind.SERVICE, EntityKind.WORKLOAD, EntityKind.POD, EntityKind.NODE, EntityKind.NAMESPACE):
            if text not in self._stores and kind is not EntityKind.SERVICE and (kind, text) in self._namespaces:
                return self.ref(kind, text)
            if kind is EntityKind.SERVICE and ((kind, text) in self._namespaces or text in self._stores):
                return self.ref(kind, text)
        return self.service(text)

    # -- labels ----------------------------------------------------------------------------------------------------

    def of_labels(self, labels: Labels, about: About = About.LABELS, *, client: bool = False) -> Resolved | None:
        """What labels are about, or None when they name nothing. Label names may use dots or underscores."""
        if about is About.NODE:
            return self._of_node(labels)
        if about in KIND_OF_ABOUT:
            return self._of_store(labels, KIND_OF_ABOUT[about])
        edge = self._of_edge(labels)
        if edge is not None:
            return edge
        own = self._of_target(labels, objects=about is About.OBJECT)
        if own is None:
            return None
        peer = first(labels, ("peer_service", "server_address", "net_peer_name")) if client else ""
        if not peer:
            return own
        return Resolved(entity=own.entity, service=own.service, peer=self.service(peer), client=True)

    def _of_target(self, labels: Labels, *, objects: bool) -> Resolved | None:
        namespace, cluster = first(labels, NAMESPACE), first(labels, CLUSTER)
        pod = first(labels, OBJECT_POD if objects else POD)
        name = "" if objects else first(labels, SERVICE)
        workload = first(labels, tuple(WORKLOADS))
        node = first(labels, NODE)
        kind, store = managed_store(labels)
        if store and not (name or pod or workload):
            entity = self.ref(EntityKind(kind), store, namespace, cluster)
            return Resolved(entity=entity, service=entity)
        if not name and not pod and not workload and not node and not objects:
            # job = "namespace/service" (OpenTelemetry to Prometheus), else the job's own name.
            space, _, tail = first(labels, JOB).rpartition("/")
            name, namespace = tail, namespace or (space if space in self._known_namespaces else "")
        if name and not is_address(name):
            name, inside = split_host(host_of(name) or name, self._known_namespaces)
            namespace = namespace or inside
        if pod:
            entity = self.ref(EntityKind.POD, pod, namespace, cluster)
            if name:
                return Resolved(entity=entity, service=self.ref(EntityKind.SERVICE, name, entity.namespace, cluster))
            return Resolved(entity=entity, service=self.service_of(entity))
        if name:
            entity = self.ref(EntityKind.SERVICE, name, namespace, cluster)
        elif workload:
            entity = self.ref(EntityKind.WORKLOAD, workload, namespace, cluster)
            return Resolved(entity=entity, service=self.service_of(entity))
        elif node:
            entity = self.ref(EntityKind.NODE, node, cluster=cluster)
        elif first(labels, CONTAINER):
            entity = self.ref(EntityKind.CONTAINER, first(labels, CONTAINER), namespace, cluster)
        elif namespace:
            entity = self.ref(EntityKind.NAMESPACE, namespace, cluster=cluster)
        else:
            return None
        return Resolved(entity=entity, service=entity)

    def _of_node(self, labels: Labels) -> Resolved | None:
        node = first(labels, NODE)
        pod = first(labels, POD)
        if not node and pod and not first(labels, NODE_FALLBACK):
            node = self._pod_node.get(pod, "")
            if not node:
                own = self._of_target(labels, objects=False)
                return own and Resolved(entity=own.entity, service=own.service, describes_host=True)
        node = node or host_of(first(labels, NODE_FALLBACK)) or ""
        if not node:
            own = self._of_target(labels, objects=False)
            return own and Resolved(entity=own.entity, service=own.service, describes_host=True)
        known = self._addresses.get(node)
        entity = self.ref(EntityKind.NODE, known[1] if known and known[0] is EntityKind.NODE else node)
        return Resolved(entity=entity, service=entity)

    def _of_store(self, labels: Labels, kind: EntityKind) -> Resolved | None:
        name = store_name(labels)
        if not name:
            return self._of_target(labels, objects=False)
        short, inside = split_host(name, self._known_namespaces)
        entity = self.ref(self._stores.get(short, kind), short, first(labels, NAMESPACE) or inside)
        return Resolved(entity=entity, service=entity)

    def _of_edge(self, labels: Labels) -> Resolved | None:
        source, destination = first(labels, SOURCE), first(labels, DESTINATION)
        if not source or not destination:
            return None
        caller = self.service(source, first(labels, SOURCE_NAMESPACE))
        callee = self.service(destination, first(labels, DESTINATION_NAMESPACE))
        at_caller = labels.get("reporter", "source") not in ("destination", "server")
        own = self._of_target(labels, objects=False) if first(labels, POD) or first(labels, SERVICE) else None
        if own is not None and own.service in (caller, callee):
            peer = callee if own.service == caller else caller
            return Resolved(entity=own.entity, service=own.service, peer=peer, client=own.service == caller)
        here, there = (caller, callee) if at_caller else (callee, caller)
        return Resolved(entity=here, service=here, peer=there, client=at_caller)

    # -- containment -----------------------------------------------------------------------------------------------

    def service_of(self, entity: EntityRef) -> EntityRef:
        """The service a pod, container or workload belongs to; the workload or the thing itself when none is known."""
        if entity.kind is EntityKind.POD:
            name = self._pod_service.get(entity.name)
            if name:
                return self.ref(EntityKind.SERVICE, name, entity.namespace, entity.cluster)
            workload = self._pod_workload.get(entity.name) or workload_of_pod(entity.name)
            if not workload:
                return entity
            entity = self.ref(EntityKind.WORKLOAD, workload, entity.namespace, entity.cluster)
        if entity.kind is EntityKind.WORKLOAD:
            service = self._workload_service.get((entity.namespace, entity.name))
            known = (EntityKind.SERVICE, entity.name) in self._namespaces or entity.name in self._stores
            if service is None and known:
                service = entity.name
            return self.ref(EntityKind.SERVICE, service, entity.namespace, entity.cluster) if service else entity
        return entity

    def node_of(self, pod: EntityRef) -> EntityRef | None:
        """The node a pod runs on, where anything said so."""
        node = self._pod_node.get(pod.name)
        return self.ref(EntityKind.NODE, node, cluster=pod.cluster) if node else None

    def members(self, entity: EntityRef) -> frozenset[EntityRef]:
        """The entity itself and everything known to be part of it (workloads and pods of a service)."""
        known = self._members.get(entity)
        if known is None:
            found = {entity}
            for child, parent, kind in self._containment:
                if parent in found and kind == "part_of":
                    found.add(child)
            known = self._members[entity] = frozenset(found)
        return known

    def containment(self) -> tuple[tuple[EntityRef, EntityRef, str], ...]:
        """(child, parent, `part_of` | `runs_on`), parents of workloads before those of pods, sorted."""
        return self._containment

    @cached_property
    def _containment(self) -> tuple[tuple[EntityRef, EntityRef, str], ...]:
        pairs: set[tuple[int, EntityRef, EntityRef, str]] = set()
        for (space, name), service_name in self._workload_service.items():
            workload = self.ref(EntityKind.WORKLOAD, name, space)
            pairs.add((1, workload, self.ref(EntityKind.SERVICE, service_name, space), "part_of"))
        for kind, name in self._namespaces:
            if kind is EntityKind.SERVICE:
                service_ref = self.ref(kind, name)
                if service_ref.namespace:
                    pairs.add((0, service_ref, self.ref(EntityKind.NAMESPACE, service_ref.namespace), "part_of"))
            if kind is not EntityKind.POD:
                continue
            for space in self._namespaces[kind, name] or frozenset({""}):
                pod = self.ref(kind, name, space)
                owner = self._pod_workload.get(name)
                if owner and (space, owner) in self._workload_service:
                    pairs.add((2, pod, self.ref(EntityKind.WORKLOAD, owner, space), "part_of"))
                elif (service := self.service_of(pod)) != pod:
                    pairs.add((2, pod, service, "part_of"))
                node = self.node_of(pod)
                if node is not None:
                    pairs.add((3, pod, node, "runs_on"))
        return tuple((child, parent, kind) for _, child, parent, kind in sorted(pairs))

    def aliases(self, entity: EntityRef) -> tuple[str, ...]:
        """Addresses, and workloads of another name, that lead to this entity, sorted."""
        hosts = {host for host, (kind, name, space) in self._addresses.items() if self.ref(kind, name, space) == entity}
        workloads = {
            name for (space, name), service in self._workload_service.items()
            if self.ref(EntityKind.SERVICE, service, space) == entity
        }  # fmt: skip
        return tuple(sorted((hosts | workloads) - {entity.name}))

    def entities(self) -> tuple[EntityRef, ...]:
        """Everything that was named, sorted."""
        found = {
            self.ref(kind, name, space)
            for (kind, name), spaces in self._namespaces.items()
            for space in (spaces or frozenset({""}))
        }
        return tuple(sorted(found))
