"""Whole traces, one request each: for recordings that are kept, and for servers whose search gives no parents."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window, to_datetime
from compass.ports.clock import Deadline
from compass.ports.errors import SourceError, SourceRefusedError
from compass.sources.live.gathered import Gathered, Span, Spans
from compass.sources.live.native import TRACEQL
from compass.sources.tempo import traceql
from compass.sources.tempo.answers import WholeTrace
from compass.sources.tempo.api import BAD_QUERY, TempoApi, most_of
from compass.sources.tempo.options import TempoOptions
from compass.sources.tempo.spans import inside
from compass.sources.tempo.together import together
from compass.sources.tempo.traceql import Slice

LIST_PARTS = 6
FEW_LISTED, MOST_LISTED = 500, 20_000
"""Ids that one search may give: to choose some, and to have all."""
AROUND_S = 3600
"""How long before and after the window the server looks for the rest of a trace."""


@dataclass(slots=True)
class Listed:
    """The traces there are: their ids, and with a filter the spans of each that match."""

    query: str
    ids: dict[str, set[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


class ById:
    """Which traces are taken, when there are more than may be asked for, depends on nothing but their ids: a sample by
    time, errors or slowness would bias every count that is made of it, and a span has no weight to undo that."""

    def __init__(self, api: TempoApi, options: TempoOptions) -> None:
        self._api, self._options, self._filter = api, options, options.filter

    async def exact(self, window: Window, *, deadline: Deadline) -> Gathered:
        """All traces of the window, whole and with everything that is kept of them."""
        query = traceql.ids_query(self._filter) if self._filter else traceql.names_query("")
        try:
            listed = await self._list(query, window, MOST_LISTED, deadline)
        except SourceRefusedError as error:
            if error.status != BAD_QUERY or not self._filter:
                raise
            listed = await self._list(traceql.names_query(self._filter), window, MOST_LISTED, deadline)
        return await self._gathered(listed, window, self._options.exact_traces, deadline)

    async def some(self, window: Window, counted: float | None, *, deadline: Deadline) -> Gathered:
        """A sample, of a server whose search gives no parents. `counted`: how many spans there are, where known."""
        listed = await self._list(traceql.names_query(self._filter), window, FEW_LISTED, deadline)
        gathered = await self._gathered(listed, window, self._options.by_id, deadline)
        if counted and isinstance(gathered.data, Spans):
            return replace(gathered, sampling=min(1.0, len(gathered.data.spans) / counted))
        return gathered

    async def _list(self, query: str, window: Window, most: int, deadline: Deadline) -> Listed:
        asked = traceql.slices(window, LIST_PARTS)
        came = await together(most_of(self._api, query, within, most, deadline=deadline) for within in asked)
        listed = Listed(query=query)
        for within, (hits, held) in zip(asked, came, strict=True):
            for trace in hits.traces:
                listed.ids.setdefault(trace.trace_id, set()).update(span.span_id for span in trace.spans)
            if len(hits.traces) >= held:
                listed.missing.append(f"of {clock_words(within)} only those {held} traces are known that came first")
        if self._filter and query == traceql.names_query(self._filter):
            listed.missing.append("whole traces were taken, also those of their spans that `filter` leaves out")
        return listed

    async def _gathered(self, listed: Listed, window: Window, most: int, deadline: Deadline) -> Gathered:
        chosen = sorted(listed.ids, key=_shuffled)[:most]
        whole = traceql.seconds(window)
        around = Slice(start_s=max(0, whole.start_s - AROUND_S), end_s=whole.end_s + AROUND_S)
        came = await asyncio.gather(
            *(self._api.trace(one, around, deadline=deadline) for one in chosen), return_exceptions=True
        )
        spans, missing, read = self._read(chosen, came, listed)
        there = len(listed.ids)
        if len(chosen) < there:
            missing.insert(0, f"{len(chosen)} of {there} traces were read, chosen by their ids")
        return Gathered(
            data=Spans(spans=inside(spans, window)), missing=(*listed.missing, *missing),
            sampling=read / there if there else 1.0, queries=(NativeQuery(language=TRACEQL, text=listed.query),),
        )  # fmt: skip

    def _read(
        self, chosen: Sequence[str], came: Sequence[WholeTrace | BaseException | None], listed: Listed
    ) -> tuple[list[Span], list[str], int]:
        """(spans, what is missing, how many traces could be read). Raises the first error when none could."""
        spans: list[Span] = []
        notes: Counter[str] = Counter()
        read = 0
        bounded = bool(self._filter) and listed.query == traceql.ids_query(self._filter)
        for trace_id, one in zip(chosen, came, strict=True):
            if isinstance(one, SourceError):
                notes[f"could not be read: {one.what}"] += 1
            elif isinstance(one, BaseException):
                raise one
            elif one is None:
                notes["were found and then not there"] += 1
            else:
                read += 1
                if one.note:
                    notes[f"are in part: {one.note}"] += 1
                matching = listed.ids[trace_id]
                spans += [span for span in one.spans if not bounded or span.span_id in matching]
        failed = next((one for one in came if isinstance(one, SourceError)), None)
        if failed is not None and read == 0:
            raise failed
        return spans, [f"{count} traces {note}" for note, count in notes.items()], read


def clock_words(within: Slice) -> str:
    start, end = (to_datetime(at * NS_PER_S) for at in (within.start_s, within.end_s))
    return f"{start:%H:%M:%S}–{end:%H:%M:%S}"


def _shuffled(trace_id: str) -> bytes:
    """An order of ids that has nothing to do with when or what they are."""
    return hashlib.sha256(trace_id.encode("ascii")).digest()
