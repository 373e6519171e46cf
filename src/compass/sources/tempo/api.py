"""What is asked of a Tempo. Another transport implements the same protocol."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.http.allowed import Endpoint
from compass.sources.http.client import Client, Params
from compass.sources.http.replies import Reply
from compass.sources.tempo.answers import (
    PROTOBUF,
    Count,
    Hits,
    JsonCount,
    JsonTags,
    WholeTrace,
    bare_of,
    count_of,
    hits_of,
    whole_of,
)
from compass.sources.tempo.traceql import Slice

T = TypeVar("T")
SEARCH = Endpoint(path="/api/search")
TRACE = Endpoint(path="/api/v2/traces/{}")
OLD_TRACE = Endpoint(path="/api/traces/{}")
TAG_VALUES = Endpoint(path="/api/v2/search/tag/{}/values")
METRICS = Endpoint(path="/api/metrics/query_range")
ENDPOINTS = (SEARCH, TRACE, OLD_TRACE, TAG_VALUES, METRICS)
# Proxies that know only JSON get a second choice. Spans in JSON are three times as long.
EITHER = f"{PROTOBUF}, application/json;q=0.5"
BAD_QUERY, _UNKNOWN = 400, 404
"""Statuses: the server does not understand what is asked, or knows nothing of it."""
_SPANS_OF_AN_ID = "2"  # Zipkin's client and server spans of one call share an id
_MOST_LIMIT = re.compile(r"exceeds max limit (\d+)")


class TempoApi(Protocol):
    """Every method raises SourceUnavailableError or SourceRefusedError."""

    async def search(self, query: str, within: Slice, limit: int, *, deadline: Deadline) -> Hits:
        """At most `limit` traces that have something in `within`; two spans of each set of spans."""
        ...

    async def count(self, query: str, within: Slice, step_s: int, *, deadline: Deadline) -> Count:
        """A TraceQL metrics query of one number, by time."""
        ...

    async def values(self, tag: str, query: str, within: Slice, *, deadline: Deadline) -> Sequence[str]:
        """The values of an attribute (with its scope) on spans that match; an index may give a few too many."""
        ...

    async def trace(self, trace_id: str, within: Slice | None, *, deadline: Deadline) -> WholeTrace | None:
        """A whole trace; None where there is none. `within` bounds where the server looks for it."""
        ...

    async def aclose(self) -> None: ...


class HttpTempo:
    """Implements TempoApi over Tempo's HTTP API, direct or behind a proxy that knows nothing of it."""

    def __init__(self, client: Client, name: str, *, accept: str = EITHER) -> None:
        self._client, self._name, self._accept = client, name, accept
        self._old = False  # knows only the first API for traces

    async def search(self, query: str, within: Slice, limit: int, *, deadline: Deadline) -> Hits:
        params = [("q", query), ("limit", str(limit)), ("spss", _SPANS_OF_AN_ID), *_between(within)]
        reply = await self._client.ask(SEARCH, params=params, deadline=deadline, accept=self._accept)
        return self._read(hits_of, reply)

    async def count(self, query: str, within: Slice, step_s: int, *, deadline: Deadline) -> Count:
        params = [("q", query), *_between(within), ("step", f"{step_s}s")]
        reply = await self._client.ask(METRICS, params=params, deadline=deadline)
        return self._read(lambda one: count_of(one.json(JsonCount)), reply)

    async def values(self, tag: str, query: str, within: Slice, *, deadline: Deadline) -> Sequence[str]:
        params = [("q", query), *_between(within)]
        reply = await self._client.ask(TAG_VALUES, tag, params=params, deadline=deadline)
        return sorted({one.value for one in reply.json(JsonTags).tag_values or () if one.value})

    async def trace(self, trace_id: str, within: Slice | None, *, deadline: Deadline) -> WholeTrace | None:
        """By the second API, else by the first: servers before 2.7 know only that, and are asked by it alone once it
        answered."""
        params = _between(within) if within is not None else []
        if not self._old:
            reply = await self._asked(TRACE, trace_id, params, deadline)
            if reply is not None:
                whole = self._read(whole_of, reply)
                return whole if whole.spans or whole.note else None  # an unknown trace is an empty one
        # Servers before 2.7 know only the first API.
        reply = await self._asked(OLD_TRACE, trace_id, params, deadline)
        if reply is None:
            return None
        self._old = True
        return self._read(bare_of, reply)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _asked(self, endpoint: Endpoint, trace_id: str, params: Params, deadline: Deadline) -> Reply | None:
        try:
            return await self._client.ask(endpoint, trace_id, params=params, deadline=deadline, accept=self._accept)
        except SourceRefusedError as error:
            if error.status == _UNKNOWN:
                return None
            raise

    def _read(self, read: Callable[[Reply], T], reply: Reply) -> T:
        try:
            return read(reply)
        except ValueError as error:
            raise SourceRefusedError(
                f"answered with what is no answer of Tempo: {error}", where=self._name,
                hint="is this the server's own address?",
            ) from error  # fmt: skip


async def most_of(api: TempoApi, query: str, within: Slice, limit: int, *, deadline: Deadline) -> tuple[Hits, int]:
    """A search, and the limit that held: a server may allow less than was asked for."""
    try:
        return await api.search(query, within, limit, deadline=deadline), limit
    except SourceRefusedError as error:
        allowed = _MOST_LIMIT.search(error.what)
        if allowed is None or int(allowed[1]) >= limit:
            raise
        most = int(allowed[1])
        return await api.search(query, within, most, deadline=deadline), most


def _between(within: Slice) -> list[tuple[str, str]]:
    return [("start", str(within.start_s)), ("end", str(within.end_s))]
