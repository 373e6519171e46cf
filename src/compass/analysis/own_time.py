"""Where added time is spent, from latency series alone: time that a service added and nothing it calls added.

A synchronous caller waits for what it calls, so its latency rises with theirs; what rises beyond that is spent in the
service or on the way to it. Self time of spans says the same per request (Fonseca et al., X-Trace, NSDI 2007); without
spans only the increase of whole series can be compared, quantile by quantile, in seconds and not in deviations: a
callee that went from 1 ms to 20 ms is forty deviations worse and explains nothing of five seconds.

How often a request calls what is not known; the ratio of the request rates bounds it from above on average, so a
caller is given every benefit of the doubt: all it calls, in sequence, as often as the rates allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compass.analysis.anomaly import ANOMALY_SCORE, Scores
from compass.analysis.graph import ServiceGraph
from compass.analysis.units import to_base
from compass.domain.entity import EntityRef
from compass.domain.telemetry import SignalKind
from compass.tables.series import SeriesTable

IDLE = 1.10
"""Processor use of at most this much of the usual is no work that could explain added time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTime:
    """Time that `entity` added itself. Times in seconds, at the quantile of `row`, the row that shows it best.

    `share` in [0, 1]: how much of the time that anything which depends on it (itself included) added can have been
    spent here, averaged over the quantiles known. `below_s` is what everything it calls can account for.
    """

    entity: EntityRef
    share: float
    added_s: float
    below_s: float
    usual_s: float
    row: int


def own_times(table: SeriesTable, scores: Scores, graph: ServiceGraph) -> tuple[OwnTime, ...]:
    """Every service whose latency rose clearly, the largest share first. Empty without known dependencies."""
    by_quantile: dict[float, dict[EntityRef, tuple[float, float, int]]] = {}
    for i, row in enumerate(table.rows):
        if row.signal.kind is not SignalKind.LATENCY or row.labels.get("reporter") == "source":
            continue
        dimension, factor = to_base(row.signal.unit)
        added = float(scores.up.value[i] - scores.centre[i]) * factor
        if dimension != "time" or not np.isfinite(added):
            continue
        clear = float(scores.up.score[i]) >= ANOMALY_SCORE
        entity = graph.owner(row.entity)
        level = by_quantile.setdefault(row.signal.quantile or 0.0, {})
        known = level.get(entity)
        if known is None or added > known[0]:
            level[entity] = (added if clear else 0.0, float(scores.centre[i]) * factor, i)
    by_entity: dict[EntityRef, list[OwnTime]] = {}
    rates = _rates(table, scores, graph)
    for level in by_quantile.values():
        for found in _at(level, graph, rates):
            by_entity.setdefault(found.entity, []).append(found)
    result = [_averaged(found, len(by_quantile)) for found in by_entity.values()]
    return tuple(sorted(result, key=lambda o: (-round(o.share, 9), o.entity.key)))


def _rates(table: SeriesTable, scores: Scores, graph: ServiceGraph) -> dict[EntityRef, float]:
    """Usual requests per second by service: the largest of its series of one name, pods added up."""
    sums: dict[tuple[EntityRef, str], float] = {}
    for i, row in enumerate(table.rows):
        if row.signal.kind is SignalKind.TRAFFIC and row.peer is None and scores.centre[i] > 0:
            key = (graph.owner(row.entity), row.name)
            sums[key] = sums.get(key, 0.0) + float(scores.centre[i]) * to_base(row.signal.unit)[1]
    rates: dict[EntityRef, float] = {}
    for (entity, _), rate in sums.items():
        rates[entity] = max(rate, rates.get(entity, 0.0))
    return rates


def _at(
    level: Mapping[EntityRef, tuple[float, float, int]], graph: ServiceGraph, rates: Mapping[EntityRef, float]
) -> list[OwnTime]:
    def times(caller: EntityRef, callee: EntityRef) -> float:
        if rates.get(caller, 0.0) <= 0 or rates.get(callee, 0.0) <= 0:
            return 1.0
        return max(1.0, rates[callee] / rates[caller])

    found = []
    for entity, (added, usual, row) in sorted(level.items()):
        callees, callers = graph.callees(entity), graph.upstream(entity)
        if added <= 0 or not (callees or callers):
            continue
        below = sum(times(entity, c) * level[c][0] for c in callees if c in level and c != entity)
        own = max(0.0, added - below)
        measured = [c for c in callers if c in level]
        above = [min(1.0, own * times(c, entity) / level[c][0]) for c in measured if level[c][0] > 0]
        if measured and not above:  # nobody who waits for it waits longer: it explains nothing of the trouble
            continue
        share = min([own / added, *above])
        found.append(OwnTime(entity=entity, share=share, added_s=added, below_s=below, usual_s=usual, row=row))
    return found


def _averaged(found: Sequence[OwnTime], quantiles: int) -> OwnTime:
    """A quantile at which it added nothing counts as a share of 0."""
    best = max(found, key=lambda own: (own.share, -own.row))
    return replace(best, share=sum(own.share for own in found) / quantiles)


def idle(table: SeriesTable, scores: Scores, graph: ServiceGraph) -> frozenset[EntityRef]:
    """Services whose processor use was measured and nowhere rose: added time is not work of theirs."""
    worst: dict[EntityRef, float] = {}
    for i, row in enumerate(table.rows):
        if row.signal.kind is SignalKind.CPU and scores.centre[i] > 0 and np.isfinite(scores.late[i]):
            entity = graph.owner(row.entity)
            worst[entity] = max(worst.get(entity, 0.0), float(scores.late[i] / scores.centre[i]))
    return frozenset(entity for entity, ratio in worst.items() if ratio <= IDLE)
