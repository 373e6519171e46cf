"""Noise as real telemetry has it: slow wander, bursts, heavy tails, daily drift."""

from __future__ import annotations

import numpy as np

from benchmarks.worlds.shape import Floats

DAY_S = 86_400.0


def wander(rng: np.random.Generator, times_s: Floats, spread: float, memory_s: float) -> Floats:
    """An autoregressive process of order one with the given standard deviation and memory, around 0."""
    step = float(times_s[1] - times_s[0]) if times_s.size > 1 else 1.0
    keep = float(np.exp(-step / memory_s))
    shocks = rng.normal(0, spread * np.sqrt(1 - keep**2), times_s.size)
    out = np.empty(times_s.size)
    here = float(rng.normal(0, spread))
    for i, shock in enumerate(shocks):
        here = keep * here + shock
        out[i] = here
    return out


def bursts(rng: np.random.Generator, count: int, each: float, spread: float) -> Floats:
    """Factors ≥ 1: mostly 1, now and then (probability `each`) a lognormal spike."""
    spikes = np.exp(np.abs(rng.normal(0, spread, count)))
    return np.where(rng.random(count) < each, spikes, 1.0)


def daily(rng: np.random.Generator, times_s: Floats) -> Floats:
    """The part of a day's rise and fall of traffic that falls into the window, around 1."""
    phase, height = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.1, 0.6))
    curve = 1 + height * np.sin(phase + 2 * np.pi * times_s / DAY_S)
    return np.asarray(curve / curve.mean(), dtype=np.float64)


def sampled(rng: np.random.Generator, counts: Floats) -> Floats:
    """Poisson counts with these means."""
    return rng.poisson(np.minimum(np.maximum(counts, 0), 1e9)).astype(np.float64)


def quantile_noise(rng: np.random.Generator, counts: Floats, tail: float, quantile: float) -> Floats:
    """Factors by which a quantile of `counts` requests strays from its true value.

    The standard error of a sample quantile is sqrt(q(1−q)/n) over the density there; for lognormal times it grows
    fast towards the tail.
    """
    sigma = np.log(max(tail, 1.1)) / 2.326
    z = {0.5: 0.0, 0.9: 1.2816, 0.95: 1.6449, 0.99: 2.3263}[quantile]
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    spread = sigma * np.sqrt(quantile * (1 - quantile) / np.maximum(counts, 2.0)) / density
    return np.asarray(np.exp(np.clip(rng.normal(0, 1, counts.size) * np.minimum(spread, 1.0), -2, 2)), dtype=np.float64)
