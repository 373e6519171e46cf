"""COMPASS as a client of MCP servers: the official Grafana MCP server as a way to metrics, logs, traces, alerts and
annotations; tools of any other server for the specialists, where the team lists them by name and marks them read-only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compass.sources.live.connector import Means
    from compass.sources.live.feed import Feed
    from compass.sources.live.options import TomlTable


class McpConnector:
    """Implements `live.connector.Connector`."""

    type = "mcp"
    needs = (
        "for mcp-grafana a service account with the role Viewer (datasources:read, datasources:query,"
        " annotations:read, alert.rules:read); any other server: tools that only read, listed by name"
    )

    def connect(self, name: str, table: TomlTable, means: Means) -> Feed:
        from compass.sources.mcp.connect import connect

        return connect(name, table, means)


CONNECTOR = McpConnector()
