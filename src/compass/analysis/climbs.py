"""Memory that grows, falls and grows again: a leak whose process is killed and started, which is no steady trend.

A row is cut where it falls by a large part of its level. The stretches between falls are climbs when they rise all the
way (not as a start that fills a cache and stays level does) and end above what the row reached before in a stretch of
that length. The last condition keeps garbage collection silent: it goes up and down as well, but to the level it
always had. What is usual is a median over the stretches of the baseline, so that an onset that was set too late by less
than half of the baseline does not hide the climbs before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.analysis.robust import Bools
from compass.domain.time import Window
from compass.tables.series import Floats, Ints, SeriesTable

FALL = 0.3
"""Share of its level by which one sample must be lower than the one before to end a climb (0.15 to 0.45 alike)."""
ABOVE = 0.2
"""A climb ends at least this much above what is usual; the growth that a steady leak must show as well."""
MIN_CLIMBS = 2
MIN_SAMPLES = 4
"""Samples of a climb: with fewer its form cannot be told."""
UPWARDS = 0.7
"""Share of all movement within climbs that must be upwards (net): noise is near 0, steady growth near 1."""
FILLED = 0.5
"""Share of the samples since the first climb that lie in climbs: among noise, four samples may rise by chance."""
LATE = 0.25
"""Share of the rise that comes in the later half of the climbs: a straight line has 0.5, a filled cache nearly 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbs:
    """The climbs of one row: where they begin (times of the falls, ns), how high their ends lie (median of their
    tops), and the top that was usual in a stretch of that length before."""

    row: int
    starts_ns: tuple[int, ...]
    top: float
    usual: float

    @property
    def growth(self) -> float:
        """How far above the usual top they end, as a share of it."""
        return self.top / self.usual - 1.0


def repeated_climbs(table: SeriesTable, rows: Ints, baseline: Window, during: Window) -> tuple[Climbs, ...]:
    """Those of `rows` that climb at least twice and still do after the onset, to where they never usually are."""
    if not rows.size or table.times_ns.size < 2 * MIN_SAMPLES:
        return ()
    values = np.where(np.isfinite(table.values[rows]), table.values[rows], np.nan)
    inside = (table.times_ns > baseline.start_ns) & (table.times_ns <= during.end_ns)
    values, times_ns = values[:, inside], table.times_ns[inside]
    often = np.flatnonzero(_falls(values).sum(axis=1) >= MIN_CLIMBS)
    found = (_climbs(int(rows[at]), values[at], times_ns, baseline, during) for at in often)
    return tuple(one for one in found if one is not None)


def _falls(values: Floats) -> Bools:
    """Samples [rows, times] that lie far below the last one that is known."""
    place = np.where(np.isfinite(values), np.arange(values.shape[1])[None, :], 0)
    last = np.maximum.accumulate(place, axis=1)
    known = np.take_along_axis(values, last, axis=1)
    before = np.concatenate([np.full((values.shape[0], 1), np.nan), known[:, :-1]], axis=1)
    return np.asarray(values < (1.0 - FALL) * before)


def _climbs(row: int, values: Floats, times_ns: Ints, baseline: Window, during: Window) -> Climbs | None:
    known = np.isfinite(values)
    level, moments = values[known], times_ns[known]
    starts = np.flatnonzero(_falls(level[None, :])[0])
    ends = np.r_[starts[1:], level.size]
    long = ends - starts >= MIN_SAMPLES
    starts, ends = starts[long], ends[long]
    if starts.size < MIN_CLIMBS:
        return None
    usual = _usual_top(level[moments <= baseline.end_ns], _length(moments, starts, ends, baseline))
    tops = np.array([level[start:end].max() for start, end in zip(starts, ends, strict=True)])
    high = tops >= (1.0 + ABOVE) * usual if usual > 0 else np.zeros(tops.shape, dtype=np.bool_)
    starts, ends, tops = starts[high], ends[high], tops[high]
    if starts.size < MIN_CLIMBS or moments[ends[-1] - 1] <= during.start_ns or not _rise(level, starts, ends):
        return None
    return Climbs(row=row, starts_ns=tuple(int(ns) for ns in moments[starts]), top=float(np.median(tops)), usual=usual)


def _length(moments: Ints, starts: Ints, ends: Ints, baseline: Window) -> int:
    """Samples from fall to fall, before or after the onset, whichever took longer: traffic makes collections faster."""
    early = moments[starts] <= baseline.end_ns
    return max(int(np.median((ends - starts)[side])) for side in (early, ~early) if side.any())


def _usual_top(before: Floats, length: int) -> float:
    """The median of what each stretch of `length` samples reached; NaN with fewer than two of them."""
    if before.size < 2 * length:
        return float("nan")
    stretches = before[: before.size - before.size % length].reshape(-1, length)
    return float(np.median(stretches.max(axis=1)))


def _rise(level: Floats, starts: Ints, ends: Ints) -> bool:
    """Whether the climbs, taken together, fill most of the time, go up all the way, and up to their end."""
    pairs = list(zip(starts.tolist(), ends.tolist(), strict=True))
    rise = sum(float(level[end - 1] - level[start]) for start, end in pairs)
    moved = sum(float(np.abs(np.diff(level[start:end])).sum()) for start, end in pairs)
    late = sum(float(level[end - 1] - level[(start + end - 1) // 2]) for start, end in pairs)
    filled = float((ends - starts).sum()) >= FILLED * (level.size - starts[0])
    return filled and rise >= UPWARDS * moved and late >= LATE * rise
