"""How much trouble a measurement leaves room for.

That nothing was seen is evidence only against what could not have hidden: behind the ordinary spread of the series, in
a quantile that few slow requests do not move, or among the many requests of a caller that never come this way.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Mapping, Sequence

from compass.analysis.anomaly import ANOMALY_SCORE
from compass.analysis.graph import ServiceGraph
from compass.analysis.spans import index_spans
from compass.analysis.units import floors, to_base
from compass.disproof._bins import bin_calls, recorded
from compass.disproof._measure import Ask, Judged, Measured, ask_series, judge, numbers_of
from compass.domain.entity import EntityRef
from compass.domain.observation import Observation
from compass.domain.telemetry import Answer, SignalKind, SpanQuery
from compass.ports.errors import DeadlineError, SourceError
from compass.tables.series import SeriesTable

SPREADS = 2.0
"""Robust standard deviations of the baseline behind which a lasting rise can hide."""
MIN_SAMPLES, MIN_BEFORE = 3, 5
TAIL = 0.9
"""Quantiles below this one are not moved by trouble of a minority of the requests."""
_LATENCIES = (SignalKind.LATENCY, SignalKind.CLIENT_LATENCY, SignalKind.DB_LATENCY)
EDGE_KINDS = (SignalKind.CLIENT_LATENCY, SignalKind.LATENCY, SignalKind.ERRORS, SignalKind.SUCCESS)


def room(judged: Judged) -> float:
    """The largest lasting worsening, in the row's own unit, that the samples since the onset allow: how far their worst
    held level lies beyond the usual one, and what its ordinary spread would have swallowed."""
    beyond = (judged.value - judged.centre) * (1.0 if judged.up else -1.0)
    return max(0.0, beyond) + SPREADS * judged.scale


def as_ever(measured: Measured) -> bool:
    """Whether the requests were surely served as before: nothing measured leaves room for a change worth naming.

    The least change worth naming is that of `analysis.units`. Latency counts by a mean or a high quantile only.
    """
    rows = [(measured.table.rows[j.row], j) for j in measured.judged]
    slow = [row.signal.quantile for row, _ in rows if row.signal.kind in _LATENCIES]
    if not measured.normal or (slow and not any(q is None or q >= TAIL for q in slow)):
        return False
    for row, judged in rows:
        relative, absolute = floors(row.signal)
        worth = ANOMALY_SCORE * max(relative * abs(judged.centre), absolute)
        if not _known(judged) or not room(judged) <= worth:
            return False
    return True


async def edges(
    ask: Ask, place: EntityRef, callers: Sequence[EntityRef], signs: Sequence[str]
) -> dict[EntityRef, Measured]:
    """What each caller's own calls to `place` show, by series of the edge or else by its spans; none: left out."""
    slow, failing = "latency.up" in signs, bool({"errors.up", "success.down"}.intersection(signs))
    wanted = [k for k in EDGE_KINDS if (slow if k in _LATENCIES else failing)]
    answer = await ask_series(ask, (place, *callers), wanted)
    found: dict[EntityRef, Measured] = {}
    if not isinstance(answer, str):
        for caller in callers:
            rows = _between(answer.data, caller, place, ask.graph)
            measured = judge(ask, caller, rows, ("client_latency.up", *signs), answer)
            if measured.judged:
                found[caller] = measured
    lacking = [caller for caller in callers if caller not in found]
    if lacking:
        found.update(await _from_calls(ask, place, lacking, slow=slow, failing=failing))
    return found


def _between(table: SeriesTable, caller: EntityRef, place: EntityRef, graph: ServiceGraph) -> list[int]:
    pair = {caller, place}
    return [
        i for i, row in enumerate(table.rows)
        if row.peer is not None and {graph.owner(row.entity), graph.owner(row.peer)} == pair
    ]  # fmt: skip


async def _from_calls(
    ask: Ask, place: EntityRef, callers: Sequence[EntityRef], *, slow: bool, failing: bool
) -> dict[EntityRef, Measured]:
    try:
        query = SpanQuery(window=ask.window, entities=(place, *callers))
        answer = await ask.telemetry.spans(query, deadline=ask.deadline)
    except (SourceError, DeadlineError):
        return {}  # then the callers are measured as a whole, which says what is missing
    if not len(answer.data):
        return {}
    index = await asyncio.to_thread(index_spans, answer.data)
    coverage = recorded(answer.data, answer.coverage, ask.board)
    kinds = {SignalKind.CLIENT_LATENCY: slow, SignalKind.ERRORS: failing}
    found: dict[EntityRef, Measured] = {}
    for caller in callers:
        above, below = (numbers_of(answer.data.entities, e, ask.graph) for e in (caller, place))
        table = await asyncio.to_thread(bin_calls, index, above, below, caller, ask.board)
        rows = [i for i, row in enumerate(table.rows) if kinds.get(row.signal.kind, False)]
        binned = Answer(data=table, coverage=coverage, query=answer.query, source=answer.source)
        measured = judge(ask, caller, rows, ("client_latency.up", "errors.up"), binned)
        if measured.judged:
            found[caller] = measured
    return found


async def passing(ask: Ask, place: EntityRef, callers: Sequence[EntityRef]) -> Mapping[EntityRef, float]:
    """Calls to `place` for each request that a caller serves, at most 1; callers of whom it is not known are left out.

    By the rates of requests: known for a single caller, all of whose callee's requests come from it.
    """
    if len(callers) != 1:
        return {}
    answer = await ask_series(ask, (place, *callers), (SignalKind.TRAFFIC,))
    if isinstance(answer, str):
        return {}
    owners = [row.entity for row in answer.data.rows]
    rates = {e: _rate(judge(ask, e, numbers_of(owners, e, ask.graph), (), answer)) for e in (place, *callers)}
    below, above = rates[place], rates[callers[0]]
    return {callers[0]: min(1.0, below / above)} if above > 0 and below > 0 else {}


def _rate(measured: Measured) -> float:
    """Requests a second before the onset, added up over instances; 0 where it is not known."""
    seen: dict[tuple[str, str], float] = {}
    for judged in measured.judged:
        row = measured.table.rows[judged.row]
        if row.peer is None:
            seen[(row.name, row.entity.key)] = judged.centre
    names = {name for name, _ in seen}
    return sum(seen.values()) if len(names) == 1 and all(map(math.isfinite, seen.values())) else 0.0


def must_show(own: Measured, callers: Mapping[EntityRef, Measured], share: Mapping[EntityRef, float]) -> bool:
    """Whether what `own` added would have to be seen at one of the callers, and is at none.

    `share` says which part of a caller's requests wait for it. When the quantile p of a callee lies at T, (1 - p) of
    the calls take T and longer, and so do share x (1 - p) of the caller's requests, which contain them: the caller's
    quantiles from 1 - share x (1 - p) on cannot lie below T. Means and shares of failing requests add up: a caller
    gains at least share x what the callee gained. Of several callers one at least is served no better than all of them.
    """
    return bool(callers) and any(
        all(
            any(_impossible(own, mine, caller, theirs, share[e]) for theirs in caller.judged if _known(theirs))
            for e, caller in callers.items()
        )
        for mine in own.judged if mine.score >= ANOMALY_SCORE
    )  # fmt: skip


def _known(judged: Judged) -> bool:
    return judged.samples >= MIN_SAMPLES and judged.baseline_samples >= MIN_BEFORE


def _impossible(own: Measured, mine: Judged, caller: Measured, theirs: Judged, share: float) -> bool:
    below, above = own.table.rows[mine.row].signal, caller.table.rows[theirs.row].signal
    (dimension, factor), (other, scale) = to_base(below.unit), to_base(above.unit)
    both_slow = below.kind in _LATENCIES and above.kind in _LATENCIES
    if dimension != other or not (both_slow or below.kind is above.kind):
        return False
    if both_slow and below.quantile is not None:
        reached = 1.0 - share * (1.0 - below.quantile)
        quantile = above.quantile
        highest = (max(theirs.value, theirs.centre) + SPREADS * theirs.scale) * scale
        return quantile is not None and quantile >= reached and highest < mine.value * factor
    if both_slow and above.quantile is not None:
        return False
    gained = abs(mine.value - mine.centre) * factor
    return room(theirs) * scale < share * gained


def is_between(observation: Observation, pair: Collection[EntityRef], graph: ServiceGraph) -> bool:
    """Whether a fact is about the calls between the two of `pair`."""
    peer = observation.peer
    return peer is not None and {graph.owner(observation.entity), graph.owner(peer)} == set(pair)
