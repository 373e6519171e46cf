"""A Tempo as a feed: spans of a window, or an even sample of them, and traces by id."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window, to_datetime
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError, SourceRefusedError
from compass.sources.live.feed import Found, Scope, TraceFound
from compass.sources.live.gathered import Gathered, Spans
from compass.sources.live.native import TRACEQL
from compass.sources.recording.layout import TRACES_PART
from compass.sources.tempo import traceql
from compass.sources.tempo.answers import Hits, WholeTrace
from compass.sources.tempo.api import BAD_QUERY, TempoApi, most_of
from compass.sources.tempo.byid import ById, clock_words
from compass.sources.tempo.options import TempoOptions
from compass.sources.tempo.spans import inside, slowest_of, spans_of, traces_in
from compass.sources.tempo.together import together
from compass.sources.tempo.traceql import Share, Slice

BYTES_A_SPAN = 150
"""What a span weighs in an answer that is compressed, as Tempo does (75 were measured), with room for longer names."""
SPANS_A_REQUEST = 4_000
MOST_REQUESTS = 6
MOST_SEARCHES = 4
ROOM = 1.5
"""How many times what is expected an answer may hold before the server is told to stop."""
COUNT_STEPS = 120
PILOTS = (Share(below=1, digits=1), Share(below=1, digits=3))
"""Where the server does not count, how many spans the traces of such shares have tells how many there are, about."""
PILOT_LIMIT = 2000
LEAST_LIMIT = 500
LOOK_S, LOOKED_AT = 3600, 20
_TOO_LONG = "range specified by start and end exceeds"
_TOLERANCE, _SHORT = 0.05, 0.2
_LEFT_OUT = f"traces of more than {traceql.MOST_SPANS_A_TRACE} spans are left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """How many spans match in a window; `counted`: by the server. `note` is for a person."""

    spans: float
    counted: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The answers to a sampled search and what is missing from them. `understood`: the server knows what was asked."""

    hits: Sequence[Hits] = ()
    missing: tuple[str, ...] = ()
    understood: bool = True


class TempoFeed:
    """Implements `live.feed.Feed`."""

    def __init__(self, name: str, api: TempoApi, options: TempoOptions, clock: Clock) -> None:
        self._name, self._api, self._options, self._clock = name, api, options, clock

    @property
    def name(self) -> str:
        return self._name

    @property
    def parts(self) -> frozenset[str]:
        return frozenset({TRACES_PART.name})

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:  # noqa: ARG002 - there is one
        gathered = await self._gather(scope, deadline)
        return replace(gathered, sampling=gathered.sampling * self._options.collected)

    async def _gather(self, scope: Scope, deadline: Deadline) -> Gathered:
        window = traceql.searchable(scope.window)
        early = () if window == scope.window else ("traces of more than seven days before the end were not asked for",)
        by_id = ById(self._api, self._options)
        if scope.exact:
            return _with(await by_id.exact(window, deadline=deadline), early)
        expected = await self._counted(window, deadline) or await self._estimated(window, deadline)
        if expected is not None:
            share = traceql.share_for(self._most(), expected.spans)
            cut = await self._search(window, share, expected, deadline)
            if cut.understood:
                return _with(self._gathered(window, share, expected, cut), early)
        known = expected.spans if expected is not None else None
        return _with(await by_id.some(window, known, deadline=deadline), early)

    async def trace(self, trace_id: str, *, deadline: Deadline) -> WholeTrace | None:
        """One whole trace, to jump to from an exemplar or a log line; None where the server has none of this id."""
        return await self._api.trace(trace_id, None, deadline=deadline)

    async def slowest(
        self, query: NativeQuery, window: Window, most: int, *, deadline: Deadline
    ) -> Sequence[TraceFound]:
        """Implements `live.feed.Searched`. A search ends when it has found enough, whichever they are: so it is asked
        again for what is slower than those, until that is few or MOST_SEARCHES are made."""
        within = traceql.seconds(traceql.searchable(window))
        found: dict[str, TraceFound] = {}
        text = traceql.bounded(query.text, self._options.filter)
        for _ in range(MOST_SEARCHES):
            hits, limit = await most_of(self._api, text, within, 2 * most, deadline=deadline)
            for one in map(slowest_of, hits.traces):
                if one is not None and (one.trace_id not in found or found[one.trace_id].value < one.value):
                    found[one.trace_id] = one
            ranked = sorted(found.values(), key=lambda one: (-one.value, one.trace_id))
            if len(hits.traces) < limit or len(ranked) < most:
                break
            floor = f"duration > {round(ranked[most - 1].value * 1e9)}ns"
            text = traceql.bounded(query.text, self._options.filter, floor)
        return ranked[:most]

    async def look(self, part: str, *, deadline: Deadline) -> Found:  # noqa: ARG002 - there is one
        """The last hour: how new its newest trace is, how many services and spans it holds. What the server does not
        tell is said in a hint or a figure, and is no error."""
        now = self._clock.now_ns()
        hour = Window(start_ns=now - LOOK_S * NS_PER_S, end_ns=now)
        within = traceql.seconds(hour)
        newest, services, expected = await asyncio.gather(
            self._newest(within, deadline),
            self._services(within, deadline),
            self._counted(hour, deadline),
        )
        figures = {"services": str(len(services)) if services is not None else "not told"}
        hints = []
        if expected is None:
            hints.append("it does not count spans (TraceQL metrics): how many there are is estimated from a sample")
        else:
            figures["spans in the last hour"] = f"{expected.spans:.0f}"
        if not newest.traces:
            hints.append("no traces in the last hour: is this the right tenant, and does `filter` fit?")
            return Found(detail="no traces in the last hour", figures=figures, hints=tuple(hints))
        last = max(trace.start_ns for trace in newest.traces)
        detail = f"traces up to {to_datetime(last):%H:%M:%S} UTC"
        if services:
            detail = f"{len(services)} services, {detail}"
        return Found(detail=detail, figures=figures, hints=tuple(hints))

    async def aclose(self) -> None:
        await self._api.aclose()

    async def _newest(self, within: Slice, deadline: Deadline) -> Hits:
        query = traceql.names_query(self._options.filter)
        try:
            return await self._api.search(f"{query} with (most_recent=true)", within, LOOKED_AT, deadline=deadline)
        except SourceRefusedError as error:
            if error.status != BAD_QUERY:
                raise
        return await self._api.search(query, within, LOOKED_AT, deadline=deadline)

    async def _services(self, within: Slice, deadline: Deadline) -> Sequence[str] | None:
        """None: the server has no index of values, or will not be asked."""
        try:
            query = traceql.names_query(self._options.filter)
            return await self._api.values("resource.service.name", query, within, deadline=deadline)
        except SourceError:
            return None

    async def _estimated(self, window: Window, deadline: Deadline) -> Expected | None:
        """How many spans there are, from small samples. None: the server does not understand such a search."""
        bound = self._options.filter
        queries = [traceql.names_query(bound, share) for share in PILOTS]
        cuts = await together(self._cut(query, window, 1, PILOT_LIMIT, deadline) for query in queries)
        if not all(cut.understood for cut in cuts):
            return None
        # The larger sample tells more, unless the server stopped before its end.
        share, cut = next(
            (pair for pair in zip(PILOTS, cuts, strict=True) if not pair[1].missing), (PILOTS[-1], cuts[-1])
        )
        matched = {trace.trace_id: trace.matched for one in cut.hits for trace in one.traces}
        note = f"the server does not count spans: shares are estimates, and {_LEFT_OUT}"
        return Expected(spans=sum(matched.values()) / share.value, counted=False, note=note)

    async def _counted(self, window: Window, deadline: Deadline) -> Expected | None:
        within = traceql.seconds(window)
        step = max(1, (within.end_s - within.start_s) // COUNT_STEPS)
        try:
            count = await self._api.count(traceql.count_query(self._options.filter), within, step, deadline=deadline)
        except SourceError:
            return None  # older servers, and those without metrics of recent traces: this one cannot tell
        total = sum(spans for at, spans in count.steps)
        return Expected(spans=total, counted=True, note=f"counting: {count.note}" if count.note else "")

    def _most(self) -> int:
        return max(1, min(self._options.spans, int(self._options.megabytes * 1e6 / BYTES_A_SPAN)))

    async def _search(self, window: Window, share: Share, expected: Expected, deadline: Deadline) -> Cut:
        wanted = min(self._most(), expected.spans * share.value)
        parts = max(1, min(MOST_REQUESTS, math.ceil(wanted / SPANS_A_REQUEST)))
        limit = max(LEAST_LIMIT, int(ROOM * self._most() / parts))
        return await self._cut(traceql.spans_query(self._options.filter, share), window, parts, limit, deadline)

    async def _cut(self, query: str, window: Window, parts: int, limit: int, deadline: Deadline) -> Cut:
        """A search in `parts` slices of the window, or in more where the server searches no slice so long."""
        asked = traceql.slices(window, parts)
        came = await asyncio.gather(
            *(most_of(self._api, query, within, limit, deadline=deadline) for within in asked), return_exceptions=True
        )
        hits, missing, lost = [], [], []
        for within, one in zip(asked, came, strict=True):
            if isinstance(one, SourceError):
                lost.append(one)
                missing.append(f"traces of {clock_words(within)} could not be read: {one.what}")
            elif isinstance(one, BaseException):
                raise one
            else:
                found, most = one
                hits.append(found)
                missing += _ended_early(found, within, most)
        if lost and _TOO_LONG in lost[0].what and parts < MOST_REQUESTS:
            return await self._cut(query, window, MOST_REQUESTS, limit, deadline)
        if len(lost) == len(asked):
            if lost[0].status == BAD_QUERY:
                return Cut(understood=False)
            raise lost[0]
        return Cut(hits=hits, missing=tuple(missing))

    def _gathered(self, window: Window, share: Share, expected: Expected, cut: Cut) -> Gathered:
        try:
            spans = inside(spans_of(cut.hits), window)
        except ValueError as error:
            raise SourceRefusedError(f"gave a span that is none: {error}", where=self._name) from error
        missing = [*cut.missing, *filter(None, [expected.note])]
        sampling = share.value
        if expected.counted and expected.spans > 0:
            sampling = min(1.0, len(spans) / expected.spans)
            if share.whole and sampling > 1.0 - _TOLERANCE:
                sampling = 1.0
        if not share.whole:
            missing.insert(0, (
                f"a sample of traces was taken, about 1 in {1 / share.value:.0f}:"
                f" {len(spans)} spans of {traces_in(spans)} traces, of about {expected.spans:.0f} spans"
            ))  # fmt: skip
            if expected.counted and _fewer(len(spans), traces_in(spans), expected.spans * share.value):
                missing.append(f"fewer spans came than such a sample should have: {_LEFT_OUT}")
        elif expected.counted and sampling < 1.0:
            missing.append(f"{len(spans)} of {expected.spans:.0f} spans came: {_LEFT_OUT}")
        left = set(traceql.FIELDS) - set(traceql.selected(self._options.filter, share))
        if left:
            missing.append(f"`filter` is long: not asked for were {', '.join(sorted(left))}")
        text = traceql.spans_query(self._options.filter, share)
        counting = traceql.count_query(self._options.filter)
        asked = [counting, text] if expected.counted else [text]
        queries = [NativeQuery(language=TRACEQL, text=one) for one in asked]
        return Gathered(data=Spans(spans=spans), queries=tuple(queries), missing=tuple(missing), sampling=sampling)


def _fewer(spans: int, traces: int, expected: float) -> bool:
    """Whether chance hardly explains how few spans came: those of a sample of n traces vary by about 1/√n."""
    return spans < expected * (1.0 - max(_SHORT, 4.0 / math.sqrt(max(traces, 1))))


def _ended_early(found: Hits, within: Slice, limit: int) -> list[str]:
    if len(found.traces) >= limit:
        return [f"of {clock_words(within)} only {limit} traces were given, and the last of them in part"]
    if found.jobs < found.of_jobs:
        left = found.of_jobs - found.jobs
        return [f"{clock_words(within)}: {left} of {found.of_jobs} parts of the search were not done"]
    return []


def _with(gathered: Gathered, missing: tuple[str, ...]) -> Gathered:
    return Gathered(
        data=gathered.data, queries=gathered.queries, missing=(*missing, *gathered.missing), sampling=gathered.sampling
    )
