"""Calibration figures on forecasts whose quality is known because the test makes them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compass.analysis.proportion import wilson
from compass.evaluation.calibration import brier_score, calibration, expected_error, log_loss, noise_floor
from compass.evaluation.intervals import bootstrap, bootstrap_mean


def forecasts(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences that are exactly the chance of being right."""
    rng = np.random.default_rng(seed)
    said = rng.random(n)
    return said, (rng.random(n) < said).astype(float)


def test_honest_forecasts_have_an_error_at_the_noise_floor() -> None:
    said, true = forecasts(4000, 1)
    found = calibration(said.tolist(), (true > 0).tolist())
    assert found.ece < 2 * found.ece_floor < 0.06
    assert found.brier_skill > 0.25  # 1 − (1/6) / (1/4) = 1/3 for uniform honest forecasts
    assert found.log_loss < found.log_loss_base


def test_boasting_is_seen() -> None:
    said, true = forecasts(4000, 2)
    boasting = np.sqrt(said)  # E[√p − p] = 2/3 − 1/2
    assert expected_error(boasting, true) == pytest.approx(1 / 6, abs=0.02)
    assert brier_score(boasting, true) > brier_score(said, true)
    assert log_loss(boasting, true) > log_loss(said, true)


def test_the_constant_base_rate_has_no_skill() -> None:
    found = calibration([0.25] * 40, [i % 4 == 0 for i in range(40)])
    assert found.brier_skill == pytest.approx(0.0)
    assert found.ece == pytest.approx(0.0, abs=0.16)


def test_few_cases_have_few_bins_and_all_of_them() -> None:
    found = calibration([0.1, 0.9, 0.5], [False, True, True])
    assert sum(b.n for b in found.bins) == 3
    assert len(found.bins) == 1


def test_no_case_has_no_figures() -> None:
    with pytest.raises(ValueError):
        calibration([], [])


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        calibration([1.5], [True])
    with pytest.raises(ValueError, match="as many"):
        calibration([0.5], [])


def test_the_floor_falls_with_the_number_of_cases() -> None:
    rng = np.random.default_rng(3)
    assert noise_floor(rng.random(2000)) < noise_floor(rng.random(100))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_figures_stay_in_their_ranges(pairs: list[tuple[float, bool]]) -> None:
    found = calibration([p for p, _ in pairs], [r for _, r in pairs])
    assert 0 <= found.ece <= 1
    assert 0 <= found.brier <= 1
    assert found.log_loss >= 0
    assert sum(b.n for b in found.bins) == len(pairs)


@example(right=0, more=3)
@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_holds_the_share(right: int, more: int) -> None:
    n = right + more
    low, high = wilson(right, n)
    assert 0 <= low <= right / n <= high <= 1


def test_wilson_covers() -> None:
    rng = np.random.default_rng(4)
    inside = [low <= 0.8 <= high for low, high in (wilson(int(k), 30) for k in rng.binomial(30, 0.8, size=2000))]
    assert 0.92 < np.mean(inside) < 0.98


def test_the_bootstrap_repeats_and_covers() -> None:
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(60):
        rows = rng.normal(1.0, 1.0, size=(40, 1))
        low, high = bootstrap_mean(rows)
        assert (low, high) == pytest.approx(bootstrap(rows, lambda r: float(r.mean())))
        inside += low <= 1.0 <= high
    assert inside > 50
