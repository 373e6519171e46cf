from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.evaluation.rivals._bocpd import change_points, run_lengths

MEAN_RUN = 250.0


def noise(seed: int, times: int, size: int) -> np.ndarray:
    """Correlated noise of unit size."""
    rng = np.random.default_rng(seed)
    mix = np.linalg.cholesky(0.5 * np.eye(size) + 0.5)
    return rng.standard_normal((times, size)) @ mix.T


@given(st.integers(0, 10_000), st.integers(1, 8), st.floats(0.3, 0.8))
@settings(max_examples=25, deadline=None)
def test_a_known_change_of_the_mean_is_found(seed: int, size: int, share: float) -> None:
    times, at = 120, round(120 * share)
    samples = noise(seed, times, size)
    samples[at:, 0] += 6.0
    found = change_points(samples, MEAN_RUN)
    assert np.abs(found - at).min() <= 1
    assert times - run_lengths(samples, MEAN_RUN)[-1] == pytest.approx(at, abs=1)


def test_a_change_of_the_correlation_alone_is_found() -> None:
    rng = np.random.default_rng(5)
    samples = rng.standard_normal((300, 2))
    samples[150:, 1] = samples[150:, 0] + 0.05 * samples[150:, 1]
    assert np.abs(change_points(samples, MEAN_RUN) - 150).min() <= 5


def test_steady_noise_mostly_ends_as_one_run() -> None:
    # Noise now and then looks like a change: with one expected in 250 steps, a few of these 30 may end otherwise.
    whole = [run_lengths(noise(seed, 200, 1 + seed % 6), MEAN_RUN)[-1] == 200 for seed in range(30)]
    assert sum(whole) >= 26


def test_the_run_length_posterior_is_the_one_of_direct_enumeration() -> None:
    """Against P(last run | data) from the closed-form evidence of normal-inverse-Wishart segments (Murphy 2007, eq.
    266), summed over every division of a short series into runs."""
    samples = noise(3, 9, 2)
    samples[5:] += 4.0
    times, hazard = samples.shape[0], 1 / 20
    # forward[t]: evidence of samples[:t] summed over divisions in which a run ends exactly at t
    forward = [1.0]
    for t in range(1, times + 1):
        parts = [forward[s] * (1 - hazard) ** (t - s - 1) * hazard * math.exp(evidence(samples[s:t])) for s in range(t)]
        forward.append(sum(parts))
    open_runs = [
        forward[s] * (1 - hazard) ** (times - s) * math.exp(evidence(samples[s:])) if s < times else forward[times]
        for s in range(times + 1)
    ]
    expected = times - int(np.argmax(open_runs))
    assert int(run_lengths(samples, 20)[-1]) == expected == 4


def evidence(samples: np.ndarray) -> float:
    """log evidence of one run under the prior of the module: mean 0, one pseudo-sample, unit scale matrix."""
    count, size = samples.shape
    nu, kappa = size + 1.0, 1.0
    mean = samples.mean(axis=0)
    off = samples - mean
    scale = np.eye(size) + off.T @ off + kappa * count / (kappa + count) * np.outer(mean, mean)
    return float(
        -count * size / 2 * math.log(math.pi)
        + log_gamma((nu + count) / 2, size) - log_gamma(nu / 2, size)
        - (nu + count) / 2 * np.linalg.slogdet(scale)[1]
        + size / 2 * math.log(kappa / (kappa + count))
    )  # fmt: skip


def log_gamma(x: float, size: int) -> float:
    """The multivariate log gamma function without its constant, which cancels."""
    return sum(math.lgamma(x - j / 2) for j in range(size))


def test_nothing_gives_no_change() -> None:
    assert change_points(np.empty((0, 3)), MEAN_RUN).size == 0
    assert change_points(np.empty((5, 0)), MEAN_RUN).size == 0
    assert change_points(np.zeros((1, 2)), MEAN_RUN).size == 0
