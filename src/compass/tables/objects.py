"""State and facts: Kubernetes objects, changes, alerts, probes, dependencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compass.domain.entity import EntityRef
from compass.domain.incident import Change, Dependency

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeObject:
    """One API object as `kubectl get -o json` gives it. `body` is untrusted and may lack anything."""

    kind: str
    namespace: str
    name: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_ns: int
    ends_ns: int | None
    status: str
    entity: EntityRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One active check: kind tcp_connect | systemd_unit | dns | http."""

    at_ns: int
    kind: str
    target: str
    ok: bool
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectTable:
    """Exactly one of the tuples is filled, per the query's kind."""

    kubernetes: tuple[KubeObject, ...] = field(default=())
    changes: tuple[Change, ...] = field(default=())
    alerts: tuple[Alert, ...] = field(default=())
    probes: tuple[Probe, ...] = field(default=())
    dependencies: tuple[Dependency, ...] = field(default=())
