"""From a section of the settings to a feed."""

from __future__ import annotations

import asyncio
import importlib

from compass.redaction.secret import Secret
from compass.sources.http.settings import Server
from compass.sources.live.connector import Means
from compass.sources.live.options import TomlTable, caps_of, options_of, server_of
from compass.sources.mcp.asks import asks_of
from compass.sources.mcp.calls import Calls, Link
from compass.sources.mcp.feed import McpFeed
from compass.sources.mcp.options import GRAFANA_TOOLS, McpOptions, Program, checked, program_of, rule_of


def connect(name: str, table: TomlTable, means: Means) -> McpFeed:
    """Raises ConfigurationError for options that are wrong. Nothing is started yet."""
    where = f"sources.{name}"
    options = checked(options_of(table, McpOptions, where), table, where)
    rule = rule_of(options)
    reading = {*rule.marked, *(GRAFANA_TOOLS if options.grafana else ())}
    asks = asks_of(name, options.ask, rule.names, reading, means.specialists)
    caps = caps_of(options, name)
    target: Server | Program
    secrets: tuple[Secret, ...]
    if options.url:
        target = server_of(name, options, means.secrets, query=True)
        secrets = target.secrets
    else:
        target = program_of(options, means.secrets, where)
        secrets = target.secrets

    async def make_link() -> Link:
        # The SDK takes more than a second to import: in a thread, and only when something is asked.
        await asyncio.to_thread(importlib.import_module, "compass.sources.mcp.opening")
        from compass.sources.mcp.opening import link_to

        return link_to(target, name, caps)

    calls = Calls(name, make_link, rule, secrets=secrets, caps=caps, clock=means.clock, ledger=means.ledger)
    if not options.grafana:
        return McpFeed(name, calls, frozenset(), None, asks)
    from compass.sources.mcp.grafana import GrafanaParts

    return McpFeed(name, calls, frozenset(options.parts), GrafanaParts(name, calls, options, means.clock), asks)
