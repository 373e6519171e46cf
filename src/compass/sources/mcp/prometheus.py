"""Prometheus' API over the tools of mcp-grafana. Values and times come as the server wrote them: nothing is rounded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from compass.domain.time import Window, rfc3339
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.http.replies import Reply
from compass.sources.mcp.calls import Calls
from compass.sources.mcp.datasources import DataSources
from compass.sources.mimir.api import ActiveAlert, Described, FoundExemplars, FoundRule, Listed
from compass.sources.mimir.samples import Measured, read_matrix
from compass.tables.objects import Json

T = TypeVar("T")
QUERY, METADATA, RULES = "query_prometheus", "list_prometheus_metric_metadata", "alerting_rules_read"
MOST_NAMES = 10_000
MOST_RULES = 200
"""What the tool gives at most."""
_ACTIVE = 'ALERTS{alertstate=~"firing|pending"}'
_OWN = ("__name__", "alertname", "alertstate")


class _Answer(msgspec.Struct):
    """`data` is what Prometheus has in `data.result`; its type is not told."""

    data: msgspec.Raw = msgspec.Raw(b"[]")
    warnings: list[str] | None = None


class _Rule(msgspec.Struct):
    title: str = ""
    type: str = ""
    query: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class McpPrometheus:
    """Implements `mimir.api.PrometheusApi`."""

    def __init__(self, calls: Calls, sources: DataSources) -> None:
        self._calls, self._sources = calls, sources

    async def series(self, selector: str, window: Window, limit: int, *, deadline: Deadline) -> Listed:
        """By their last sample: there is no tool that lists series."""
        span = round(window.seconds * 1000) + 1
        found = await self.instant(f"last_over_time({selector}[{span}ms])", window.end_ns, deadline=deadline)
        return Listed(series=found.labels[:limit], warnings=found.warnings)

    async def instant(self, expression: str, at_ns: int, *, deadline: Deadline) -> Measured:
        arguments: dict[str, Json] = {"expr": expression, "queryType": "instant", "endTime": _time(at_ns)}
        return await self._query(arguments, deadline)

    async def range(self, expression: str, window: Window, step_s: float, *, deadline: Deadline) -> Measured:
        """The tool takes whole seconds: a step is made longer, never shorter."""
        arguments: dict[str, Json] = {
            "expr": expression, "queryType": "range", "startTime": _time(window.start_ns),
            "endTime": _time(window.end_ns), "stepSeconds": math.ceil(step_s),
        }  # fmt: skip
        return await self._query(arguments, deadline)

    async def exemplars(self, expression: str, window: Window, *, deadline: Deadline) -> Sequence[FoundExemplars]:  # noqa: ARG002
        raise SourceRefusedError("has no tool that gives exemplars", where=self._calls.name)

    async def metadata(self, *, deadline: Deadline) -> Mapping[str, Described]:
        uid = await self._sources.uid("metrics", deadline=deadline)
        arguments: dict[str, Json] = {"datasourceUid": uid, "limit": MOST_NAMES, "limitPerMetric": 1}
        found = (await self._calls.reply(METADATA, arguments, deadline=deadline)).json(dict[str, list[Described]])
        return {name: told[0] for name, told in found.items() if told}

    async def rules(self, *, deadline: Deadline) -> Sequence[FoundRule]:
        uid = await self._sources.uid("metrics", deadline=deadline)
        arguments: dict[str, Json] = {"operation": "list", "datasource_uid": uid, "rule_limit": MOST_RULES}
        found = rules_of(await self._calls.reply(RULES, arguments, deadline=deadline), _Rule)
        return [
            FoundRule(
                name=rule.title, query=rule.query, labels=rule.labels or {}, annotations=rule.annotations or {},
                type="alerting",
            )
            for rule in found if rule.type in ("", "alerting")
        ]  # fmt: skip

    async def alerts(self, *, deadline: Deadline) -> Sequence[ActiveAlert]:
        """By the series that Prometheus keeps of them: since when they are active is not told."""
        found = await self.instant(_ACTIVE, self._sources.now_ns(), deadline=deadline)
        return [
            ActiveAlert(labels={k: v for k, v in labels.items() if k not in _OWN or k == "alertname"},
                        state=labels.get("alertstate", ""))
            for labels in found.labels
        ]  # fmt: skip

    async def aclose(self) -> None:
        """The connection is the feed's."""

    async def _query(self, arguments: dict[str, Json], deadline: Deadline) -> Measured:
        uid = await self._sources.uid("metrics", deadline=deadline)
        reply = await self._calls.reply(QUERY, {"datasourceUid": uid, **arguments}, deadline=deadline)
        answer = reply.json(_Answer)
        warnings = msgspec.json.encode(answer.warnings or [])
        data = b'{"data":{"resultType":"matrix","result":' + bytes(answer.data) + b'},"warnings":' + warnings + b"}"
        return read_matrix(Reply(body=data, content_type=reply.content_type, where=reply.where))


def rules_of(reply: Reply, kind: type[T]) -> list[T]:
    """The rules of an answer, which is nothing at all where there are none."""
    return [] if reply.body.strip() in (b"", b"null") else reply.json(list[kind])  # type: ignore[valid-type]


def _time(ns: int) -> str:
    """With milliseconds, as Prometheus keeps times; the tool does not understand more digits."""
    return rfc3339(ns // 1_000_000 * 1_000_000)
