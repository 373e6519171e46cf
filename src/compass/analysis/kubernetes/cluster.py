"""Sorting the objects into one Cluster value, whatever order they came in."""

from __future__ import annotations

from collections.abc import Sequence

from compass.analysis.kubernetes import model
from compass.analysis.kubernetes.model import Cluster, Happening
from compass.analysis.kubernetes.read import at, mapping, spec_of, strings, text, time_ns
from compass.tables.objects import KubeObject

MAX_EVENTS = 50_000
NAMED = frozenset({"ServiceAccount", "Secret", "ConfigMap", "StorageClass"})


def read_cluster(objects: Sequence[KubeObject], now_ns: int | None = None) -> Cluster:
    """The typed cluster. `now_ns` is the end of what may be read; without it, the latest time any event names."""
    ordered = sorted(objects, key=lambda o: (o.kind, o.namespace, o.name))
    by_kind: dict[str, list[KubeObject]] = {}
    for o in ordered:
        by_kind.setdefault(o.kind, []).append(o)

    def of(kind: str) -> list[KubeObject]:
        return by_kind.get(kind, [])

    # The latest: cut by their names, whole namespaces would be without any.
    happenings = sorted((model.read_happening(o) for o in of("Event")), key=lambda h: (h.last_ns or 0, h.ref))
    happenings = happenings[-MAX_EVENTS:]
    leases = {
        o.name: time_ns(at(spec_of(o.body), "renewTime")) for o in of("Lease") if o.namespace == "kube-node-lease"
    }
    named = {(o.kind, o.namespace, o.name): _keys(o) for kind in sorted(NAMED) for o in of(kind)}
    namespaces = {o.name for o in of("Namespace")} | {o.namespace for o in ordered if o.namespace}
    return Cluster(
        kinds=frozenset(by_kind),
        pods=tuple(model.read_pod(o) for o in of("Pod")),
        controllers=tuple(model.read_controller(o) for kind in sorted(model.WORKLOADS) for o in of(kind)),
        services=tuple(model.read_service(o) for o in of("Service")),
        nodes=tuple(model.read_node(o, leases.get(o.name)) for o in of("Node")),
        claims=tuple(model.read_storage(o) for o in of("PersistentVolumeClaim")),
        volumes=tuple(model.read_storage(o) for o in of("PersistentVolume")),
        classes={o.name: text(o.body.get("volumeBindingMode")) or "Immediate" for o in of("StorageClass")},
        quotas=tuple(model.read_quota(o) for o in of("ResourceQuota")),
        happenings=tuple(happenings),
        policies=tuple(of("NetworkPolicy")),
        named=named,
        listed=frozenset((kind, namespace) for kind, namespace, _ in named),
        data={(o.namespace, o.name): strings(o.body.get("data")) for o in of("ConfigMap")},
        namespaces=tuple(sorted(namespaces)),
        now_ns=now_ns if now_ns is not None else _latest(happenings, leases),
    )


def _keys(o: KubeObject) -> frozenset[str] | None:
    """Keys of a ConfigMap or Secret; None where the object came without its data (then a key cannot be missed)."""
    fields = [o.body[name] for name in ("data", "binaryData", "stringData") if name in o.body]
    return frozenset(key for entry in fields for key in mapping(entry)) if fields else None


def _latest(happenings: Sequence[Happening], leases: dict[str, int | None]) -> int | None:
    times = [h.last_ns for h in happenings if h.last_ns is not None]
    times += [t for t in leases.values() if t is not None]
    return max(times, default=None)
