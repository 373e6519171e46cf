"""From a section of the settings to a feed."""

from __future__ import annotations

from dataclasses import replace

from compass.sources.live.connector import Means
from compass.sources.live.options import TomlTable, options_of, server_of
from compass.sources.loki.api import CATEGORISED, ENDPOINTS, HttpLoki
from compass.sources.loki.feed import LokiFeed
from compass.sources.loki.options import LokiOptions, checked


def connect(name: str, table: TomlTable, means: Means) -> LokiFeed:
    """Raises ConfigurationError for options that are wrong. Nothing is asked of the server yet."""
    where = f"sources.{name}"
    options = checked(options_of(table, LokiOptions, where), where)
    server = server_of(name, options, means.secrets)
    server = replace(server, headers={**server.headers, **CATEGORISED})
    return LokiFeed(name, HttpLoki(name, means.client(server, ENDPOINTS)), options, means.clock)
