"""Loki's API over the tools of mcp-grafana."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from compass.domain.time import NS_PER_S, Window, rfc3339
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.http.replies import Reply
from compass.sources.loki.api import (
    Counts,
    Entry,
    Field,
    Labels,
    More,
    Page,
    Pattern,
    Row,
    Stream,
    advice,
    by_frequency,
)
from compass.sources.loki.survey import USUAL
from compass.sources.mcp.calls import Calls
from compass.sources.mcp.datasources import DataSources
from compass.sources.mcp.tools import Arguments

QUERY, NAMES, VALUES, STATS = "query_loki_logs", "list_loki_label_names", "list_loki_label_values", "query_loki_stats"
PATTERNS = "query_loki_patterns"
_HAVING = re.compile(r'\{(\w+)=~"\.\+"\}')  # what `loki.logql.having` makes


class _Line(msgspec.Struct, rename="camel"):
    timestamp: str
    line: str = ""
    structured_metadata: dict[str, str] = {}


class _Stream(msgspec.Struct, rename="camel"):
    """`structured_metadata` here is what all its lines have."""

    labels: dict[str, str] = {}
    lines: list[_Line] = []
    structured_metadata: dict[str, str] = {}


class _Told(msgspec.Struct, rename="camel"):
    max_lines_allowed: int = 0
    results_truncated: bool = False


class _Page(msgspec.Struct):
    streams: list[_Stream] = []
    metadata: _Told = msgspec.field(default_factory=_Told)


class _Point(msgspec.Struct):
    timestamp: str
    value: float


class _Row(msgspec.Struct):
    labels: dict[str, str] = {}
    values: list[_Point] = []


class _Rows(msgspec.Struct):
    data: list[_Row] = []


class _Pattern(msgspec.Struct, rename="camel"):
    pattern: str
    total_count: float = 0.0


class _Size(msgspec.Struct):
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What `series` is asked for: streams that have one of these labels, or the team's selector."""

    labels: tuple[str, ...]
    selector: str


class McpLoki:
    """Implements `loki.api.LokiApi`. There is no tool for the labels of streams: of each only the label that names its
    service is known, and no tool for the size by service, only in all. `notes` say what that hides."""

    def __init__(self, calls: Calls, sources: DataSources) -> None:
        self._calls, self._sources = calls, sources
        self.notes: tuple[str, ...] = ()

    async def labels(self, window: Window, *, deadline: Deadline) -> Sequence[str]:
        return sorted((await self._ask(NAMES, _within(window), deadline)).json(list[str]))

    async def series(self, selectors: Sequence[str], window: Window, *, deadline: Deadline) -> Sequence[Labels]:
        """One for each value of the first label in order that is there."""
        wanted = _wanted(selectors)
        matcher = {"matcher": wanted.selector} if wanted.selector else {}
        found = (await self._ask(NAMES, {**_within(window), **matcher}, deadline)).json(list[str])
        order = [name for name in wanted.labels or (*USUAL, *sorted(found)) if name in found]
        if not order:
            return []
        if order[0] != USUAL[0]:
            self.notes = (f"log streams without a label {order[0]} were not read: which there are is not told",)
        arguments = {**_within(window), **matcher, "labelName": order[0]}
        values = (await self._ask(VALUES, arguments, deadline)).json(list[str])
        return [{order[0]: value} for value in values]

    async def volume(self, selector: str, label: str, window: Window, *, deadline: Deadline) -> Mapping[str, float]:  # noqa: ARG002
        """In all, under no value. Nothing is what it says of lines that are not stored yet: that is not told."""
        size = (await self._ask(STATS, {"logql": selector, **_within(window)}, deadline)).json(_Size).bytes
        if size <= 0:
            raise SourceRefusedError("does not tell how much there is", where=self._calls.name)
        return {"": float(size)}

    async def days(self, selector: str, window: Window, *, deadline: Deadline) -> Sequence[int]:  # noqa: ARG002
        raise SourceRefusedError("has no tool that tells since when there are logs", where=self._calls.name)

    async def counts(self, query: str, first_s: int, last_s: int, step_s: int, *, deadline: Deadline) -> Counts:
        arguments: Arguments = {
            "logql": query, "startRfc3339": rfc3339(first_s * NS_PER_S), "endRfc3339": rfc3339(last_s * NS_PER_S),
            "stepSeconds": step_s, "queryType": "range",
        }  # fmt: skip
        found = (await self._ask(QUERY, arguments, deadline)).json(_Rows)
        return Counts(rows=[
            Row(metric=row.labels, values=[(float(point.timestamp), repr(point.value)) for point in row.values])
            for row in found.data
        ])  # fmt: skip

    async def lines(
        self, query: str, window: Window, limit: int, *, deadline: Deadline, backward: bool = False
    ) -> Page:
        """Older servers ask in whole seconds: what lies outside the window is left out here."""
        arguments: Arguments = {
            "logql": query, **_within(window), "limit": limit, "format": "compact", "queryType": "range",
            "direction": "backward" if backward else "forward",
        }  # fmt: skip
        found = (await self._ask(QUERY, arguments, deadline)).json(_Page)
        allowed = found.metadata.max_lines_allowed
        if 0 < allowed < limit and found.metadata.results_truncated:
            raise SourceRefusedError(
                f"max entries limit of the MCP server ({limit} > {allowed})", where=self._calls.name,
                hint="start it with -max-loki-log-limit 4999",
            )  # fmt: skip
        page = Page(streams=[_stream(one, window) for one in found.streams], apart=True)
        if found.metadata.results_truncated and page.lines < limit:
            note = "it gave lines of another time than it was asked for, and not all of those it was"
            page = Page(streams=page.streams, apart=True, warnings=(note,))
        return page

    async def fields(self, selector: str, window: Window, *, deadline: Deadline) -> Sequence[Field]:  # noqa: ARG002
        raise SourceRefusedError("has no tool that lists the fields of lines", where=self._calls.name)

    async def patterns(self, selector: str, window: Window, *, deadline: Deadline) -> Sequence[Pattern]:
        found = await self._ask(PATTERNS, {"logql": selector, **_within(window)}, deadline)
        return by_frequency((one.pattern, one.total_count) for one in found.json(list[_Pattern]))

    async def aclose(self) -> None:
        """The connection is the feed's."""

    async def _ask(self, tool: str, arguments: Arguments, deadline: Deadline) -> Reply:
        uid = await self._sources.uid("logs", deadline=deadline)
        try:
            return await self._calls.reply(tool, {"datasourceUid": uid, **arguments}, deadline=deadline)
        except SourceRefusedError as error:
            hint = advice(error.what) or error.hint
            raise SourceRefusedError(error.what, where=error.where, hint=hint, status=error.status) from error


def _wanted(selectors: Sequence[str]) -> _Wanted:
    plain = [_HAVING.fullmatch(selector) for selector in selectors]
    if all(plain):
        return _Wanted(tuple(found[1] for found in plain if found), "")
    return _Wanted((), selectors[0])


def _stream(one: _Stream, window: Window) -> Stream:
    entries = [
        Entry(at=line.timestamp, line=line.line,
              more=More(structured={**one.structured_metadata, **line.structured_metadata}))
        for line in one.lines
        if window.start_ns <= int(line.timestamp) < window.end_ns
    ]  # fmt: skip
    return Stream(stream=one.labels, values=entries)


def _within(window: Window) -> Arguments:
    return {"startRfc3339": rfc3339(window.start_ns), "endRfc3339": rfc3339(window.end_ns)}
