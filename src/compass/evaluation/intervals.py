"""How far a figure from few cases can be trusted: 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959964
RESAMPLES = 1000
SEED = 20_240_501

Floats = NDArray[np.float64]


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a proportion (Wilson, JASA 22, 1927). (0, 1) for no cases."""
    if n <= 0:
        return 0.0, 1.0
    share, z2 = right / n, Z_95 * Z_95
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    # Rounding may not put the share itself outside, as it would at 0 of 3.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def bootstrap_mean(rows: Sequence[Sequence[float]] | Floats) -> tuple[float, float]:
    """As `bootstrap` with the mean of all columns as the statistic, many times faster. No case gives (nan, nan)."""
    means = np.asarray(rows, dtype=np.float64).reshape(len(rows), -1).mean(axis=1)
    if len(means) == 0:
        return math.nan, math.nan
    return _middle(means[_draws(len(means))].mean(axis=1))


def bootstrap(rows: Sequence[Sequence[float]] | Floats, statistic: Callable[[Floats], float]) -> tuple[float, float]:
    """The 95 % percentile interval of `statistic` over whole cases drawn again (Efron 1979). Seeded: it repeats.

    `rows`: cases × columns. No case gives (nan, nan).
    """
    table = np.asarray(rows, dtype=np.float64)
    if len(table) == 0:
        return math.nan, math.nan
    return _middle(np.array([statistic(table[draw]) for draw in _draws(len(table))]))


def _draws(cases: int) -> NDArray[np.int64]:
    """Places of the cases of every resample [resamples, cases]."""
    return np.random.default_rng(SEED).integers(0, cases, size=(RESAMPLES, cases))


def _middle(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
