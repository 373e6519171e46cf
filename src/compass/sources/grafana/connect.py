"""From a section of the settings to a feed."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from compass.sources.grafana.api import ENDPOINTS, GrafanaApi
from compass.sources.grafana.feed import GrafanaFeed
from compass.sources.live.connector import Means, connectors
from compass.sources.live.feed import Feed
from compass.sources.live.options import ServerOptions, TomlTable, options_of, server_of

PROXY = "/api/datasources/proxy/uid/"
# Types of data source → the source that speaks with them.
TYPES = {"prometheus": "mimir", "loki": "loki", "tempo": "tempo"}
_PASSED_ON = ("token", "user", "password", "headers", "authority", "certificate", "key", "timeout_s", "concurrency",
              "answer_mb")  # fmt: skip


class GrafanaOptions(ServerOptions, kw_only=True, forbid_unknown_fields=True):
    """`metrics`, `logs`, `traces` name a data source (name or uid) where there are several of its type.

    `metrics_options` and so on are options of that source: `matchers`, `selector`, `filter`.
    """

    metrics: str = ""
    logs: str = ""
    traces: str = ""
    metrics_options: dict[str, object] = msgspec.field(default_factory=dict)
    logs_options: dict[str, object] = msgspec.field(default_factory=dict)
    traces_options: dict[str, object] = msgspec.field(default_factory=dict)


def connect(name: str, table: TomlTable, means: Means) -> GrafanaFeed:
    """Raises ConfigurationError for options that are wrong. Nothing is asked of the server yet."""
    options = options_of(table, GrafanaOptions, f"sources.{name}")
    server = server_of(name, options, means.secrets)
    more: Mapping[str, Mapping[str, object]] = {
        "prometheus": options.metrics_options, "loki": options.logs_options, "tempo": options.traces_options,
    }  # fmt: skip

    def below(type_: str, uid: str) -> Feed:
        """The feed of one data source, through the proxy: the same code as for the server itself."""
        passed = {key: table[key] for key in _PASSED_ON if key in table}
        own = {**passed, **more[type_], "type": TYPES[type_], "url": f"{server.url}{PROXY}{quote(uid, safe='')}"}
        return connectors()[TYPES[type_]].connect(f"{name}/{type_}", own, means)

    for type_, given in more.items():
        if given:
            below(type_, "checked-only")  # what is wrong with options is said now
    wanted = {"prometheus": options.metrics, "loki": options.logs, "tempo": options.traces}
    return GrafanaFeed(name, server.url, GrafanaApi(means.client(server, ENDPOINTS)), wanted, below, means.clock)
