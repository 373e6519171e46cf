"""What a service reads when it starts: its own configuration (deployed) and its wiring (where things listen)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class PoolConfig:
    """The bounds of a database connection pool."""

    min_size: int
    max_size: int
    acquire_timeout_seconds: float


@dataclass(frozen=True)
class ServiceConfig:
    """One service's deployed configuration; a deploy writes a new one and restarts the service."""

    service: str
    version: str
    log_level: str
    client_timeout_seconds: float
    texts: Mapping[str, str]
    pool: PoolConfig | None = None

    def text(self, key: str) -> str:
        """A wording that the service shows or logs."""
        return self.texts[key]


@dataclass(frozen=True)
class Wiring:
    """Where this process listens and where its neighbours are. Never part of a deploy's diff."""

    port: int
    admin_port: int
    instance: str
    otlp_endpoint: str
    peers: Mapping[str, str]
    database: str | None = None
    cache: str | None = None


class ConfigError(ValueError):
    """A configuration file says something the service cannot use."""


def load_config(path: Path) -> ServiceConfig:
    """Read a service's YAML configuration."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(raw, dict) or "service" not in raw:
        raise ConfigError(f"{path.name}: expected a mapping with a service")
    pool = raw.get("database", {}).get("pool")
    return ServiceConfig(
        service=str(raw["service"]),
        version=str(raw["version"]),
        log_level=str(raw.get("log_level", "info")),
        client_timeout_seconds=float(raw.get("client_timeout_seconds", 5.0)),
        texts={str(key): str(value) for key, value in raw.get("texts", {}).items()},
        pool=None if pool is None else _pool(pool),
    )


def _pool(raw: Mapping[str, float]) -> PoolConfig:
    return PoolConfig(
        min_size=int(raw["min_size"]),
        max_size=int(raw["max_size"]),
        acquire_timeout_seconds=float(raw["acquire_timeout_seconds"]),
    )


def load_wiring(path: Path) -> Wiring:
    """Read the wiring the lab wrote for one process."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Wiring(**raw)
