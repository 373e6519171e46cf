"""`type = "mimir"` in compass.toml."""

from __future__ import annotations

from dataclasses import dataclass

from compass.ports.errors import ConfigurationError
from compass.sources.live.connector import Means
from compass.sources.live.feed import Feed
from compass.sources.live.options import ServerOptions, TomlTable, options_of, server_of


class MimirOptions(ServerOptions, kw_only=True, forbid_unknown_fields=True):
    """`matchers` bound every metric that is asked, as in PromQL: `{namespace="shop"}`, and every alert that has those
    labels. `points` bounds one
    investigation, `interval_s` is how far apart samples usually are."""

    matchers: str = ""
    points: int = 2_000_000
    interval_s: float = 15.0


@dataclass(frozen=True, slots=True)
class MimirConnector:
    """Prometheus' HTTP API."""

    type: str = "mimir"
    needs: str = "reading metrics (Grafana Cloud: metrics:read; Mimir: the tenant's id); nothing is written"

    def connect(self, name: str, table: TomlTable, means: Means) -> Feed:
        from compass.sources.mimir.api import ENDPOINTS, HttpApi
        from compass.sources.mimir.feed import MimirFeed

        options = options_of(table, MimirOptions, f"sources.{name}")
        client = means.client(server_of(name, options, means.secrets), ENDPOINTS)
        return MimirFeed(
            name, HttpApi(client), matchers=matchers_of(options.matchers, name), points=options.points,
            interval_s=options.interval_s, clock=means.clock,
        )  # fmt: skip


def matchers_of(text: str, name: str) -> str:
    """The inside of `{...}`. Raises ConfigurationError for anything but one pair of braces."""
    inside = text.strip()
    if inside.startswith("{") and inside.endswith("}"):
        inside = inside[1:-1].strip().rstrip(",")
    if "{" in inside.replace("\\{", "") or inside.count('"') % 2:
        raise ConfigurationError(
            f"{text!r} is no list of matchers", where=f"compass.toml: sources.{name}.matchers",
            hint="""'{namespace="shop", cluster=~"eu-.*"}'""",
        )  # fmt: skip
    return inside


CONNECTOR = MimirConnector()
