"""Live sources for the commands: connections from compass.toml, and the incident that a person's words describe."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from compass.domain.incident import Incident
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.config import Config, TomlTable, config_path, read_config
from compass.ports.errors import ConfigurationError

if TYPE_CHECKING:
    from compass.ports.tools import Ask, Tools
    from compass.sources.http.ledger import Ledger
    from compass.sources.live.feed import Feed
    from compass.sources.live.source import LiveSource


def config() -> Config:
    """The team's compass.toml; empty where there is none. Raises ConfigurationError for what is wrong in it."""
    chosen = read_config(config_path(os.environ, Path.cwd()))
    if chosen.signals:
        from compass.signals.catalogue import builtin

        try:
            builtin().extended(chosen.signals)
        except ValueError as error:
            raise ConfigurationError(str(error), where=f"{chosen.path}: signals", hint="docs/sources.md") from error
    return chosen


def feeds_of(chosen: Config) -> tuple[Sequence[Feed], Ledger]:
    """A feed for each server, none asked yet. Raises ConfigurationError where none is named or one is wrong."""
    from compass.redaction.secret import Secrets
    from compass.sources.http.ledger import Ledger
    from compass.sources.live.connector import Means, connect

    if not chosen.sources:
        raise ConfigurationError(
            "no server is connected", where=str(chosen.path or "compass.toml"),
            hint="compass init asks for your Grafana; or --recording DIR; or compass demo",
        )  # fmt: skip
    ledger = Ledger()
    means = Means(
        clock=SystemClock(), ledger=ledger, secrets=Secrets(os.environ, chosen.base),
        specialists=specialists_for(chosen.sources),
    )  # fmt: skip
    return connect(chosen.sources, means), ledger


def specialists_for(tables: Mapping[str, TomlTable]) -> frozenset[str] | None:
    """The names of the specialists, where any of `tables` may name one: they take time to import."""
    if not any("ask" in table for table in tables.values()):
        return None
    from compass.agents import charters

    return frozenset(charter.name for charter in charters())


def usable(chosen: Config) -> tuple[Config, tuple[ConfigurationError, ...]]:
    """The sources that can be connected, and what is wrong with the others: one secret that is not set must not keep
    anybody from investigating with the rest. Raises the first error where nothing can be connected."""
    kept: dict[str, TomlTable] = {}
    wrong: list[ConfigurationError] = []
    for name, table in chosen.sources.items():
        try:
            feeds_of(replace(chosen, sources={name: table}))
        except ConfigurationError as error:
            wrong.append(error)
        else:
            kept[name] = table
    if not kept:
        feeds_of(chosen)
    return replace(chosen, sources=kept), tuple(wrong)


@asynccontextmanager
async def connected(chosen: Config) -> AsyncIterator[Sequence[Feed]]:
    """Feeds for as long as a command needs them."""
    from compass.sources.live.feed import close_all

    feeds, _ = feeds_of(chosen)
    try:
        yield feeds
    finally:
        await close_all(feeds)


def live_source(chosen: Config, incident: Incident, parts: frozenset[str] | None = None) -> LiveSource:
    """A fresh source: what it gathers (`parts`, or everything) is its own, and is removed when it is closed."""
    from compass.sources.live.source import LiveSource

    feeds, ledger = feeds_of(chosen)
    names = ", ".join(feed.name for feed in feeds)
    return LiveSource(names, feeds, incident, SystemClock(), ledger, parts=parts, metric_rules=chosen.signals)


def tools_of(chosen: Config) -> tuple[tuple[Ask, ...], Callable[[], Tools]]:
    """What investigations ask of the team's own tools, and how to connect to the servers that have them."""
    from compass.sources.mcp.desk import Desk
    from compass.sources.mcp.feed import McpFeed

    def asking(feeds: Sequence[Feed]) -> list[McpFeed]:
        return [feed for feed in feeds if isinstance(feed, McpFeed) and feed.asks]

    def connect() -> Tools:
        feeds, ledger = feeds_of(only)
        return Desk(asking(feeds), SystemClock(), ledger)

    able = asking(feeds_of(chosen)[0])
    only = replace(chosen, sources={feed.name: chosen.sources[feed.name] for feed in able})
    return tuple(ask for feed in able for ask in feed.asks), connect
