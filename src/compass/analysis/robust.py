"""Robust statistics of many rows at once: NaN-aware quantiles, spread, and scores with a floor.

The factor 1.4826 makes the median absolute deviation consistent with the standard deviation of a normal
distribution (Rousseeuw & Croux, "Alternatives to the Median Absolute Deviation", JASA 1993); 0.7413 does the same
for the interquartile range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.tables.series import Floats, Ints

MAD_TO_SIGMA = 1.4826
IQR_TO_SIGMA = 0.7413
MIN_SAMPLES = 3
"""Fewer samples give no spread at all, so no score."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Where each row usually lies. All arrays are [rows]; NaN where a row has too few samples.

    `centre` is the median, `scale` a robust standard deviation (no floor applied), `count` the finite samples.
    """

    centre: Floats
    scale: Floats
    low: Floats
    high: Floats
    count: Ints

    def where(self, mask: Bools, other: Level) -> Level:
        """This level where `mask` holds, `other` elsewhere."""
        return Level(
            centre=np.where(mask, self.centre, other.centre), scale=np.where(mask, self.scale, other.scale),
            low=np.where(mask, self.low, other.low), high=np.where(mask, self.high, other.high),
            count=np.where(mask, self.count, other.count),
        )  # fmt: skip


def finite_count(values: Floats) -> Ints:
    """Finite samples of each row."""
    return np.asarray(np.isfinite(values).sum(axis=1), dtype=np.int64)


def quantiles(values: Floats, shares: tuple[float, ...]) -> Floats:
    """Quantiles [shares, rows] of the finite samples of each row, linearly interpolated; NaN for an empty row.

    One sort serves all shares. Infinities count as missing.
    """
    rows = values.shape[0]
    if values.size == 0:
        return np.full((len(shares), rows), np.nan)
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=1)  # NaN sorts last
    return sorted_quantiles(ordered, finite_count(values), shares)


def sorted_quantiles(ordered: Floats, count: Ints, shares: tuple[float, ...]) -> Floats:
    """`quantiles` of rows that are already sorted with NaN last; `count` are the finite samples of each."""
    out = np.full((len(shares), ordered.shape[0]), np.nan)
    if ordered.shape[1] == 0:
        return out
    row = np.arange(ordered.shape[0])
    last = np.maximum(count - 1, 0)
    for i, share in enumerate(shares):
        place = share * last
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, last)
        low, high = ordered[row, below], ordered[row, above]
        out[i] = np.where(count > 0, low + (high - low) * (place - below), np.nan)
    return out


def median(values: Floats) -> Floats:
    """Median [rows] of the finite samples of each row."""
    middle: Floats = quantiles(values, (0.5,))[0]
    return middle


def mad(values: Floats, centre: Floats) -> Floats:
    """Median absolute deviation [rows] around `centre`, not yet scaled to a standard deviation."""
    return median(np.abs(values - centre[:, None]))


def level(values: Floats) -> Level:
    """Median and robust spread of each row; NaN with fewer than MIN_SAMPLES samples.

    The spread is the larger of the two scaled estimates: MAD alone is zero as soon as half of the samples tie.
    """
    low, centre, high = quantiles(values, (0.25, 0.5, 0.75))
    count = finite_count(values)
    scale = np.fmax(MAD_TO_SIGMA * mad(values, centre), IQR_TO_SIGMA * (high - low))
    low, centre, high, scale = np.where(count < MIN_SAMPLES, np.nan, np.stack([low, centre, high, scale]))
    return Level(centre=centre, scale=scale, low=low, high=high, count=count)


def small_sample_factor(count: Ints) -> Floats:
    """How much wider a spread from few samples must be taken: 1 + 2.4 / (n − 1).

    It follows the ratio of Student's t quantile at 97.5 % to the normal one (n = 3: 2.2, n = 5: 1.6, n = 15: 1.2).
    """
    factor: Floats = 1.0 + 2.4 / np.maximum(count - 1, 1).astype(np.float64)
    return factor


def robust_z(values: Floats, centre: Floats, scale: Floats, count: Ints, floor: Floats) -> Floats:
    """(values − centre) / spread, with the spread at least `floor` and widened for few samples.

    `values` is [rows] or [rows, times], the rest [rows]. A constant row is so judged by `floor` alone: a
    meaningless change of it stays a small score. Rows without a level give NaN.
    """
    width = np.fmax(scale, floor) * small_sample_factor(count)
    width = np.where(width > 0, width, np.nan)
    if values.ndim == 2:
        centre, width = centre[:, None], width[:, None]
    score: Floats = (values - centre) / width
    return score


def at_least_share(values: Floats, threshold: Floats, *, above: bool) -> Floats:
    """Share [rows] of samples at least as extreme as `threshold`, with the add-one estimate (k + 1) / (n + 1).

    The estimate is that of a permutation test (Davison & Hinkley 1997, §4.2); an empty row gives 1.
    """
    hit = values >= threshold[:, None] if above else values <= threshold[:, None]  # NaN compares as False
    return np.asarray((hit.sum(axis=1) + 1.0) / (finite_count(values) + 1.0), dtype=np.float64)


def sustained(values: Floats, held: int) -> tuple[Floats, Floats]:
    """The highest level held for `held` samples in a row, and the lowest. Both [rows].

    Missing samples inside a run are skipped, not counted against it. NaN for rows without samples.
    """
    if values.shape[1] == 0:
        nothing = np.full(values.shape[0], np.nan)
        return nothing, nothing.copy()
    held = max(1, min(held, values.shape[1]))
    stop = values.shape[1] - held + 1
    high, low = values[:, :stop], values[:, :stop]
    for shift in range(1, held):
        later = values[:, shift : shift + stop]
        high, low = np.fmin(high, later), np.fmax(low, later)
    return np.fmax.reduce(high, axis=1), np.fmin.reduce(low, axis=1)


def resistant_slope(values: Floats, times_s: Floats) -> tuple[Floats, Floats]:
    """Slope [rows] per second and its steadiness [rows], by Tukey's resistant line (Exploratory Data Analysis, 1977).

    The slope joins the medians of the first and the last third. Steadiness is (last − first) over the spread of
    the residuals around that line (at least a hundredth of the rise), and 0 when the middle third does not lie
    between the two: a step or a saw-tooth is not a trend. NaN with fewer than nine samples.
    """
    count = values.shape[1]
    third = count // 3
    if third < MIN_SAMPLES:
        nothing = np.full(values.shape[0], np.nan)
        return nothing, nothing.copy()
    parts = (values[:, :third], values[:, third : count - third], values[:, count - third :])
    first, middle, last = (median(part) for part in parts)
    enough = np.minimum.reduce([finite_count(part) for part in parts]) >= MIN_SAMPLES
    left, right = float(np.median(times_s[:third])), float(np.median(times_s[count - third :]))
    slope = (last - first) / (right - left)
    line = first[:, None] + slope[:, None] * (times_s - left)[None, :]
    residual = MAD_TO_SIGMA * median(np.abs(values - line))
    rise = np.abs(last - first)
    share = np.divide(middle - first, last - first, out=np.zeros_like(first), where=rise > 0)
    between = (share > 0.2) & (share < 0.8)
    steady = np.divide(rise, np.maximum(residual, 0.01 * rise), out=np.zeros_like(rise), where=rise > 0)
    return np.where(enough, slope, np.nan), np.where(enough, np.where(between, steady, 0.0), np.nan)
