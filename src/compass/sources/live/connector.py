"""Sources by the name of their type: every module in `sources/` that has a CONNECTOR can be connected."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import httpx2

from compass import sources
from compass.ports.clock import Clock
from compass.ports.errors import ConfigurationError
from compass.redaction.secret import Secrets
from compass.sources.http.allowed import Endpoint
from compass.sources.http.client import Client
from compass.sources.http.ledger import Ledger
from compass.sources.http.settings import Server
from compass.sources.live.feed import Feed
from compass.sources.live.options import TomlTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What connections are made with. One ledger an investigation: it counts every request. `transport` replaces the
    network, below the guard, for tests that replay what real servers said. `specialists`: the names of those who may
    be offered something (None: nobody checks them)."""

    clock: Clock
    ledger: Ledger
    secrets: Secrets
    transport: httpx2.AsyncBaseTransport | None = None
    specialists: frozenset[str] | None = None

    def client(self, server: Server, endpoints: Iterable[Endpoint]) -> Client:
        """A client for one server that can ask `endpoints` and nothing else."""
        return Client(server, endpoints, clock=self.clock, ledger=self.ledger, transport=self.transport)


class Connector(Protocol):
    """One type of source. `type` is its name in compass.toml; `needs` the exact permission, in words for a person."""

    @property
    def type(self) -> str: ...

    @property
    def needs(self) -> str: ...

    def connect(self, name: str, table: TomlTable, means: Means) -> Feed:
        """A feed, without asking the server anything yet. Raises ConfigurationError for options that are wrong."""
        ...


def connectors() -> Mapping[str, Connector]:
    """Every type of source there is."""
    found: dict[str, Connector] = {}
    for info in pkgutil.iter_modules(sources.__path__):
        module = importlib.import_module(f"{sources.__name__}.{info.name}")
        made: Connector | None = getattr(module, "CONNECTOR", None)
        if made is not None:
            found[made.type] = made
    return found


def connect(tables: Mapping[str, TomlTable], means: Means) -> Sequence[Feed]:
    """A feed for each `[sources.NAME]`. Raises ConfigurationError naming what is wrong."""
    known = connectors()
    feeds = []
    for name, table in tables.items():
        kind = table.get("type")
        if not isinstance(kind, str) or kind not in known:
            said = "it has no type" if kind is None else f"there is no source of type {kind!r}"
            raise ConfigurationError(
                said, where=f"compass.toml: sources.{name}", hint=f"known: {', '.join(sorted(known))}"
            )
        feeds.append(known[kind].connect(name, table, means))
    return tuple(feeds)
