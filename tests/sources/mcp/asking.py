"""Connecting to MCP servers as the settings of a team do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Clock
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connectors
from compass.sources.mcp.feed import McpFeed
from compass.sources.mcp.options import found
from tests.support.grafana_stand_in import TOKEN, GrafanaStandIn

TINY = Path(__file__).with_name("tiny_server.py")
CANARY = "canary-5f0e9a7b-do-not-show"
ALL = (
    "read_note", "hostile", "unsure", "write_note", "two_faced", "large", "larger", "hang", "crash", "fails", "picture",
    "environment", "count", "invalid", "absent", "start_child",
)  # fmt: skip


def needs_mcp_grafana() -> pytest.MarkDecorator:
    """Skip, by name, where the program is not installed."""
    there = shutil.which(found("mcp-grafana", os.environ.get("PATH"))) is not None
    return pytest.mark.skipif(not there, reason="mcp-grafana is not installed (pip install mcp-grafana)")


def connected(
    ledger: Ledger, table: Mapping[str, object], environment: Mapping[str, str], clock: Clock | None = None
) -> McpFeed:
    means = Means(clock=clock or SystemClock(), ledger=ledger, secrets=Secrets(environment, Path()))
    feed = connectors()["mcp"].connect("helper", {"type": "mcp", **table}, means)
    assert isinstance(feed, McpFeed)
    return feed


@asynccontextmanager
async def tiny(ledger: Ledger | None = None, **options: object) -> AsyncIterator[McpFeed]:
    """The tiny server, with all its tools allowed but those that never are."""
    table = {"command": [sys.executable, str(TINY)], "tools": list(ALL), **options}
    environment = {"PATH": os.environ["PATH"], "OURS": CANARY, "NOT_NAMED": "not-for-you"}
    feed = connected(ledger or Ledger(), table, environment)
    try:
        yield feed
    finally:
        await feed.aclose()


@asynccontextmanager
async def grafana(
    stand_in: GrafanaStandIn,
    ledger: Ledger | None = None,
    token: str = TOKEN,
    clock: Clock | None = None,
    **options: object,
) -> AsyncIterator[McpFeed]:
    """mcp-grafana, the real program, in front of a stand-in."""
    env = {"GRAFANA_URL": stand_in.url, "GRAFANA_SERVICE_ACCOUNT_TOKEN": "env:GRAFANA_TOKEN"}
    environment = {"PATH": os.environ["PATH"], "GRAFANA_TOKEN": token}
    feed = connected(ledger or Ledger(), {"grafana": True, "env": env, **options}, environment, clock)
    try:
        yield feed
    finally:
        await feed.aclose()
