"""From a fact about latency or errors to traces that show it: by exemplars, or by a search for the slowest spans."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from compass.analysis.units import to_base
from compass.domain.board import Board
from compass.domain.chronicle import NewEvent, Opened, ServersAsked
from compass.domain.observation import Observation
from compass.domain.telemetry import NativeQuery
from compass.domain.time import Window
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.output import tell
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.live import config, feeds_of
from compass.entrypoints.wiring import LIVE
from compass.ports.chronicle import Chronicle
from compass.ports.clock import Deadline
from compass.ports.errors import BadInputError, SourceError
from compass.projections.view import Fact
from compass.sources.live.feed import Exemplified, Feed, Linked, NothingThereError, Searched, TraceFound, close_all
from compass.sources.live.native import PROMQL, TRACEQL, traceql
from compass.sources.live.source import asked_of
from compass.sources.recording.layout import TRACES_PART

MOST = 20
WITHIN_S = 30.0
Ask = Callable[[Deadline], Awaitable[Sequence[TraceFound]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceLine:
    """A trace to look at. `value` in `unit` is what an exemplar measured, or seconds of its slowest span that matches;
    `url` opens it, "" where nothing that is connected can."""

    trace_id: str
    value: float
    unit: str
    at_ns: int
    about: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """`how`: exemplars | search | unsearched (no exemplars, and nothing connected to search in). `query` is what was
    asked last, over `window`."""

    fact: Fact
    how: str
    query: NativeQuery
    window: Window
    traces: tuple[TraceLine, ...]


def traces_of(reference: str | None, label: str) -> Traces:
    """Traces behind one fact, the highest value first.

    Raises BadInputError for a fact that leads to none, SourceError where no server that could know any answered.
    """
    chosen = session.settings()

    async def work() -> Traces:
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            fact = session.pick_fact(loaded.board, label)
            _check(loaded, fact)
            return await _found(chronicle, loaded.id, fact, window_of(loaded.board))

    return session.run(work)


def window_of(board: Board) -> Window:
    """The incident: from its earliest possible onset on, or all of its window where no onset is known."""
    if board.incident is None:
        raise ValueError("nothing was opened yet")
    whole = board.incident.window
    start = board.onset.instant.earliest_ns if board.onset is not None else whole.start_ns
    return whole if start >= whole.end_ns else Window(start_ns=max(whole.start_ns, start), end_ns=whole.end_ns)


def _check(loaded: session.Loaded, fact: Fact) -> None:
    opened = next(event.payload for event in loaded.events if isinstance(event.payload, Opened))
    if not opened.source_uri.startswith(LIVE):
        raise BadInputError(
            f"#{loaded.number} is of a recording, which keeps no exemplars", where="--trace",
            hint="on live servers this leads from a fact to traces",
        )  # fmt: skip
    o = fact.observation
    if not (about_requests(o.sign) and o.query.language in (PROMQL, TRACEQL)):
        raise BadInputError(
            f"{fact.label} ({o.sign}, from {o.query.language}) does not lead to traces", where="--trace",
            hint="facts about latency or errors that rest on metrics or traces do",
        )  # fmt: skip


def about_requests(sign: str) -> bool:
    """Whether single requests show it: it is about how long they take, or whether they fail."""
    return any(word in sign for word in ("latency", "error", "success")) or sign.startswith("trace.")


async def _found(chronicle: Chronicle, investigation: UUID, fact: Fact, window: Window) -> Traces:
    feeds, ledger = feeds_of(config())
    clock = SystemClock()
    deadline = Deadline(at_s=clock.monotonic_s() + WITHIN_S)
    try:
        return await ask(feeds, fact, window, deadline)
    finally:
        try:
            await close_all(feeds)
        finally:
            asked = ServersAsked(requests=tuple(asked_of(sent) for sent in ledger.sent))
            event = NewEvent(key=f"asked/trace/{clock.now_ns()}", payload=asked, actor="human")
            await chronicle.append(investigation, None, [event] if ledger.sent else [])


async def ask(feeds: Sequence[Feed], fact: Fact, window: Window, deadline: Deadline) -> Traces:
    """Exemplars where its series has any, else a search. Raises the first SourceError where nothing was found."""
    o = fact.observation
    errors: list[SourceError] = []
    if o.query.language == PROMQL:
        able = [feed for feed in feeds if isinstance(feed, Exemplified)]
        found = await _all([_exemplars(feed, o.query, window) for feed in able], deadline, errors)
        if found:
            unit = o.value.unit if o.value is not None and "latency" in o.sign else ""
            return _told(feeds, fact, "exemplars", o.query, window, found, unit)
    query = search_query(o)
    able_too = [feed for feed in feeds if isinstance(feed, Searched)]
    found = await _all([_slowest(feed, query, window) for feed in able_too], deadline, errors)
    if errors and not found:
        raise errors[0]
    return _told(feeds, fact, "search" if able_too else "unsearched", query, window, found, "s")


def _exemplars(feed: Exemplified, query: NativeQuery, window: Window) -> Ask:
    return lambda deadline: feed.exemplars(query, window, deadline=deadline)


def _slowest(feed: Searched, query: NativeQuery, window: Window) -> Ask:
    return lambda deadline: feed.slowest(query, window, MOST, deadline=deadline)


async def _all(asks: Sequence[Ask], deadline: Deadline, errors: list[SourceError]) -> list[TraceFound]:
    """What all of them found; what one could not be asked is said, and kept in `errors`."""
    came = await asyncio.gather(*(ask(deadline) for ask in asks), return_exceptions=True)
    found: list[TraceFound] = []
    for one in came:
        if isinstance(one, NothingThereError):
            continue
        if isinstance(one, SourceError):
            tell(f"compass: {one}")
            errors.append(one)
        elif isinstance(one, BaseException):
            raise one
        else:
            found += one
    return found


def search_query(o: Observation) -> NativeQuery:
    """TraceQL for requests that show it: slower than half-way from usual to what was seen, or failed."""
    sign = "errors.up" if "success" in o.sign else o.sign
    slower_than_s = 0.0
    if "latency" in o.sign and o.value is not None:
        dimension, factor = to_base(o.value.unit)
        usual = o.baseline.value if o.baseline is not None else 0.0
        slower_than_s = (o.value.value + usual) / 2 * factor if dimension == "time" else 0.0
    return traceql(o.entity, sign, slower_than_s)


def _told(
    feeds: Sequence[Feed], fact: Fact, how: str, query: NativeQuery, window: Window, found: Sequence[TraceFound],
    unit: str,
) -> Traces:  # fmt: skip
    best: dict[str, TraceFound] = {}
    for one in found:
        if one.trace_id not in best or best[one.trace_id].value < one.value:
            best[one.trace_id] = one
    ranked = sorted(best.values(), key=lambda one: (-one.value, one.at_ns, one.trace_id))[:MOST]
    lines = tuple(
        TraceLine(
            trace_id=one.trace_id,
            value=one.value,
            unit=unit,
            at_ns=one.at_ns,
            about=one.about,
            url=link(feeds, one.trace_id, window),
        )
        for one in ranked
    )
    return Traces(fact=fact, how=how, query=query, window=window, traces=lines)


def link(feeds: Sequence[Feed], trace_id: str, window: Window) -> str:
    """Where the trace can be opened; a query that is the id alone is how Tempo is asked for it."""
    for feed in feeds:
        if TRACES_PART.name in feed.parts and isinstance(feed, Linked):
            url = feed.explore(NativeQuery(language=TRACEQL, text=trace_id), window)
            if url:
                return url
    return ""
