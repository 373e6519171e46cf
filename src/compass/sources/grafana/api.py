"""Grafana's HTTP API (https://grafana.com/docs/grafana/latest/developers/http_api/), as far as COMPASS reads it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.sources.http.allowed import Endpoint
from compass.sources.http.client import Client

DATA_SOURCES = Endpoint(path="/api/datasources")
ANNOTATIONS = Endpoint(path="/api/annotations")
ALERTS = Endpoint(path="/api/alertmanager/grafana/api/v2/alerts")
RULES = Endpoint(path="/api/prometheus/grafana/api/v1/rules")
# Queries go to a data source's own API through the proxy, each with its own list; `/api/ds/query`, which takes any
# query of any data source, is not among what can be asked.
ENDPOINTS = (DATA_SOURCES, ANNOTATIONS, ALERTS, RULES)
MOST_ANNOTATIONS = 1000
_MS = 1_000_000


class FoundSource(msgspec.Struct, rename={"is_default": "isDefault"}):
    """A data source that the account may see."""

    uid: str
    name: str
    type: str
    is_default: bool = False


class FoundAnnotation(msgspec.Struct, rename={
    "time_end": "timeEnd", "alert_id": "alertId", "alert_name": "alertName", "new_state": "newState",
    "dashboard_uid": "dashboardUID", "panel_id": "panelId",
}):  # fmt: skip
    """Times in milliseconds. `new_state` is set where Grafana itself noted that an alert changed its state."""

    id: int = 0
    time: int = 0
    time_end: int = 0
    text: str = ""
    tags: list[str] | None = None
    alert_id: int = 0
    alert_name: str = ""
    new_state: str = ""
    dashboard_uid: str | None = None
    panel_id: int = 0


class FoundState(msgspec.Struct):
    state: str = ""


class FoundAlert(msgspec.Struct, rename={
    "starts_at": "startsAt", "ends_at": "endsAt", "generator_url": "generatorURL",
}):  # fmt: skip
    """An alert that Grafana's own Alertmanager holds now."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: str = ""
    ends_at: str = ""
    status: FoundState = msgspec.field(default_factory=FoundState)
    generator_url: str = ""


class ManagedRule(msgspec.Struct):
    """A rule of Grafana's own. Older ones do not tell `uid`."""

    name: str = ""
    uid: str = ""


class _Group(msgspec.Struct):
    rules: list[ManagedRule] = []


class _Groups(msgspec.Struct):
    groups: list[_Group] = []


class _Rules(msgspec.Struct):
    data: _Groups = msgspec.field(default_factory=_Groups)


class GrafanaApi:
    """Grafana's own endpoints; its data sources have clients of their own."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def data_sources(self, *, deadline: Deadline) -> Sequence[FoundSource]:
        return (await self._client.ask(DATA_SOURCES, deadline=deadline)).json(list[FoundSource])

    async def annotations(self, window: Window, *, deadline: Deadline) -> Sequence[FoundAnnotation]:
        params = [
            ("from", str(window.start_ns // _MS)), ("to", str(window.end_ns // _MS)), ("limit", str(MOST_ANNOTATIONS)),
        ]  # fmt: skip
        return (await self._client.ask(ANNOTATIONS, deadline=deadline, params=params)).json(list[FoundAnnotation])

    async def alerts(self, *, deadline: Deadline) -> Sequence[FoundAlert]:
        return (await self._client.ask(ALERTS, deadline=deadline)).json(list[FoundAlert])

    async def rules(self, *, deadline: Deadline) -> Sequence[ManagedRule]:
        """Grafana's own rules, without the instances of each: of these there can be thousands."""
        reply = await self._client.ask(RULES, deadline=deadline, params=[("limit_alerts", "0")])
        return [rule for group in reply.json(_Rules).data.groups for rule in group.rules]

    async def aclose(self) -> None:
        await self._client.aclose()
