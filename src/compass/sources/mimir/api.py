"""Prometheus' HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/), as far as COMPASS reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from compass.domain.time import NS_PER_S, Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.http.allowed import Endpoint
from compass.sources.http.client import Client, Params
from compass.sources.http.replies import Reply
from compass.sources.mimir.samples import Measured, read_matrix

SERIES = Endpoint(path="/api/v1/series", method="POST")
QUERY = Endpoint(path="/api/v1/query", method="POST")
QUERY_RANGE = Endpoint(path="/api/v1/query_range", method="POST")
EXEMPLARS = Endpoint(path="/api/v1/query_exemplars", method="POST")
METADATA = Endpoint(path="/api/v1/metadata")
RULES = Endpoint(path="/api/v1/rules")
ALERTS = Endpoint(path="/api/v1/alerts")
# The three that take POST only read, too: a form instead of a query string, since selectors grow long.
ENDPOINTS = (SERIES, QUERY, QUERY_RANGE, EXEMPLARS, METADATA, RULES, ALERTS)


class _Listed(msgspec.Struct):
    data: list[dict[str, str]]
    warnings: list[str] = []


class FoundRule(msgspec.Struct):
    """One alerting rule of the server; other rules lack `annotations`."""

    name: str = ""
    query: str = ""
    duration: float = 0.0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    type: str = ""


class _Group(msgspec.Struct):
    rules: list[FoundRule] = []


class _Groups(msgspec.Struct):
    groups: list[_Group] = []


class _Rules(msgspec.Struct):
    data: _Groups


class ActiveAlert(msgspec.Struct, rename="camel"):
    """An alert that is pending or firing now."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    state: str = ""
    active_at: str | None = None


class _Active(msgspec.Struct):
    alerts: list[ActiveAlert] = []


class _Alerts(msgspec.Struct):
    data: _Active


class FoundExemplar(msgspec.Struct):
    """One exemplar: `labels` hold the trace id under a name that the team chose."""

    labels: dict[str, str] = {}
    value: str = ""
    timestamp: float = 0.0


class FoundExemplars(msgspec.Struct, rename="camel"):
    """Exemplars of one series."""

    series_labels: dict[str, str] = {}
    exemplars: list[FoundExemplar] = []


class _Exemplars(msgspec.Struct):
    data: list[FoundExemplars] = []


class Described(msgspec.Struct):
    """What a target says about a metric: its type (counter, gauge, histogram ...), help and unit."""

    type: str = ""
    help: str = ""
    unit: str = ""


class _Metadata(msgspec.Struct):
    data: dict[str, list[Described]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Label sets (`__name__` among the labels), and what the server said besides."""

    series: Sequence[Mapping[str, str]]
    warnings: tuple[str, ...] = ()


class PrometheusApi(Protocol):
    """What is asked of a server, whatever the way to it (HTTP, Grafana's proxy, MCP)."""

    async def series(self, selector: str, window: Window, limit: int, *, deadline: Deadline) -> Listed: ...

    async def instant(self, expression: str, at_ns: int, *, deadline: Deadline) -> Measured: ...

    async def range(self, expression: str, window: Window, step_s: float, *, deadline: Deadline) -> Measured: ...

    async def exemplars(self, expression: str, window: Window, *, deadline: Deadline) -> Sequence[FoundExemplars]: ...

    async def metadata(self, *, deadline: Deadline) -> Mapping[str, Described]: ...

    async def rules(self, *, deadline: Deadline) -> Sequence[FoundRule]: ...

    async def alerts(self, *, deadline: Deadline) -> Sequence[ActiveAlert]: ...

    async def aclose(self) -> None: ...


class HttpApi:
    """The API over HTTP."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def series(self, selector: str, window: Window, limit: int, *, deadline: Deadline) -> Listed:
        params = [("match[]", selector), *_between(window), ("limit", str(limit))]
        found = (await self._ask(SERIES, deadline, params)).json(_Listed)
        return Listed(series=found.data, warnings=tuple(found.warnings))

    async def instant(self, expression: str, at_ns: int, *, deadline: Deadline) -> Measured:
        reply = await self._ask(QUERY, deadline, [("query", expression), ("time", stamp(at_ns))])
        return await asyncio.to_thread(read_matrix, reply)  # other answers need not wait for millions of samples

    async def range(self, expression: str, window: Window, step_s: float, *, deadline: Deadline) -> Measured:
        params = [("query", expression), *_between(window), ("step", f"{step_s:g}")]
        return await asyncio.to_thread(read_matrix, await self._ask(QUERY_RANGE, deadline, params))

    async def exemplars(self, expression: str, window: Window, *, deadline: Deadline) -> Sequence[FoundExemplars]:
        return (await self._ask(EXEMPLARS, deadline, [("query", expression), *_between(window)])).json(_Exemplars).data

    async def metadata(self, *, deadline: Deadline) -> Mapping[str, Described]:
        found = (await self._ask(METADATA, deadline, [("limit_per_metric", "1")])).json(_Metadata).data
        return {name: told[0] for name, told in found.items() if told}

    async def rules(self, *, deadline: Deadline) -> Sequence[FoundRule]:
        found = (await self._ask(RULES, deadline, [("type", "alert")])).json(_Rules).data
        return [rule for group in found.groups for rule in group.rules if rule.type in ("", "alerting")]

    async def alerts(self, *, deadline: Deadline) -> Sequence[ActiveAlert]:
        return (await self._ask(ALERTS, deadline, ())).json(_Alerts).data.alerts

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _ask(self, endpoint: Endpoint, deadline: Deadline, params: Params) -> Reply:
        return await self._client.ask(endpoint, deadline=deadline, params=params)


def stamp(ns: int) -> str:
    """Seconds since the epoch with milliseconds, as Prometheus keeps them."""
    return f"{ns // NS_PER_S}.{ns % NS_PER_S // 1_000_000:03d}"


def _between(window: Window) -> list[tuple[str, str]]:
    if window.end_ns <= window.start_ns:
        raise SourceRefusedError("the window is empty", where="metrics")
    return [("start", stamp(window.start_ns)), ("end", stamp(window.end_ns))]
