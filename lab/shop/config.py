"""What a service reads when it starts: its own configuration (deployed) and its wiring (where things listen)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True)
class PoolConfig:
    """The bounds of a database connection pool."""

    min_size: int
    max_size: int
    acquire_timeout_seconds: float


@dataclass(frozen=True)
class RetryConfig:
    """How often a neighbour is asked, and how long each attempt may take."""

    attempts: int
    attempt_timeout_seconds: float


@dataclass(frozen=True)
class ServiceConfig:
    """One service's deployed configuration; a deploy writes a new one and restarts the service."""

    service: str
    version: str
    log_level: str
    client_timeout_seconds: float
    texts: Mapping[str, str]
    pool: PoolConfig | None = None
    retries: Mapping[str, RetryConfig] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """A wording that the service shows or logs."""
        return self.texts[key]

    def number(self, key: str) -> float:
        """A setting of the section `settings`."""
        return self.numbers[key]


@dataclass(frozen=True)
class Wiring:
    """Where this process listens and where its neighbours are. Never part of a deploy's diff.

    `backends` are addresses by name (a conninfo or a URL). `resolver` is the port of the name server, `controls` the
    file of switches that can be turned while the process runs, `authority` the file of the certificate authority, and
    `identity` the files of this process's own certificate and key, if it speaks TLS.
    """

    port: int
    admin_port: int
    instance: str
    otlp_endpoint: str
    peers: Mapping[str, str]
    backends: Mapping[str, str]
    resolver: int
    controls: str
    authority: str
    identity: tuple[str, str] | None = None

    def backend(self, name: str) -> str:
        """Where a database, cache or queue listens; ConfigError when this service has none of that name."""
        if name not in self.backends:
            raise ConfigError(f"this service has no backend {name}")
        return self.backends[name]


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
        retries={str(peer): _retry(entry) for peer, entry in raw.get("retries", {}).items()},
        numbers={str(key): float(value) for key, value in raw.get("settings", {}).items()},
    )


def _pool(raw: Mapping[str, float]) -> PoolConfig:
    return PoolConfig(
        min_size=int(raw["min_size"]),
        max_size=int(raw["max_size"]),
        acquire_timeout_seconds=float(raw["acquire_timeout_seconds"]),
    )


def _retry(raw: Mapping[str, float]) -> RetryConfig:
    return RetryConfig(int(raw["attempts"]), float(raw["attempt_timeout_seconds"]))


def load_wiring(path: Path) -> Wiring:
    """Read the wiring the lab wrote for one process."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    identity = raw.pop("identity", None)
    return Wiring(**raw, identity=None if identity is None else (identity[0], identity[1]))
