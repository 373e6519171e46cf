"""Loki: log streams of a window, pushed down and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compass.sources.live.connector import Means
    from compass.sources.live.feed import Feed
    from compass.sources.live.options import TomlTable


class LokiConnector:
    """Implements `live.connector.Connector`."""

    type = "loki"
    needs = "read access to logs (Grafana Cloud: the scope `logs:read`), and the tenant's name where there are several"

    def connect(self, name: str, table: TomlTable, means: Means) -> Feed:
        from compass.sources.loki.connect import connect

        return connect(name, table, means)


CONNECTOR = LokiConnector()
