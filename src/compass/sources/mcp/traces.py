"""Tempo's API over the tools of mcp-grafana."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import msgspec

from compass.domain.time import NS_PER_S, rfc3339
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.http.replies import Reply
from compass.sources.live.gathered import Span
from compass.sources.mcp.calls import Calls
from compass.sources.mcp.datasources import DataSources
from compass.sources.mcp.tools import Arguments
from compass.sources.tempo.answers import Count, FoundTrace, Hits, JsonCount, WholeTrace, count_of, hits_of
from compass.sources.tempo.otlp import hexadecimal, kind_of, parent_of, status_of
from compass.sources.tempo.traceql import Slice
from compass.tables.objects import Json

SEARCH, METRICS, VALUES, TRACE = (
    "search_tempo_traces", "query_tempo_metrics", "list_tempo_attribute_values", "get_tempo_trace",
)  # fmt: skip
GIVEN = 20
"""Traces that a search gives: the tool has no limit of its own, and this is Tempo's where none is asked for."""
PARTS = 8
"""One search is asked in so many parts of its time; those that hold more traces than are given, in halves of them."""
MOST_PARTS = 24
_UNKNOWN = 404


class _Values(msgspec.Struct, rename="camel"):
    """Values by their type."""

    tag_values: dict[str, list[str | int | float | bool]] = {}


class _Status(msgspec.Struct):
    code: str = ""


class _Span(msgspec.Struct, rename="camel"):
    span_id: str
    name: str = ""
    parent_span_id: str = ""
    kind: str = ""
    start_time_unix_nano: str = "0"
    end_time_unix_nano: str = "0"
    attributes: dict[str, object] = {}
    status: _Status = msgspec.field(default_factory=_Status)


class _Scope(msgspec.Struct):
    spans: list[_Span] = []


class _Service(msgspec.Struct, rename="camel"):
    service_name: str = ""
    resource: dict[str, object] = {}
    scopes: list[_Scope] = []


class _Trace(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    services: list[_Service] = []


class _Whole(msgspec.Struct):
    trace: _Trace


class _Room:
    """How many more questions may be asked."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, some: int) -> bool:
        if some > self._left:
            return False
        self._left -= some
        return True


class McpTempo:
    """Implements `tempo.api.TempoApi`. `cut`: times of which there are more traces than the tool gives."""

    def __init__(self, calls: Calls, sources: DataSources) -> None:
        self._calls, self._sources = calls, sources
        self.cut: list[Slice] = []

    async def search(self, query: str, within: Slice, limit: int, *, deadline: Deadline) -> Hits:
        """In parts, at once: each gives GIVEN traces and no more, whatever `limit` is."""
        few = limit <= GIVEN
        parts = _parts(within, 1 if few else PARTS)
        room = None if few else _Room(MOST_PARTS - len(parts))
        came = await asyncio.gather(*(self._part(query, part, room, deadline) for part in parts))
        traces: dict[str, FoundTrace] = {}
        for trace in (trace for found in came for trace in found):
            traces.setdefault(trace.trace_id, trace)  # one that lies in two parts comes whole with each
        return Hits(traces=list(traces.values())[:limit])

    async def _part(self, query: str, part: Slice, room: _Room | None, deadline: Deadline) -> Sequence[FoundTrace]:
        found = (await self._search(query, part, deadline)).traces
        if len(found) < GIVEN or room is None:
            return found
        if part.end_s - part.start_s < 2 or not room.take(2):
            self.cut.append(part)
            return found
        halves = await asyncio.gather(*(self._part(query, half, room, deadline) for half in _parts(part, 2)))
        return [trace for half in halves for trace in half]

    async def count(self, query: str, within: Slice, step_s: int, *, deadline: Deadline) -> Count:  # noqa: ARG002
        """In steps that the server chooses."""
        arguments: Arguments = {"query": query, **_between(within), "type": "range"}
        return count_of((await self._ask(METRICS, arguments, deadline)).json(JsonCount))

    async def values(self, tag: str, query: str, within: Slice, *, deadline: Deadline) -> Sequence[str]:  # noqa: ARG002
        """The tool takes no time: of the last hours. None at all is not told apart from none in these."""
        arguments: Arguments = {"name": tag, "filter-query": query}
        found = (await self._ask(VALUES, arguments, deadline)).json(_Values).tag_values
        values = sorted({str(value) for values in found.values() for value in values if value})
        if not values:
            raise SourceRefusedError("does not tell the values of an attribute at that time", where=self._calls.name)
        return values

    async def trace(self, trace_id: str, within: Slice | None, *, deadline: Deadline) -> WholeTrace | None:  # noqa: ARG002
        """Without the events of spans: the tool leaves them out."""
        try:
            reply = await self._ask(TRACE, {"trace_id": trace_id}, deadline)
        except SourceRefusedError as error:
            if error.status == _UNKNOWN:
                return None
            raise
        trace = reply.json(_Whole).trace
        try:
            return WholeTrace(spans=[span for service in trace.services for span in _spans(service, trace.trace_id)])
        except ValueError as error:
            raise SourceRefusedError(f"gave a span that is none: {error}", where=self._calls.name) from error

    async def aclose(self) -> None:
        """The connection is the feed's."""

    async def _search(self, query: str, within: Slice, deadline: Deadline) -> Hits:
        reply = await self._ask(SEARCH, {"query": query, **_between(within)}, deadline)
        try:
            return hits_of(reply)
        except ValueError as error:
            raise SourceRefusedError(f"gave a trace that is none: {error}", where=self._calls.name) from error

    async def _ask(self, tool: str, arguments: Arguments, deadline: Deadline) -> Reply:
        uid = await self._sources.uid("traces", deadline=deadline)
        return await self._calls.reply(tool, {"datasourceUid": uid, **arguments}, deadline=deadline)


def _parts(within: Slice, most: int) -> list[Slice]:
    """Equal parts of whole seconds, each at least one second."""
    length = within.end_s - within.start_s
    count = max(1, min(most, length))
    edges = [within.start_s + length * i // count for i in range(count + 1)]
    return [Slice(start_s=a, end_s=b) for a, b in pairwise(edges)]


def _between(within: Slice) -> dict[str, str]:
    return {"start": rfc3339(within.start_s * NS_PER_S), "end": rfc3339(within.end_s * NS_PER_S)}


def _spans(service: _Service, trace_id: str) -> list[Span]:
    resource = cast("dict[str, Json]", {"service.name": service.service_name, **service.resource})
    found = []
    for span in (span for scope in service.scopes for span in scope.spans):
        start = int(span.start_time_unix_nano)
        found.append(Span(
            trace_id=hexadecimal(trace_id, "trace"), span_id=hexadecimal(span.span_id, "span"),
            parent_span_id=parent_of(hexadecimal(span.parent_span_id, "span")), service=service.service_name,
            name=span.name, kind=kind_of(span.kind), start_ns=start,
            duration_ns=int(span.end_time_unix_nano) - start, status=status_of(span.status.code),
            resource=resource, attributes=cast("dict[str, Json]", span.attributes),
        ))  # fmt: skip
    return found
