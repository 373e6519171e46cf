"""Rows of the series table from groups and their samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from compass.domain.telemetry import Aggregate, Direction, Signal, SignalKind, Temporality
from compass.signals.catalogue import Combine, Part
from compass.sources.recording.grid import Floats, Grid, Ints, Samples, bucket_quantile, combined, gauges, rates
from compass.sources.recording.plan import COUNT_UNIT, COUNTED, Group, Member, Outcome, derived
from compass.tables.series import SeriesRow

QUANTILES = {Aggregate.P50: 0.5, Aggregate.P90: 0.9, Aggregate.P99: 0.99}
USUAL_QUANTILES = (0.9, 0.99)
# A limit of 0, −1 or some 2^63 is how exporters write "no limit" (cAdvisor, redis_exporter, database/sql).
LIMITS = frozenset(
    {
        SignalKind.MEMORY_LIMIT,
        SignalKind.FILE_DESCRIPTORS_LIMIT,
        SignalKind.DB_CONNECTIONS_LIMIT,
        SignalKind.POOL_LIMIT,
    }
)
UNLIMITED = 2.0**60
Row = tuple[SeriesRow, Floats]


def rows_of(
    groups: Sequence[Group],
    samples: Samples,
    numbers: Ints,
    grid: Grid,
    kinds: AbstractSet[SignalKind],
    aggregate: Aggregate,
) -> Iterator[Row]:
    """Every row of the kinds asked for that has at least one value."""
    over_time = aggregate if aggregate in (Aggregate.MEAN, Aggregate.MAX) else Aggregate.LAST
    growing = [group.histogram or group.meaning.signal.temporality is Temporality.CUMULATIVE for group in groups]
    nothing = np.empty((0, grid.steps))
    last = nothing if all(growing) else gauges(samples, grid, over_time)
    rate = rates(samples, grid) if any(growing) else nothing
    for group in groups:
        at = {member.series: int(np.searchsorted(numbers, member.series)) for member in group.members}
        if group.histogram:
            made = _histogram(group, rate, at, kinds, aggregate)
        else:
            made = _plain(group, last, rate, at, kinds)
        for row, values in made:
            if row.signal.kind in kinds and np.isfinite(values).any():
                yield row, values


def _plain(
    group: Group, last: Floats, rate: Floats, at: dict[int, int], kinds: AbstractSet[SignalKind]
) -> Iterator[Row]:
    meaning = group.meaning
    cumulative = meaning.signal.temporality is Temporality.CUMULATIVE
    source = rate if cumulative else last
    if meaning.signal.kind in kinds:
        how = "max" if meaning.combine is Combine.NONE else meaning.combine.value
        values = combined(source[[at[m.series] for m in group.members]], how) * meaning.scale
        if meaning.signal.kind in LIMITS:
            values = np.where((values > 0) & (values < UNLIMITED), values, np.nan)
        yield _row(group, meaning.signal), values
    if group.requests and group.judged and kinds & {SignalKind.ERRORS, SignalKind.RATE_LIMITED}:
        yield from _outcomes(group, source, at, group.members)


def _histogram(
    group: Group, rate: Floats, at: dict[int, int], kinds: AbstractSet[SignalKind], aggregate: Aggregate
) -> Iterator[Row]:
    signal = group.meaning.signal
    counts = _counting(group)
    count = _added(rate, at, counts)
    if signal.kind in kinds:
        yield from _durations(group, rate, at, count, aggregate)
    counted = COUNTED.get(signal.kind)
    if counted is not None and counted in kinds and group.countable and count is not None:
        yield _row(group, derived(signal, counted, COUNT_UNIT[counted], Direction.EITHER), stat="rate"), count
    if group.requests and group.judged and kinds & {SignalKind.ERRORS, SignalKind.RATE_LIMITED}:
        yield from _outcomes(group, rate, at, counts)


def _durations(
    group: Group, rate: Floats, at: dict[int, int], count: Floats | None, aggregate: Aggregate
) -> Iterator[Row]:
    signal, scale = group.meaning.signal, group.meaning.scale
    bounds, cumulative = _buckets(group, rate, at)
    wanted = (QUANTILES[aggregate],) if aggregate in QUANTILES else USUAL_QUANTILES
    if bounds.size and aggregate is not Aggregate.MEAN:
        for quantile in wanted:
            values = bucket_quantile(bounds, cumulative, quantile) * scale
            made = derived(signal, signal.kind, signal.unit, signal.worse, quantile)
            yield _row(group, made, stat=f"p{quantile * 100:g}"), values
    total = _added(rate, at, [m for m in group.members if m.part is Part.SUM])
    if total is not None and count is not None and aggregate not in QUANTILES:
        mean = np.full(total.shape, np.nan)
        np.divide(total, count, out=mean, where=count > 0)
        yield _row(group, derived(signal, signal.kind, signal.unit, signal.worse), stat="mean"), mean * scale


def _buckets(group: Group, rate: Floats, at: dict[int, int]) -> tuple[Floats, Floats]:
    members = [m for m in group.members if m.part is Part.BUCKET and not np.isnan(m.bound)]
    bounds = np.unique(np.asarray([m.bound for m in members], dtype=np.float64))
    rows = [_added(rate, at, [m for m in members if m.bound == bound]) for bound in bounds]
    if not rows:
        return bounds, np.empty((0, rate.shape[1]))
    return bounds, np.stack([row for row in rows if row is not None])


def _counting(group: Group) -> list[Member]:
    """The members that count observations: `_count`, or the +Inf bucket where there is none."""
    counts = [m for m in group.members if m.part is Part.COUNT]
    return counts or [m for m in group.members if m.part is Part.BUCKET and np.isposinf(m.bound)]


def _added(rate: Floats, at: dict[int, int], members: Sequence[Member]) -> Floats | None:
    return combined(rate[[at[m.series] for m in members]], "sum") if members else None


def _outcomes(group: Group, source: Floats, at: dict[int, int], members: Sequence[Member]) -> Iterator[Row]:
    """Errors per second and their share, and requests refused by a limit, from a status label."""
    signal = group.meaning.signal
    total = _added(source, at, members)
    if total is None:
        return
    for outcome, kind in ((Outcome.ERROR, SignalKind.ERRORS), (Outcome.LIMITED, SignalKind.RATE_LIMITED)):
        chosen = [m for m in members if m.outcome is outcome]
        if not chosen and outcome is Outcome.LIMITED:
            continue
        # A status never seen is a count of zero, not an unknown one.
        part = _added(source, at, chosen)
        failed = np.where(np.isfinite(total), np.nan_to_num(part if part is not None else np.zeros_like(total)), np.nan)
        unit = "{error}/s" if outcome is Outcome.ERROR else "{request}/s"
        yield _row(group, derived(signal, kind, unit, Direction.UP), stat=f"{outcome.value} rate"), failed
        if outcome is Outcome.ERROR:
            share = np.full(total.shape, np.nan)
            np.divide(failed, total, out=share, where=total > 0)
            yield _row(group, derived(signal, kind, "1", Direction.UP), stat="error ratio"), share


def _row(group: Group, signal: Signal, stat: str = "") -> SeriesRow:
    labels = {**group.labels, "stat": stat} if stat else group.labels
    return SeriesRow(
        entity=group.entity, signal=signal, name=group.name, labels=labels, peer=group.peer, no_rule=group.no_rule
    )
