"""What telemetry is about: one reference for a thing, wherever a label, resource or object names it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EntityKind(StrEnum):
    """Kinds of thing that an incident can strike."""

    SERVICE = "service"
    WORKLOAD = "workload"
    POD = "pod"
    CONTAINER = "container"
    NODE = "node"
    NAMESPACE = "namespace"
    DATABASE = "database"
    CACHE = "cache"
    QUEUE = "queue"
    VOLUME = "volume"
    EXTERNAL = "external"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class EntityRef:
    """One entity. `cluster` and `namespace` are empty where the telemetry names none."""

    kind: EntityKind
    name: str
    namespace: str = ""
    cluster: str = ""

    @property
    def key(self) -> str:
        """A stable text key, e.g. `service/shop/orders` or `node//worker-1`; cluster appended when known."""
        base = f"{self.kind.value}/{self.namespace}/{self.name}"
        return f"{base}@{self.cluster}" if self.cluster else base

    def __str__(self) -> str:
        return self.name if self.kind is EntityKind.SERVICE else f"{self.kind.value} {self.name}"
