"""Facts about entities, gathered in any order, from which the entity index is built."""

from __future__ import annotations

from collections.abc import Iterable

from compass.domain.entity import EntityKind
from compass.signals.catalogue import About
from compass.signals.entities import KIND_OF_ABOUT, EntityIndex, store_name
from compass.signals.identity import without_bound
from compass.signals.names import (
    DESTINATION,
    DESTINATION_NAMESPACE,
    NAMESPACE,
    NODE,
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


class EntityIndexBuilder:
    """Takes facts in any order; `build` resolves them."""

    def __init__(self) -> None:
        self._namespaces: dict[tuple[EntityKind, str], set[str]] = {}
        self._stores: dict[str, set[EntityKind]] = {}
        self._emitters: set[str] = set()
        self._pod_service: dict[str, set[str]] = {}
        self._pod_workload: dict[str, set[str]] = {}
        self._pod_node: dict[str, set[str]] = {}
        self._workload_service: dict[tuple[str, str], set[str]] = {}
        self._addresses: dict[str, set[tuple[EntityKind, str, str]]] = {}
        self._added: set[tuple[About, frozenset[tuple[str, str]]]] = set()

    def add(self, kind: EntityKind, name: str, namespace: str = "") -> None:
        """A thing of this kind and name exists."""
        if name:
            self._namespaces.setdefault((kind, name), set()).update({namespace} - {""})

    def add_labels(self, labels: Labels, about: About = About.LABELS) -> None:
        """What the labels of a series, a stream or a span's resource name, and what is in what."""
        key = (about, without_bound(labels))
        if about in KIND_OF_ABOUT or key in self._added:
            return
        self._added.add(key)
        namespace = first(labels, NAMESPACE)
        pod = first(labels, OBJECT_POD if about is About.OBJECT else POD)
        service = "" if about in (About.OBJECT, About.NODE) else first(labels, SERVICE)
        workload = first(labels, tuple(WORKLOADS))
        node = first(labels, NODE)
        kind, store = managed_store(labels)
        if store and not (service or pod or workload):
            self.add_store(store, EntityKind(kind))
            self.add(EntityKind(kind), store, namespace)
        if service and not is_address(service):
            self.add(EntityKind.SERVICE, host_of(service) or service, namespace)
        if about is not About.NODE:
            self.add(EntityKind.POD, pod, namespace)
            self.add(EntityKind.WORKLOAD, workload, namespace)
            if pod and service:
                self._pod_service.setdefault(pod, set()).add(service)
            if pod and workload:
                self._pod_workload.setdefault(pod, set()).add(workload)
            if pod and node:
                self._pod_node.setdefault(pod, set()).add(node)
            if workload and service:
                self._workload_service.setdefault((namespace, workload), set()).add(service)
        if node:
            self.add(EntityKind.NODE, node)
        if namespace:
            self.add(EntityKind.NAMESPACE, namespace)
        for end, space in ((SOURCE, SOURCE_NAMESPACE), (DESTINATION, DESTINATION_NAMESPACE)):
            name = host_of(first(labels, end)) or ""
            if name and not is_address(name) and "." not in name:
                self.add(EntityKind.SERVICE, name, first(labels, space))

    def add_emitter(self, service: str) -> None:
        """This service sends spans itself: a call to it with a database's protocol does not make it a store."""
        self._emitters.add(service)
        self.add(EntityKind.SERVICE, service)

    def add_store(self, name: str, kind: EntityKind) -> None:
        """`name` (a service name, host or address) was seen to be a data store."""
        host = host_of(name) or ""
        if host:
            self._stores.setdefault(host, set()).add(kind)

    def add_store_labels(self, labels: Labels, about: About) -> None:
        """The target of an exporter of a data store."""
        kind, name = KIND_OF_ABOUT.get(about), store_name(labels)
        if kind is not None and name:
            self.add_store(name, kind)
            self.add(kind, split_host(host_of(name), frozenset())[0], first(labels, NAMESPACE))

    def add_address(self, address: str, kind: EntityKind, name: str, namespace: str = "") -> None:
        """An IP address belongs to this thing (cluster IP, pod IP, node address)."""
        if address and address.lower() != "none":
            self._addresses.setdefault(address, set()).add((kind, name, namespace))

    def add_pod(
        self, pod: str, namespace: str, *, node: str = "", workload: str = "", services: Iterable[str] = ()
    ) -> None:
        """A Kubernetes pod: where it runs, who owns it, which Services select it."""
        self.add(EntityKind.POD, pod, namespace)
        if node:
            self._pod_node.setdefault(pod, set()).add(node)
            self.add(EntityKind.NODE, node)
        if workload:
            self._pod_workload.setdefault(pod, set()).add(workload)
            self.add(EntityKind.WORKLOAD, workload, namespace)
        for service in services:
            self._pod_service.setdefault(pod, set()).add(service)
            if workload:
                self._workload_service.setdefault((namespace, workload), set()).add(service)

    def build(self) -> EntityIndex:
        """The index of everything added so far."""
        stores = {name: min(kinds) for name, kinds in self._stores.items() if name not in self._emitters}
        workloads = {pod: min(names) for pod, names in self._pod_workload.items()}
        self._place_services()
        return EntityIndex(
            namespaces={key: frozenset(spaces) for key, spaces in sorted(self._namespaces.items())},
            stores=stores,
            pod_service={pod: _best(names, workloads.get(pod, "")) for pod, names in self._pod_service.items()},
            pod_workload=workloads,
            pod_node={pod: next(iter(nodes)) for pod, nodes in self._pod_node.items() if len(nodes) == 1},
            workload_service={key: _best(names, key[1]) for key, names in sorted(self._workload_service.items())},
            addresses={host: next(iter(found)) for host, found in self._addresses.items() if len(found) == 1},
        )

    def _place_services(self) -> None:
        """A service that only streams without namespaces name is where the pods are that are named after it."""
        for kind, pod in list(self._namespaces):
            name = workload_of_pod(pod) if kind is EntityKind.POD and pod not in self._pod_workload else ""
            if name and self._namespaces.get((EntityKind.SERVICE, name)) == set():
                self._namespaces[EntityKind.SERVICE, name] |= self._namespaces[kind, pod]


def _best(names: set[str], workload: str) -> str:
    """One of several services of a pod: the one named like its workload, else the shortest, else the first."""
    return workload if workload in names else min(names, key=lambda name: (len(name), name))
