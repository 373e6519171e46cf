"""Tempo: spans of a window by TraceQL search, sampled evenly where they are too many; whole traces by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compass.sources.live.connector import Means
    from compass.sources.live.feed import Feed
    from compass.sources.live.options import TomlTable


class TempoConnector:
    """Implements `live.connector.Connector`."""

    type = "tempo"
    needs = (
        "read access to traces (Grafana Cloud: the scope `traces:read`), and the tenant's name where there are several"
    )

    def connect(self, name: str, table: TomlTable, means: Means) -> Feed:
        from compass.sources.live.options import options_of, server_of
        from compass.sources.tempo.api import ENDPOINTS, HttpTempo
        from compass.sources.tempo.feed import TempoFeed
        from compass.sources.tempo.options import TempoOptions

        options = options_of(table, TempoOptions, f"sources.{name}")
        server = server_of(name, options, means.secrets)
        return TempoFeed(name, HttpTempo(means.client(server, ENDPOINTS), name), options, means.clock)


CONNECTOR = TempoConnector()
