"""Spans and error lines counted into time steps, as a series table like any other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compass.analysis.robust import Bools
from compass.analysis.spans import SpanIndex
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.telemetry import Coverage, Direction, Signal, SignalKind
from compass.domain.time import NS_PER_S, Window
from compass.tables.logs import LogTable
from compass.tables.series import Floats, Ints, SeriesRow, SeriesTable, empty_series
from compass.tables.spans import KINDS, STATUSES, SpanTable

STEPS_DURING = 12
MIN_STEP_S, MAX_STEP_S = 5.0, 60.0
MAX_STEPS = 600
SHARE = 0.9
_CLIENT = (KINDS.index("client"), KINDS.index("producer"))
_ERROR, _UNSET = STATUSES.index("error"), STATUSES.index("unset")
_LONGEST_NS = 7 * 24 * 3600 * NS_PER_S


def grid(board: Board) -> tuple[int, int, int]:
    """(start ns, step ns, steps) over all that may be read, with an edge at the onset's earliest moment."""
    start, onset, end = board.baseline.start_ns, board.during.start_ns, board.during.end_ns
    step_s = min(MAX_STEP_S, max(MIN_STEP_S, (end - onset) / NS_PER_S / STEPS_DURING))
    step = max(int(step_s * NS_PER_S), (end - start) // MAX_STEPS, 1)
    before = (onset - start) // step
    first = onset - before * step
    return first, step, max(0, before + (end - onset) // step)


def bin_spans(table: SpanTable, entities: Sequence[int], entity: EntityRef, board: Board) -> SeriesTable:
    """90th percentile of the duration (s) and share of failing spans of what `entities` (numbers) served, per step.

    A caller's waiting spans are left out: what they wait for is the callee's. Spans that never state an outcome (no
    status, no HTTP code) do not show that requests succeed: then there is no share.
    """
    own = np.isin(table.service, entities) | np.isin(table.instance, entities)
    own &= ~np.isin(table.kind, _CLIENT)
    return _binned(table, own, SignalKind.LATENCY, entity, board)


def bin_calls(
    index: SpanIndex, callers: Sequence[int], callees: Sequence[int], entity: EntityRef, board: Board
) -> SeriesTable:
    """The same of the calls from `callers` that `callees` answered, as the caller (`entity`) waited for them."""
    table = index.table
    own = index.remote & np.isin(table.service, callers) & np.isin(index.callee, callees)
    return _binned(table, own, SignalKind.CLIENT_LATENCY, entity, board)


def _binned(table: SpanTable, own: Bools, kind: SignalKind, entity: EntityRef, board: Board) -> SeriesTable:
    """`own` says which spans count, `kind` whose latency theirs is."""
    first, step, steps = grid(board)
    place = (table.start_ns - first) // step
    own = own & (place >= 0) & (place < steps) & (table.duration_ns >= 0) & (table.duration_ns < _LONGEST_NS)
    if not own.any():
        return empty_series(step / NS_PER_S)
    place = place[own]
    failing = (table.status[own] == _ERROR) | (table.http_status[own] >= 500)
    count = np.bincount(place, minlength=steps).astype(np.float64)
    failed = np.bincount(place, weights=failing.astype(np.float64), minlength=steps)
    share = np.divide(failed, count, out=np.full(steps, np.nan), where=count > 0)
    slow = _percentile_by(place, table.duration_ns[own] / NS_PER_S, steps)
    latency = Signal(kind=kind, unit="s", worse=Direction.UP, quantile=SHARE)
    rows = [(latency, "spans: p90 duration", slow)]
    if ((table.status[own] != _UNSET) | (table.http_status[own] > 0)).any():
        rows.append((Signal(kind=SignalKind.ERRORS, unit="1", worse=Direction.UP), "spans: share failing", share))
    return _table(entity, first, step, rows)


def recorded(table: SpanTable, coverage: Coverage, board: Board) -> Coverage:
    """Coverage of calls that are rare: complete since the onset when in nearly every step of that time something was
    recorded, whatever it was. That a call was not made then is known, and earlier gaps hide nothing of it."""
    if coverage.complete or coverage.truncated or not coverage.unsampled:
        return coverage
    first, step, steps = grid(board)
    late = np.arange(steps) >= (board.during.start_ns - first) // step
    place = (table.start_ns - first) // step
    seen = np.bincount(place[(place >= 0) & (place < steps)], minlength=steps) > 0
    if not late.any() or seen[late].mean() < SHARE:
        return coverage
    return Coverage(requested=board.during, received=board.during, sampling=coverage.sampling, step_s=step / NS_PER_S)


def bin_errors(
    table: LogTable, entities: Sequence[int], entity: EntityRef, board: Board, coverage: Coverage
) -> SeriesTable:
    """Error lines per second written by `entities` (numbers), per step; NaN where the answer does not reach.

    No line at all gives no series: whether the entity writes logs is then not known.
    """
    first, step, steps = grid(board)
    own = np.isin(table.service, entities) | np.isin(table.entity, entities)
    place = (table.times_ns - first) // step
    own &= (place >= 0) & (place < steps)
    if not own.any():
        return empty_series(step / NS_PER_S)
    weight = np.where(np.isfinite(table.weight[own]) & (table.weight[own] >= 0), table.weight[own], 1.0)
    rate = np.bincount(place[own], weights=weight, minlength=steps) / (step / NS_PER_S)
    rate[~_within(coverage.received, first, step, steps)] = np.nan
    signal = Signal(kind=SignalKind.ERRORS, unit="{line}/s", worse=Direction.UP)
    return _table(entity, first, step, [(signal, "logs: error lines", rate)])


def _within(window: Window, first: int, step: int, steps: int) -> Bools:
    starts = first + step * np.arange(steps, dtype=np.int64)
    return (starts >= window.start_ns - step) & (starts < window.end_ns)


def _percentile_by(place: Ints, values: Floats, steps: int) -> Floats:
    order = np.lexsort((values, place))
    place, values = place[order], values[order]
    count = np.bincount(place, minlength=steps)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    pick = start + np.floor(SHARE * np.maximum(count - 1, 0)).astype(np.int64)
    return np.where(count > 0, values[np.minimum(pick, values.size - 1)], np.nan)


def _table(entity: EntityRef, first: int, step: int, rows: list[tuple[Signal, str, Floats]]) -> SeriesTable:
    steps = rows[0][2].shape[0]
    return SeriesTable(
        rows=tuple(SeriesRow(entity=entity, signal=signal, name=f"{name} of {entity}") for signal, name, _ in rows),
        times_ns=first + step * np.arange(1, steps + 1, dtype=np.int64),
        values=np.vstack([values for _, _, values in rows]), step_s=step / NS_PER_S,
    )  # fmt: skip
