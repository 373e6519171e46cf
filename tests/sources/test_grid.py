"""Samples onto a grid: known rates, resets, holes, jitter; quantiles against a direct reading of Prometheus' rule."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.telemetry import Aggregate
from compass.domain.time import NS_PER_S, Window
from compass.sources.recording import grid as on_a_grid
from compass.sources.recording.grid import (
    Samples,
    bucket_quantile,
    clean,
    combined,
    gauges,
    make_grid,
    native_step_s,
    rates,
)
from compass.sources.recording.links import resolve_parents

NAN = math.nan


def samples(*series: list[tuple[float, float]]) -> Samples:
    row = np.array([r for r, points in enumerate(series) for _ in points], dtype=np.int64)
    time = np.array([round(t * NS_PER_S) for points in series for t, _ in points], dtype=np.int64)
    value = np.array([v for points in series for _, v in points], dtype=np.float64)
    return clean(row, np.arange(len(series), dtype=np.int64), time, value)


def span(start: float, end: float) -> Window:
    return Window(start_ns=round(start * NS_PER_S), end_ns=round(end * NS_PER_S))


@given(
    st.lists(st.floats(0, 1000), min_size=2, max_size=40),
    st.sets(st.integers(1, 39)),
    st.sampled_from([5.0, 15.0, 60.0]),
)
@settings(max_examples=60, deadline=None)
def test_rates_add_up_to_the_growth_whatever_resets(growth: list[float], resets: set[int], step: float) -> None:
    total, points = 0.0, []
    for i, grown in enumerate(growth):
        total = grown if i in resets else total + grown
        points.append((1000 + i * step, total))
    # A reset that does not fall below the last value cannot be seen: that is Prometheus' rule too.
    seen = [b - a if b >= a else b for (_, a), (_, b) in itertools.pairwise(points)]
    one = samples(points)
    grid = make_grid(one, span(1000, 1000 + len(growth) * step), step)
    assert np.nansum(rates(one, grid)) * step == pytest.approx(sum(seen), rel=1e-9, abs=1e-6)


def test_jitter_does_not_split_a_scrape() -> None:
    jitter = [0.0, 0.4, -0.3, 0.2, 0.5, -0.4, 0.1, 0.0]
    one = samples([(100 + i * 15 + j, float(i)) for i, j in enumerate(jitter)])
    assert native_step_s(one) == 15
    grid = make_grid(one, span(95, 95 + 120), 15)
    assert gauges(one, grid, Aggregate.LAST)[0][:8].tolist() == list(range(8))


def test_the_commonest_step_wins() -> None:
    fast = [[(i * 15.0, 1.0) for i in range(20)] for _ in range(2)]
    slow = [[(i * 60.0, 1.0) for i in range(5)] for _ in range(3)]
    assert native_step_s(samples(*fast, *slow)) == 60
    assert native_step_s(samples([(1.0, 1.0)])) == 60


def test_gauges_last_mean_and_max() -> None:
    one = samples([(1, 5.0), (2, 1.0), (3, 3.0), (11, 9.0)])
    grid = make_grid(one, span(0, 20), 10)
    ends = (grid.ends_ns / NS_PER_S).tolist()
    first = next(i for i, end in enumerate(ends) if end >= 3)
    for how, expected in ((Aggregate.LAST, 3.0), (Aggregate.MEAN, 3.0), (Aggregate.MAX, 5.0)):
        assert gauges(one, grid, how)[0][first] == expected


@given(
    st.lists(st.lists(st.sampled_from([5, 10, 15, 16, 20, 30, 60, 300]), max_size=12), min_size=1, max_size=5),
    st.sampled_from([10.0, 15.0, 20.0]),
)
@settings(max_examples=40, deadline=None)
def test_values_are_held_for_the_median_distance_of_their_own_series(gaps: list[list[int]], step: float) -> None:
    series = [[(float(sum(row[:i])), float(i)) for i in range(len(row) + 1)] for row in gaps]
    many = samples(*series)
    grid = make_grid(many, span(-100, 4000), step)
    held = gauges(many, grid, Aggregate.LAST)
    for row, points, own in zip(held, series, gaps, strict=True):
        cells = np.full(grid.steps, NAN)
        for at, value in points:
            cells[int(np.searchsorted(grid.ends_ns, at * NS_PER_S))] = value
        hold = round(np.median(own) / step) - 1 if own and max(own) > 1.5 * step else 0
        for i in np.flatnonzero(np.isfinite(cells))[::-1]:
            end = next((j for j in range(i + 1, grid.steps) if np.isfinite(cells[j])), grid.steps)
            cells[i + 1 : min(end, i + 1 + max(0, hold))] = cells[i]
        assert np.array_equal(row, cells, equal_nan=True)


def test_many_series_are_held_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    many = samples(*[[(i * (30.0 + 30 * (n % 3)), float(i + n)) for i in range(6)] for n in range(11)])
    grid = make_grid(many, span(0, 600), 15)
    at_once = gauges(many, grid, Aggregate.LAST)
    monkeypatch.setattr(on_a_grid, "HELD_AT_ONCE", 3)
    assert np.isfinite(at_once).sum() > 11 * 6
    assert np.array_equal(gauges(many, grid, Aggregate.LAST), at_once, equal_nan=True)


def test_a_long_gap_is_no_rate() -> None:
    one = samples([(0, 0.0), (15, 15.0), (1000, 2000.0), (1015, 2030.0)])
    values = rates(one, make_grid(one, span(0, 1020), 15))[0]
    assert sorted(values[np.isfinite(values)].tolist()) == [1.0, 2.0]


def test_a_sum_with_a_hole_is_unknown_but_a_late_member_is_not() -> None:
    values = np.array([[1.0, 1.0, NAN, 1.0], [NAN, 2.0, 2.0, NAN]])
    assert combined(values, "sum").tolist()[:2] == [1.0, 3.0]
    assert math.isnan(combined(values, "sum")[2])
    assert combined(values, "sum")[3] == 1.0
    assert combined(values, "mean").tolist() == [1.0, 1.5, 2.0, 1.0]
    assert combined(values, "max").tolist() == [1.0, 2.0, 2.0, 1.0]


def by_the_book(quantile: float, bounds: list[float], cumulative: list[float]) -> float:
    """`bucketQuantile` of Prometheus' promql/quantile.go, in plain words."""
    rank = quantile * cumulative[-1]
    b = next((i for i, count in enumerate(cumulative[:-1]) if count >= rank), len(bounds) - 1)
    if b == len(bounds) - 1:
        return bounds[-2]
    if b == 0 and bounds[0] <= 0:
        return bounds[0]
    start, end, count = 0.0 if b == 0 else bounds[b - 1], bounds[b], cumulative[b]
    if b > 0:
        count -= cumulative[b - 1]
        rank -= cumulative[b - 1]
    return start + (end - start) * (rank / count)


@given(st.lists(st.floats(0.001, 100), min_size=2, max_size=8), st.floats(0.05, 0.999))
@settings(max_examples=100, deadline=None)
def test_quantiles_are_those_of_prometheus(growth: list[float], quantile: float) -> None:
    bounds = [0.1 * 2**i for i in range(len(growth) - 1)] + [math.inf]
    cumulative = np.cumsum(growth)
    got = bucket_quantile(np.array(bounds), cumulative[:, None], quantile)[0]
    assert got == pytest.approx(by_the_book(quantile, bounds, cumulative.tolist()), rel=1e-9)


def test_a_histogram_without_observations_or_end_has_no_quantile() -> None:
    bounds = np.array([0.1, math.inf])
    assert np.isnan(bucket_quantile(bounds, np.zeros((2, 3)), 0.9)).all()
    assert np.isnan(bucket_quantile(bounds, np.full((2, 3), NAN), 0.9)).all()
    assert np.isnan(bucket_quantile(np.array([0.1, 0.2]), np.ones((2, 3)), 0.9)).all()


@given(st.lists(st.integers(-1, 30), min_size=1, max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_parents_never_form_a_ring(wanted: list[int], shuffler: object) -> None:
    n = len(wanted)
    keys = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(7919)
    above = np.array([0 if w < 0 else (w + 1) * 7919 for w in wanted], dtype=np.uint64)
    parent = resolve_parents(keys, above)
    for i in range(n):
        seen, at = set(), i
        while at >= 0:
            assert at not in seen
            seen.add(at)
            at = int(parent[at])
        if 0 <= wanted[i] < n and wanted[i] != i and parent[i] < 0:
            # Cut only where it lay on a ring: following the wanted parents leads back to it.
            at, steps = wanted[i], 0
            while 0 <= at < n and at != i and steps <= n:
                at, steps = wanted[at], steps + 1
            assert at == i
        if wanted[i] >= n:
            assert parent[i] == -2


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from([-1.0, 0.0, 1.0, 2.5, NAN, math.inf])),
        max_size=30,
    )
)
def test_samples_are_cleaned_alike_in_whatever_order_they_come(points: list[tuple[int, int, float]]) -> None:
    """Samples that come in order are not sorted again: the result is that of the sort."""

    def cleaned(given_: list[tuple[int, int, float]]) -> Samples:
        row, time, value = (np.array([p[i] for p in given_]) for i in range(3))
        return clean(row.astype(np.int64), np.arange(4), time.astype(np.int64), value.astype(np.float64))

    last = {(row, time): value for row, time, value in sorted(p for p in points if math.isfinite(p[2]))}
    for order in (sorted(points), sorted(p for p in points if math.isfinite(p[2])), points[::-1]):
        found = cleaned(order)
        assert dict(zip(zip(found.row.tolist(), found.time_ns.tolist(), strict=True), found.value, strict=True)) == last
        assert list(zip(found.row, found.time_ns, strict=True)) == sorted(last)
