"""Samples onto one time grid: last values of gauges, per-second rates of counters, quantiles of histograms. Pure.

Rates follow Prometheus' rule for counters: a value below its predecessor is a reset, and the new value is the growth.
The growth between two samples belongs to the step in which the later one lies; a step's rate is the growth in it over
the time that growth covers. Unlike PromQL's `rate()` nothing is extrapolated to the edges of the step.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.domain.telemetry import Aggregate
from compass.domain.time import NS_PER_S, Window

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DEFAULT_STEP_S = 60.0
USUAL_STEPS_S = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
MAX_STEPS = 100_000
SLOW = 1.5  # in steps: a series whose samples are further apart leaves steps empty
HELD_AT_ONCE = 4096  # rows: what is worked on besides them stays small
STALE_NS = 300 * NS_PER_S  # Prometheus' look-back: older samples say nothing about now


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Sorted by (row, time), one value a (row, time), finite. `row` is dense."""

    rows: int
    row: Ints
    time_ns: Ints
    value: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """`ends_ns[i]` ends step i, which holds samples in (end − step, end]."""

    ends_ns: Ints
    step_ns: int

    @property
    def steps(self) -> int:
        return int(self.ends_ns.shape[0])

    def step_of(self, time_ns: Ints) -> Ints:
        """The step of each time; outside the grid it is negative or ≥ `steps`."""
        return -((self.ends_ns[0] - time_ns) // self.step_ns) if self.steps else np.full(time_ns.shape, -1)


def clean(series: Ints, numbers: Ints, time_ns: Ints, value: Floats) -> Samples:
    """Samples of the series in `numbers` (ascending) as dense rows; later duplicates and non-finite values go."""
    row = np.searchsorted(numbers, series)
    if not _ascending(row, time_ns, value):
        order = np.lexsort((value, time_ns, row))
        row, time_ns, value = row[order], time_ns[order], value[order]
    finite = np.isfinite(value)
    if not finite.all():
        row, time_ns, value = row[finite], time_ns[finite], value[finite]
    last = np.ones(row.shape[0], dtype=bool)
    last[:-1] = (row[1:] != row[:-1]) | (time_ns[1:] != time_ns[:-1])
    if last.all():
        return Samples(rows=int(numbers.shape[0]), row=row, time_ns=time_ns, value=value)
    return Samples(rows=int(numbers.shape[0]), row=row[last], time_ns=time_ns[last], value=value[last])


def _ascending(row: Ints, time_ns: Ints, value: Floats) -> bool:
    """Whether samples are in order of (row, time, value) already, as a database was asked to give them."""
    same_row, same_time = row[1:] == row[:-1], time_ns[1:] == time_ns[:-1]
    later = (row[1:] > row[:-1]) | (same_row & (time_ns[1:] > time_ns[:-1]))
    later |= same_row & same_time & (value[1:] >= value[:-1])
    return bool(later.all())


def native_step_s(samples: Samples) -> float:
    """The most common median distance between samples of a series, in seconds; 60 when no series has two."""
    gaps, owner = _gaps(samples)
    if gaps.size == 0:
        return DEFAULT_STEP_S
    gaps = gaps[np.lexsort((gaps, owner))]  # `owner` ascends already
    starts, sizes = _runs(owner)
    votes: Counter[float] = Counter()
    for median, times in zip(*np.unique(gaps[starts + (sizes - 1) // 2], return_counts=True), strict=True):
        votes[_usual(float(median / NS_PER_S))] += int(times)
    return min(votes, key=lambda step: (-votes[step], step))


def make_grid(samples: Samples, window: Window, step_s: float) -> Grid:
    """A grid over the whole window. Steps end where samples usually arrive, so that jitter never splits a scrape."""
    step = max(1, round(step_s * NS_PER_S))
    phase = _phase(samples.time_ns, step)
    first = window.start_ns + (phase - window.start_ns) % step
    count = max(0, -((first - (window.end_ns - 1)) // step) + 1)
    return Grid(ends_ns=first + step * np.arange(count, dtype=np.int64), step_ns=step)


def gauges(samples: Samples, grid: Grid, aggregate: Aggregate) -> Floats:
    """[rows, steps]: the last, mean or largest value of each step; NaN where there is none."""
    step = grid.step_of(samples.time_ns)
    inside = (step >= 0) & (step < grid.steps)
    row, value = samples.row, samples.value
    if not inside.all():
        row, step, value = row[inside], step[inside], value[inside]
    out = np.full((samples.rows, grid.steps), np.nan)
    if aggregate is Aggregate.MEAN:
        flat = row * grid.steps + step
        total = np.bincount(flat, weights=value, minlength=out.size)
        count = np.bincount(flat, minlength=out.size)
        flat_out = out.ravel()
        np.divide(total, count, out=flat_out, where=count > 0)
        return flat_out.reshape(samples.rows, grid.steps)
    if aggregate is Aggregate.MAX:
        order = np.lexsort((value, step, row))
        row, step, value = row[order], step[order], value[order]
    # Of several values for one cell, numpy keeps the one assigned last: the latest, or the largest.
    out[row, step] = value
    return _held(out, samples, grid)


def rates(samples: Samples, grid: Grid) -> Floats:
    """[rows, steps]: per-second rates of counters; NaN where a step has no pair of samples."""
    same = samples.row[1:] == samples.row[:-1]
    growth = np.diff(samples.value)
    growth = np.where(growth < 0, samples.value[1:], growth)
    gap = np.diff(samples.time_ns)
    step = grid.step_of(samples.time_ns[1:])
    usable = same & (step >= 0) & (step < grid.steps) & (gap > 0) & (gap <= max(STALE_NS, 3 * grid.step_ns))
    flat = samples.row[1:][usable] * grid.steps + step[usable]
    size = samples.rows * grid.steps
    grown = np.bincount(flat, weights=growth[usable], minlength=size)
    over = np.bincount(flat, weights=gap[usable] / NS_PER_S, minlength=size)
    out = np.full(size, np.nan)
    np.divide(grown, over, out=out, where=over > 0)
    return _held(out.reshape(samples.rows, grid.steps), samples, grid)


def combined(values: Floats, how: str) -> Floats:
    """One row of several: `sum`, `mean` or `max`. A sum is NaN where a series that lives before and after is absent."""
    if values.shape[0] == 1:
        return np.asarray(values[0])
    there = np.isfinite(values)
    any_there = there.any(axis=0)
    filled = np.where(there, values, 0.0)
    if how == "max":
        return np.where(any_there, np.where(there, values, -np.inf).max(axis=0), np.nan)
    if how == "mean":
        return np.where(any_there, filled.sum(axis=0) / np.maximum(there.sum(axis=0), 1), np.nan)
    begun = np.maximum.accumulate(there, axis=1)
    goes_on = np.maximum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    hole = (begun & goes_on & ~there).any(axis=0)
    return np.where(any_there & ~hole, filled.sum(axis=0), np.nan)


def bucket_quantile(bounds: Floats, rates_by_bound: Floats, quantile: float) -> Floats:
    """Prometheus' `histogram_quantile`: linear inside the bucket that holds the quantile.

    `bounds` ascending, the last one +Inf; `rates_by_bound` [bounds, steps], cumulative. The lowest bucket starts at 0
    when its bound is positive; in the +Inf bucket the highest finite bound is given. NaN without observations.
    """
    steps = rates_by_bound.shape[1]
    if bounds.size < 2 or not np.isposinf(bounds[-1]):
        return np.full(steps, np.nan)
    # Scrapes are not atomic: cumulative counts are made monotonic, as Prometheus does.
    cumulative = np.maximum.accumulate(np.nan_to_num(rates_by_bound, nan=0.0), axis=0)
    total = cumulative[-1]
    rank = quantile * total
    at = np.minimum((cumulative < rank).sum(axis=0), bounds.size - 1)
    column = np.arange(steps)
    below = np.where(at > 0, cumulative[np.maximum(at - 1, 0), column], 0.0)
    inside = cumulative[at, column] - below
    upper = bounds[at]
    lower = np.where(at > 0, bounds[np.maximum(at - 1, 0)], np.minimum(0.0, bounds[0]))
    share = np.divide(rank - below, inside, out=np.ones(steps), where=inside > 0)
    finite_upper = np.where(np.isfinite(upper), upper, lower)
    result = np.where(np.isfinite(upper), lower + (finite_upper - lower) * share, bounds[-2])
    whole = np.isfinite(rates_by_bound[-1]) & (total > 0)
    return np.where(whole, result, np.nan)


def _held(values: Floats, samples: Samples, grid: Grid) -> Floats:
    """Values of series slower than the grid are held for one interval of their own, and no longer."""
    hold = _holds(samples, grid)
    rows, steps = np.flatnonzero(hold > 0), np.arange(grid.steps)
    for some in np.split(rows, range(HELD_AT_ONCE, rows.size, HELD_AT_ONCE)):
        own = values[some]
        latest = np.maximum.accumulate(np.where(np.isfinite(own), steps, -grid.steps), axis=1)
        near = steps - latest <= hold[some, None]
        values[some] = np.where(near, np.take_along_axis(own, np.maximum(latest, 0), axis=1), np.nan)
    return values


def _holds(samples: Samples, grid: Grid) -> Ints:
    """[rows]: for how many steps after its own a value holds: what the median distance of the row's samples spans."""
    gaps, owner = _gaps(samples)
    hold = np.zeros(samples.rows, dtype=np.int64)
    if not (gaps > SLOW * grid.step_ns).any():
        return hold
    # Most rows with a wide gap have a few of them: only where every other one is wide can the median be.
    wide = np.bincount(owner[gaps >= SLOW * grid.step_ns], minlength=samples.rows)
    wider = np.bincount(owner[gaps > SLOW * grid.step_ns], minlength=samples.rows)
    slow = (wider > 0) & (2 * wide >= np.bincount(owner, minlength=samples.rows))
    gaps, owner = gaps[slow[owner]], owner[slow[owner]]
    gaps = gaps[np.lexsort((gaps, owner))]
    starts, sizes = _runs(owner)
    upper, lower = gaps[starts + sizes // 2], gaps[starts + (sizes - 1) // 2]
    median = (lower.astype(np.float64) + upper) / 2
    hold[owner[starts]] = np.rint(median / grid.step_ns).astype(np.int64) - 1
    return hold


def _gaps(samples: Samples) -> tuple[Ints, Ints]:
    """Nanoseconds between each two neighbouring samples of a row, and whose they are."""
    same = samples.row[1:] == samples.row[:-1]
    return np.diff(samples.time_ns)[same], samples.row[1:][same]


def _runs(owner: Ints) -> tuple[Ints, Ints]:
    """Where in a sorted array each value begins, and how often it is there."""
    starts = np.flatnonzero(np.r_[owner.size > 0, owner[1:] != owner[:-1]])
    return starts, np.diff(np.r_[starts, owner.size])


def _usual(step_s: float) -> float:
    for usual in USUAL_STEPS_S:
        if abs(step_s - usual) <= 0.05 * usual:
            return usual
    return max(0.001, round(step_s, 3))


def _phase(time_ns: Ints, step: int) -> int:
    """Where in a step samples stop arriving: the start of the widest gap between their phases."""
    if time_ns.size == 0:
        return 0
    phases = np.unique(time_ns % step)
    gaps = np.diff(np.r_[phases, phases[0] + step])
    return int(phases[int(np.argmax(gaps))])
