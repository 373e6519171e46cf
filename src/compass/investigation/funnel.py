"""The one way from agents to telemetry: cached for the investigation, single-flight, counted, with a circuit breaker.

Read-only by construction: the telemetry port has no method that writes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import TypeVar

import numpy as np

from compass.domain.observation import Observation
from compass.domain.telemetry import (
    Answer,
    Asked,
    Capability,
    Health,
    LogQuery,
    NativeQuery,
    ObjectQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)
from compass.investigation.shared import SingleFlight
from compass.ports.clock import Deadline
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.ports.telemetry import Telemetry
from compass.tables.logs import LogTable
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesTable
from compass.tables.spans import SpanTable

R = TypeVar("R")
_TEXT_BYTES = 64  # a short text
FAILURES_TO_OPEN = 3
KEPT_BYTES = 64_000_000
"""Partial answers (some kinds of series, the spans and lines of some entities) that are kept: screens and attempts to
refute ask for one after the other, seldom twice. What all screens of a sort judge, every span and line, always stays.
"""
_EVERY_KIND = frozenset(SignalKind)


class Funnel:
    """A Telemetry over a Telemetry. After three passing failures of one part it stops asking that part."""

    def __init__(self, source: Telemetry) -> None:
        self._source = source
        self._flights = SingleFlight()
        self._failures: dict[str, int] = {}
        self._last: dict[str, SourceError] = {}  # part → why it failed
        self._partial: dict[str, int] = {}  # key → bytes of partial answers, the longest unused first
        self.queries = 0

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._source.capabilities

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:
        # Every series there is, is asked for once, when an investigation begins: far too much to keep for nobody.
        keep = query.kinds != _EVERY_KIND or bool(query.entities)
        return await self._ask("metrics", query, lambda: self._source.series(query, deadline=deadline), keep=keep)

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:
        return await self._ask("logs", query, lambda: self._source.logs(query, deadline=deadline))

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:
        return await self._ask("traces", query, lambda: self._source.spans(query, deadline=deadline))

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:
        return await self._ask(query.kind.value, query, lambda: self._source.objects(query, deadline=deadline))

    async def check(self) -> tuple[Health, ...]:
        return await self._source.check()

    def native(self, observation: Observation) -> NativeQuery:
        return self._source.native(observation)

    @property
    def asked(self) -> tuple[Asked, ...]:
        return self._source.asked

    async def aclose(self) -> None:
        await self.release()
        await self._source.aclose()

    async def release(self) -> None:
        """Drop every answer; a question that comes again is asked again."""
        self._partial.clear()
        await self._flights.close()

    async def _ask(self, part: str, query: object, make: Callable[[], Awaitable[R]], *, keep: bool = True) -> R:
        if self._failures.get(part, 0) >= FAILURES_TO_OPEN:
            last = self._last[part]
            raise SourceRefusedError(
                f"{part} is not asked again: {last.what}", where=last.where or self.name, hint=last.hint
            )

        async def counted() -> R:
            self.queries += 1
            try:
                return await make()
            except SourceError as error:
                passing = isinstance(error, SourceUnavailableError)
                self._failures[part] = self._failures.get(part, 0) + 1 if passing else FAILURES_TO_OPEN
                self._last[part] = error
                raise

        key = _key(part, query)
        answer = await self._flights.get(key, counted, keep=keep)
        if keep and (isinstance(query, SignalQuery) or (isinstance(query, SpanQuery | LogQuery) and query.entities)):
            self._remember(key, _size(answer))
        return answer

    def _remember(self, key: str, size: int) -> None:
        """Note that a partial answer was used; the ones longest unused make room."""
        self._partial.pop(key, None)
        self._partial[key] = size
        while sum(self._partial.values()) > KEPT_BYTES and len(self._partial) > 1:
            oldest = next(iter(self._partial))
            del self._partial[oldest]
            self._flights.forget(oldest)


def _size(answer: object) -> int:
    """About how many bytes the columns of an answer take."""
    table = answer.data if isinstance(answer, Answer) else None
    if not isinstance(table, SeriesTable | SpanTable | LogTable):
        return 0
    columns = [column for f in fields(table) if isinstance(column := getattr(table, f.name), np.ndarray)]
    return sum(column.nbytes + (_TEXT_BYTES * column.size if column.dtype == object else 0) for column in columns)


def _key(part: str, query: object) -> str:
    # Frozen dataclasses print their fields in order; sets are sorted so that equal queries share one key.
    if isinstance(query, SignalQuery):
        kinds = ",".join(sorted(query.kinds))
        rest = (query.window, query.entities, query.step_s, query.aggregate, query.limit)
        return f"{part}|{kinds}|{rest}"
    if isinstance(query, ObjectQuery):
        return f"{part}|{sorted(query.api_kinds)}|{query.window}|{query.limit}"
    return f"{part}|{query}"
