"""One Grafana for everything: its data sources through its proxy, its annotations as changes, its alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compass.sources.live.connector import Means
    from compass.sources.live.feed import Feed
    from compass.sources.live.options import TomlTable


@dataclass(frozen=True, slots=True)
class GrafanaConnector:
    """Implements `live.connector.Connector`."""

    type: str = "grafana"
    needs: str = (
        "a service account with the role Viewer (datasources:read, datasources:query, annotations:read, "
        "alert.rules:read, alert.instances:read)"
    )

    def connect(self, name: str, table: TomlTable, means: Means) -> Feed:
        from compass.sources.grafana.connect import connect

        return connect(name, table, means)


CONNECTOR = GrafanaConnector()
