"""Series: the groups asked for, their samples in bounded batches, one grid, one row for each thing measured.

Rows of a histogram `x` (each only when its kind is asked for): P90, P99 and mean, or the one statistic that
`SignalQuery.aggregate` names; `stat` in the labels says which. Its count gives traffic, and where a status label says
which requests failed, errors per second, error ratio and requests refused by rate limits.
`limit` is the number of recorded series that are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from compass.domain.entity import EntityRef
from compass.domain.telemetry import Aggregate, Answer, Coverage, NativeQuery, SignalQuery
from compass.domain.time import NS_PER_S, Window
from compass.ports.errors import SourceRefusedError
from compass.signals.entities import EntityIndex
from compass.sources.recording.cover import CensusTaker, absent, holes, outside_note, received
from compass.sources.recording.engine import Engine, floats, integers
from compass.sources.recording.grid import (
    MAX_STEPS,
    STALE_NS,
    Floats,
    Grid,
    Samples,
    clean,
    make_grid,
    native_step_s,
)
from compass.sources.recording.layout import METRICS_PART, SAMPLES
from compass.sources.recording.plan import Group
from compass.sources.recording.rows import rows_of
from compass.sources.recording.world import World, among
from compass.tables.series import SeriesRow, SeriesTable, empty_series

BATCH_SAMPLES = 1_500_000
MAX_CELLS = 40_000_000
MAX_SQL_CHARS = 4_000
_ROOM = 256  # rows for which a growing table gets room at least


@dataclass(slots=True)
class _Result:
    rows: list[SeriesRow] = field(default_factory=list)
    values: Floats = field(default_factory=lambda: np.empty((0, 0)))  # with room at the end
    first_ns: int | None = None
    last_ns: int = 0
    sql: str = ""


def read_series(
    query: SignalQuery, window: Window, closed: bool, source: str, engine: Engine, world: World, census: CensusTaker
) -> Answer[SeriesTable]:
    """Answer `query` in `window`, the part of its window that the recording covers."""
    if not world.has(METRICS_PART):
        return Answer(data=empty_series(query.step_s or 60.0), coverage=absent(query.window, METRICS_PART),
                      query=NativeQuery(language="duckdb", text=""), source=source)  # fmt: skip
    world.need(METRICS_PART)
    counted = census.of(METRICS_PART)
    asked = [group for group in world.groups if group.kinds & query.kinds]
    groups = _of_entities(asked, query.entities, world.index)
    groups, truncated = _limited(groups, query.limit)
    result = _Result()
    grid: Grid | None = None
    step_s = query.step_s or 60.0
    for batch in _batches(groups, counted.rows, len(world.groups)):
        samples, numbers, sql = _samples(batch, window, closed, engine)
        result.sql = result.sql or sql
        if grid is None:
            step_s = query.step_s or native_step_s(samples)
            grid = _grid(samples, window, step_s, len(groups))
        _take(result, batch, samples, numbers, grid, query)
        del samples  # before the next batch is read
    missing = (*_missing(query, asked, groups, world.index), *world.skipped_series, *outside_note(counted, "samples"))
    if groups:
        missing = (*missing, *holes(counted, window, METRICS_PART.noun))
    return Answer(
        data=_table(result, grid, step_s, window),
        coverage=Coverage(
            requested=query.window, received=_range(result, window), truncated=truncated, step_s=step_s, missing=missing
        ),
        query=NativeQuery(language="duckdb", text=result.sql),
        source=source,
    )


def _of_entities(groups: Sequence[Group], wanted: tuple[EntityRef, ...], index: EntityIndex) -> list[Group]:
    """Groups about one of `wanted` or something in it. Edges count for both of their ends."""
    if not wanted:
        return list(groups)
    inside = frozenset().union(*(index.members(_known(entity, index)) for entity in wanted))
    return [g for g in groups if g.entity in inside or g.service in inside or (g.peer is not None and g.peer in inside)]


def _known(entity: EntityRef, index: EntityIndex) -> EntityRef:
    return index.ref(entity.kind, entity.name, entity.namespace, entity.cluster)


def _limited(groups: list[Group], limit: int) -> tuple[list[Group], bool]:
    kept: list[Group] = []
    series = 0
    for group in groups:
        series += len(group.members)
        if series > limit:
            return kept, True
        kept.append(group)
    return kept, False


def _batches(groups: Sequence[Group], samples: int, all_groups: int) -> Iterator[list[Group]]:
    """Groups whose samples are read together: bounded by an estimate from the average series."""
    each = samples / max(1, all_groups)
    batch: list[Group] = []
    weight = 0.0
    for group in groups:
        weight += each * len(group.members)
        if batch and weight > BATCH_SAMPLES:
            yield batch
            batch, weight = [], each * len(group.members)
        batch.append(group)
    if batch:
        yield batch


def _samples(
    groups: Sequence[Group], window: Window, closed: bool, engine: Engine
) -> tuple[Samples, np.ndarray[tuple[int], np.dtype[np.int64]], str]:
    numbers = np.unique(np.asarray([m.series for g in groups for m in g.members], dtype=np.int64))
    # A counter's first rate needs the sample before the window.
    reach = Window(start_ns=window.start_ns - STALE_NS, end_ns=window.end_ns)
    sql = (
        f"SELECT series, epoch_ns(time) AS time_ns, value FROM read_parquet('{SAMPLES}')"  # noqa: S608
        f" WHERE {among('series', numbers.tolist())} AND {engine.between(SAMPLES, 'time', reach, closed=closed)}"
        " AND value IS NOT NULL ORDER BY series, time, value"
    )
    found = engine.query(sql)
    samples = clean(integers(found["series"]), numbers, integers(found["time_ns"]), floats(found["value"]))
    return samples, numbers, sql if len(sql) <= MAX_SQL_CHARS else f"{sql[:MAX_SQL_CHARS]} …"


def _grid(samples: Samples, window: Window, step_s: float, rows: int) -> Grid:
    steps = window.seconds / step_s
    if steps > MAX_STEPS or steps * rows > MAX_CELLS:
        raise SourceRefusedError(
            f"{rows} rows in steps of {step_s:g} s are too many points", where=SAMPLES,
            hint="ask for a longer step, a shorter window or fewer entities",
        )  # fmt: skip
    return make_grid(samples, window, step_s)


def _take(
    result: _Result,
    groups: Sequence[Group],
    samples: Samples,
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]],
    grid: Grid,
    query: SignalQuery,
) -> None:
    for row, values in rows_of(groups, samples, numbers, grid, query.kinds, query.aggregate or Aggregate.LAST):
        at = len(result.rows)
        if at >= result.values.shape[0]:
            # Grown where it lies: a second copy of all series would be the largest thing in memory.
            result.values.resize((at + at // 4 + _ROOM, grid.steps), refcheck=False)
        result.rows.append(row)
        result.values[at] = values
    inside = samples.time_ns[(samples.time_ns >= query.window.start_ns)]
    if inside.size:
        first = int(inside.min())
        result.first_ns = first if result.first_ns is None else min(first, result.first_ns)
        result.last_ns = max(result.last_ns, int(inside.max()))


def _table(result: _Result, grid: Grid | None, step_s: float, window: Window) -> SeriesTable:
    if grid is None:
        return empty_series(step_s)
    ends = np.minimum(grid.ends_ns, window.end_ns)
    order = sorted(range(len(result.rows)), key=lambda i: (result.rows[i].key, result.rows[i].signal.kind))
    result.values.resize((len(order), grid.steps), refcheck=False)
    _arrange(result.values, order)
    return SeriesTable(
        rows=tuple(result.rows[i] for i in order), times_ns=ends, values=result.values, step_s=grid.step_ns / NS_PER_S
    )


def _arrange(values: Floats, order: list[int]) -> None:
    """`values[:] = values[order]`, moving rows round the cycles of the permutation instead of copying them all."""
    done = [False] * len(order)
    for start, first in enumerate(order):
        if done[start] or first == start:
            continue
        kept, at = values[start].copy(), start
        while (source := order[at]) != start:
            values[at] = values[source]
            done[at], at = True, source
        values[at], done[at] = kept, True


def _range(result: _Result, window: Window) -> Window:
    if result.first_ns is None:
        return received(np.empty(0, dtype=np.int64), window)
    return Window(start_ns=result.first_ns, end_ns=result.last_ns + 1)


def _missing(
    query: SignalQuery, asked: Sequence[Group], groups: Sequence[Group], index: EntityIndex
) -> tuple[str, ...]:
    """Signals that no series shows: absence of an anomaly in them proves nothing."""
    kinds = ", ".join(sorted(kind.value for kind in query.kinds))
    if not asked:
        return (f"no series of {kinds}",)
    gone = []
    for entity in query.entities:
        inside = index.members(_known(entity, index))
        if not any(g.entity in inside or g.service in inside or g.peer in inside for g in groups):
            gone.append(f"no series of {kinds} for {entity}")
    return tuple(gone)
