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
"""Share of all movement within climbs, but their first and last step, that must be upwards (net): noise is near 0,
steady growth near 1."""
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
    inside = (table.times_ns > baseline.start_ns) & (table.times_ns <= during.end_ns)
    values, times_ns = table.values[np.ix_(rows, inside)], table.times_ns[inside]
    values = np.where(np.isfinite(values), values, np.nan)
    falls = _falls(values)
    often = falls.sum(axis=1) >= MIN_CLIMBS
    samples = _samples(values[often], falls[often], times_ns, baseline)
    climbs = samples.stretches()
    climbs = climbs.of(climbs.sizes >= MIN_SAMPLES).repeated()
    usual = samples.usual_tops(samples.lengths(climbs))
    usual_there = usual[climbs.row]
    climbs = climbs.of((usual_there > 0) & (climbs.tops >= (1.0 + ABOVE) * usual_there)).repeated()
    last_ns = samples.moments[climbs.ends - 1]
    still = np.bincount(climbs.row, weights=last_ns > during.start_ns, minlength=usual.size) > 0
    climbs = climbs.of((still & samples.rise(climbs))[climbs.row])
    tops = _medians(climbs.row, climbs.tops, usual.size)
    return tuple(
        Climbs(
            row=int(rows[often][at]), top=float(tops[at]), usual=float(usual[at]),
            starts_ns=tuple(samples.moments[climbs.starts[climbs.row == at]].tolist()),
        )
        for at in np.unique(climbs.row)
    )  # fmt: skip


def _falls(values: Floats) -> Bools:
    """Samples [rows, times] that lie far below the last one that is known."""
    place = np.where(np.isfinite(values), np.arange(values.shape[1])[None, :], 0)
    last = np.maximum.accumulate(place, axis=1)
    known = np.take_along_axis(values, last, axis=1)
    before = np.concatenate([np.full((values.shape[0], 1), np.nan), known[:, :-1]], axis=1)
    return np.asarray(values < (1.0 - FALL) * before)


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Stretches from one fall to the next, in order: their row, their first sample and the one after their last (places
    in the samples of all rows), and what they reach. All [stretches] but `rows`, the number of rows."""

    row: Ints
    starts: Ints
    ends: Ints
    tops: Floats
    rows: int

    @property
    def sizes(self) -> Ints:
        return self.ends - self.starts

    def of(self, mask: Bools) -> _Stretches:
        return _Stretches(self.row[mask], self.starts[mask], self.ends[mask], self.tops[mask], self.rows)

    def repeated(self) -> _Stretches:
        """Those of rows that have at least MIN_CLIMBS of them."""
        return self.of((np.bincount(self.row, minlength=self.rows) >= MIN_CLIMBS)[self.row])

    def by_row(self, values: Floats | Ints) -> Floats:
        """Sums [rows] of `values` [stretches]."""
        return np.asarray(np.bincount(self.row, weights=values, minlength=self.rows), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Samples:
    """The known samples of many rows, one row after the other: their row, value, time, whether they lie far below the
    one before, and whether they belong to the baseline. All [samples] but `first` [rows], where each row begins."""

    row: Ints
    level: Floats
    moments: Ints
    falls: Bools
    before: Bools
    first: Ints

    def stretches(self) -> _Stretches:
        """Every stretch that begins with a fall."""
        starts = np.flatnonzero(self.falls)
        row = self.row[starts]
        ends = np.minimum(np.r_[starts[1:], self.level.size], np.r_[self.first[1:], self.level.size][row])
        return _Stretches(row, starts, ends, _reduced(np.maximum, self.level, starts, ends), self.first.size)

    def lengths(self, climbs: _Stretches) -> Ints:
        """Samples [rows] from fall to fall, before or after the onset, whichever took longer: traffic makes collections
        faster. 0 for a row without climbs."""
        early = self.before[climbs.starts]
        sides = [_medians(climbs.row[side], climbs.sizes[side], climbs.rows) for side in (early, ~early)]
        return np.asarray(np.nan_to_num(np.fmax(*sides)), dtype=np.int64)

    def usual_tops(self, lengths: Ints) -> Floats:
        """The median [rows] of what each stretch of `lengths` [rows] samples before the onset reached; NaN with fewer
        than two of them."""
        count = np.bincount(self.row[self.before], minlength=lengths.size)
        told = (lengths > 0) & (count >= 2 * lengths)
        whole = np.where(told, count - count % np.maximum(lengths, 1), 0)
        place = np.arange(self.level.size) - self.first[self.row]
        used = np.flatnonzero(place < whole[self.row])
        starts = np.flatnonzero(place[used] % lengths[self.row[used]] == 0)
        tops = _reduced(np.maximum, self.level[used], starts, np.r_[starts[1:], used.size])
        return _medians(self.row[used[starts]], tops, lengths.size)

    def rise(self, climbs: _Stretches) -> Bools:
        """Whether the climbs of a row [rows], taken together, fill most of the time, go up all the way, and up to their
        end.

        The falls choose where a climb begins and ends, so among mere noise its first sample is low and its last one
        high. Only the steps between the second and the last but one tell whether it goes up all the way.
        """
        middle, last = (climbs.starts + climbs.ends - 1) // 2, climbs.ends - 1
        rise = climbs.by_row(self.level[last] - self.level[climbs.starts])
        late = climbs.by_row(self.level[last] - self.level[middle])
        within = climbs.by_row(self.level[last - 1] - self.level[climbs.starts + 1])
        moved = climbs.by_row(_reduced(np.add, np.abs(np.diff(self.level)), climbs.starts + 1, last - 1))
        ends = np.r_[self.first[1:], self.level.size]
        begun, since = np.unique(climbs.row, return_index=True)
        filled = np.zeros(climbs.rows, dtype=np.bool_)
        filled[begun] = climbs.by_row(climbs.sizes)[begun] >= FILLED * (ends[begun] - climbs.starts[since])
        return filled & (within >= UPWARDS * moved) & (late >= LATE * rise)


def _samples(values: Floats, falls: Bools, times_ns: Ints, baseline: Window) -> _Samples:
    """`values` and `falls` [rows, times] without what is not known."""
    known = np.isfinite(values)
    row, at = np.nonzero(known)
    moments, count = times_ns[at], known.sum(axis=1)
    return _Samples(
        row=row, level=values[known], moments=moments, falls=falls[known], before=moments <= baseline.end_ns,
        first=np.cumsum(count) - count,
    )  # fmt: skip


def _reduced(by: np.ufunc, values: Floats, starts: Ints, ends: Ints) -> Floats:
    """`by` over each of the ranges from `starts` up to `ends` (exclusive), which are not empty and in order."""
    if not starts.size:
        return np.empty(0)
    # every second range lies between two that are asked for; one more value, so that a range may end with the last
    return np.asarray(by.reduceat(np.r_[values, 0.0], np.column_stack([starts, ends]).ravel())[::2])


def _medians(row: Ints, values: Floats | Ints, rows: int) -> Floats:
    """The median [rows] of those `values` that belong to each row; NaN without any."""
    ordered = np.asarray(values[np.lexsort((values, row))], dtype=np.float64)
    count = np.bincount(row, minlength=rows)
    any_, first = count > 0, np.cumsum(count) - count
    medians = np.full(rows, np.nan)
    low, high = (first + (count - 1) // 2)[any_], (first + count // 2)[any_]
    medians[any_] = (ordered[low] + ordered[high]) / 2.0
    return medians
