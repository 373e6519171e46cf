"""Does a confidence of 80 % come true in 80 of 100 cases? Figures over (confidence, right) pairs.

Calibration error: Naeini et al., AAAI 2015, with bins of equal mass; scores: Brier (1950) and the logarithmic score
(Good 1952), both proper. All are compared with the constant forecast that says the base rate every time.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from compass.evaluation.intervals import bootstrap

BINS = 10
LEAST_PER_BIN = 8
CLIP = 1e-4
"""A forecast of 0 or 1 that fails makes the mean log loss infinite; one in ten thousand is as sure as data gets."""
SIMULATIONS = 400
SEED = 7

Floats = NDArray[np.float64]


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the reliability table: `n` cases said `said` on average, and `right` of them (a share) were."""

    n: int
    said: float
    right: float


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """`ece_floor` is the error that perfect forecasts would show with so few cases. Losses: lower is better.

    `brier_skill` is 1 − Brier / Brier of the constant base rate: 0 says nothing more than the base rate, 1 is perfect;
    None where all outcomes are alike.
    """

    n: int
    base_rate: float
    ece: float
    ece_interval: tuple[float, float]
    ece_floor: float
    brier: float
    brier_base: float
    brier_skill: float | None
    log_loss: float
    log_loss_base: float
    bins: tuple[Bin, ...]


def calibration(confidences: Sequence[float], right: Sequence[bool]) -> Calibration:
    """All figures. Raises ValueError without cases, when the lengths differ, and when a confidence leaves [0, 1]."""
    said = np.asarray(confidences, dtype=np.float64)
    true = np.asarray(right, dtype=np.float64)
    if said.shape != true.shape:
        raise ValueError("as many confidences as outcomes are needed")
    if said.size == 0:
        raise ValueError("calibration needs at least one case")
    if not np.all((said >= 0) & (said <= 1)):
        raise ValueError("a confidence lies in [0, 1]")
    base = float(true.mean())
    brier, brier_base = brier_score(said, true), brier_score(np.full_like(true, base), true)
    return Calibration(
        n=int(said.size), base_rate=base, ece=expected_error(said, true),
        ece_interval=bootstrap(np.column_stack([said, true]), lambda rows: expected_error(rows[:, 0], rows[:, 1])),
        ece_floor=noise_floor(said), brier=brier, brier_base=brier_base,
        brier_skill=1 - brier / brier_base if brier_base > 0 else None,
        log_loss=log_loss(said, true), log_loss_base=log_loss(np.full_like(true, base), true),
        bins=tuple(_bins(said, true)),
    )  # fmt: skip


def brier_score(said: Floats, true: Floats) -> float:
    return float(np.mean((said - true) ** 2))


def log_loss(said: Floats, true: Floats) -> float:
    """Mean negative log likelihood in nats; forecasts are clipped to [CLIP, 1 − CLIP]."""
    clipped = np.clip(said, CLIP, 1 - CLIP)
    return float(-np.mean(true * np.log(clipped) + (1 - true) * np.log1p(-clipped)))


def expected_error(said: Floats, true: Floats) -> float:
    """Mean over bins of |mean confidence − share right|, weighted by their cases."""
    parts = _split(said)
    return float(sum(len(i) * abs(said[i].mean() - true[i].mean()) for i in parts) / len(said))


def noise_floor(said: Floats) -> float:
    """The expected calibration error if every confidence were exactly the chance of being right (simulated, seeded)."""
    rng = np.random.default_rng(SEED)
    draws = (rng.random((SIMULATIONS, said.size)) < said).astype(np.float64)
    gaps = [len(i) * np.abs(said[i].mean() - draws[:, i].mean(axis=1)) for i in _split(said)]
    return float(np.sum(gaps, axis=0).mean() / said.size)


def _bins(said: Floats, true: Floats) -> list[Bin]:
    return [Bin(n=len(i), said=float(said[i].mean()), right=float(true[i].mean())) for i in _split(said)]


def _split(said: Floats) -> list[NDArray[np.intp]]:
    """Indices by bin: equal numbers of cases, in order of confidence; fewer bins where there are few cases."""
    order = np.argsort(said, kind="stable")
    count = max(1, min(BINS, len(said) // LEAST_PER_BIN))
    return [part for part in np.array_split(order, count) if len(part)]
