from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis import robust

numbers = st.floats(-1e6, 1e6, allow_nan=False) | st.just(float("nan"))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(numbers, min_size=6, max_size=6), min_size=1, max_size=5))
def test_quantiles_are_numpys_on_the_finite_samples(rows: list[list[float]]) -> None:
    values = np.array(rows)
    got = robust.quantiles(values, (0.0, 0.25, 0.5, 1.0))
    for i, line in enumerate(values):
        finite = line[np.isfinite(line)]
        if finite.size == 0:
            assert np.isnan(got[:, i]).all()
        else:
            assert got[:, i] == pytest.approx(np.quantile(finite, [0.0, 0.25, 0.5, 1.0]), rel=1e-9, abs=1e-9)


def test_the_spread_of_normal_noise_is_its_standard_deviation() -> None:
    noise = np.random.default_rng(1).normal(10.0, 2.0, (4, 20_000))
    assert robust.level(noise).scale == pytest.approx([2.0] * 4, rel=0.05)


def test_a_minority_of_wild_samples_moves_neither_centre_nor_spread_much() -> None:
    noise = np.random.default_rng(2).normal(10.0, 1.0, (1, 60))
    wild = noise.copy()
    wild[0, ::5] = 1e9
    before, after = robust.level(noise), robust.level(wild)
    assert abs(after.centre[0] - before.centre[0]) < 0.6
    assert after.scale[0] < 2.5 * before.scale[0]


def test_a_constant_baseline_is_judged_by_the_floor() -> None:
    level = robust.level(np.full((1, 30), 5.0))
    z = robust.robust_z(np.array([5.1]), level.centre, level.scale, level.count, np.array([0.5]))
    assert 0.1 < z[0] < 0.3


def test_without_any_floor_a_constant_baseline_gives_no_score_rather_than_infinity() -> None:
    level = robust.level(np.zeros((1, 30)))
    assert np.isnan(robust.robust_z(np.array([1.0]), level.centre, level.scale, level.count, np.array([0.0]))[0])


def test_few_samples_give_smaller_scores_and_two_give_none() -> None:
    counts = np.array([3, 5, 15, 100])
    factor = robust.small_sample_factor(counts)
    assert (np.diff(factor) < 0).all()
    assert factor[0] > 2.0
    assert factor[-1] < 1.05
    assert np.isnan(robust.level(np.array([[1.0, 2.0, np.nan]])).centre[0])


def test_infinities_are_missing_samples() -> None:
    assert robust.median(np.array([[1.0, 2.0, 3.0, np.inf]]))[0] == 2.0


def test_sustained_ignores_a_single_spike_and_holes() -> None:
    line = np.array([[1.0, 9.0, 1.0, 1.0, 5.0, np.nan, 6.0, 1.0]])
    assert robust.sustained(line, 1)[0][0] == 9.0
    assert robust.sustained(line, 3)[0][0] == 5.0
    assert np.isnan(robust.sustained(np.full((1, 4), np.nan), 2)[0][0])
    assert np.isnan(robust.sustained(np.empty((1, 0)), 2)[0][0])


@settings(max_examples=25, deadline=None)
@given(st.floats(0.5, 5.0), st.integers(0, 1000))
def test_resistant_slope_finds_a_ramp(slope: float, seed: int) -> None:
    at = np.arange(60.0)
    line = slope * at + np.random.default_rng(seed).normal(0, 1.0, 60)
    found, steady = robust.resistant_slope(line[None, :], at)
    assert found[0] == pytest.approx(slope, rel=0.15, abs=0.05)
    assert steady[0] > 8


def test_a_step_is_no_trend() -> None:
    line = np.r_[np.ones(45), np.full(15, 9.0)][None, :]
    assert robust.resistant_slope(line, np.arange(60.0))[1][0] == 0.0
    assert np.isnan(robust.resistant_slope(line[:, :6], np.arange(6.0))[0][0])


def test_at_least_share_is_the_add_one_estimate() -> None:
    line = np.array([[1.0, 2.0, 3.0, np.nan]])
    assert robust.at_least_share(line, np.array([2.0]), above=True)[0] == pytest.approx(3 / 4)
    assert robust.at_least_share(line, np.array([0.0]), above=False)[0] == pytest.approx(1 / 4)
