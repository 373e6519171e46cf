"""Steps and slices: the window exactly once, and shares that keep to their budget."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.time import NS_PER_S, Window
from compass.sources.loki.bins import bins_of, modulus_for, shares, slices
from compass.sources.loki.when import affordable, divided, evenly

START = 1_764_100_000 * NS_PER_S
windows = st.tuples(st.integers(0, 4000 * NS_PER_S), st.integers(1, 30 * 3600 * NS_PER_S)).map(
    lambda pair: Window(start_ns=START + pair[0], end_ns=START + pair[0] + pair[1])
)


@given(windows, st.integers(1, 500))
def test_steps_cover_the_window_and_are_aligned_as_the_server_aligns_them(window: Window, wanted: int) -> None:
    bins = bins_of(window, wanted)
    assert bins.first_s % bins.step_s == bins.last_s % bins.step_s == 0
    assert (bins.first_s - bins.step_s) * NS_PER_S < window.start_ns <= bins.first_s * NS_PER_S
    assert (bins.last_s - bins.step_s) * NS_PER_S < window.end_ns - 1 <= bins.last_s * NS_PER_S
    assert len(bins.edges_ns) == bins.number + 1
    assert (np.diff(bins.edges_ns) > 0).all()
    assert bins.number <= 241
    assert ((bins.inside > 0) & (bins.inside <= 1)).all()


@given(windows, st.integers(1, 500), st.data())
def test_a_moment_belongs_to_the_step_that_counts_it(window: Window, wanted: int, data: st.DataObject) -> None:
    bins = bins_of(window, wanted)
    at = data.draw(st.integers(window.start_ns, window.end_ns - 1))
    k = int(bins.of(np.array([at]))[0])
    end = (bins.first_s + k * bins.step_s) * NS_PER_S
    assert end - bins.step_s * NS_PER_S < at <= end
    assert bins.at(end / NS_PER_S) == k


@given(windows, st.data())
def test_slices_cover_the_window_exactly_once(window: Window, data: st.DataObject) -> None:
    bins = bins_of(window, 50)
    counts = data.draw(st.lists(st.integers(0, 20_000), min_size=bins.number, max_size=bins.number))
    cut = slices(bins, np.array(counts, dtype=np.float64), 4_750)
    assert cut[0].start_ns == window.start_ns
    assert cut[-1].end_ns == window.end_ns
    assert all(a.end_ns == b.start_ns for a, b in pairwise(cut))
    assert all(part.end_ns > part.start_ns for part in cut)


@given(windows, st.floats(0.001, 1.5), st.floats(0, 1))
def test_what_is_searched_and_what_is_only_looked_at_are_the_whole_window(
    window: Window, share: float, page: float
) -> None:
    detected = window.start_ns + int((window.end_ns - window.start_ns) * page)
    near, far = divided(window, detected, share)
    looks = evenly(far, 3)
    parts = sorted([near, *looks])
    assert parts[0].start_ns == window.start_ns
    assert parts[-1].end_ns == window.end_ns
    assert all(a.end_ns == b.start_ns for a, b in pairwise(parts))
    assert near.start_ns <= detected <= near.end_ns
    assert len(looks) <= 4


@given(st.lists(st.integers(0, 4_000), min_size=24, max_size=24))
def test_a_slice_of_whole_steps_holds_no_more_than_its_room(counts: list[int]) -> None:
    bins = bins_of(Window(start_ns=START, end_ns=START + 24 * 60 * NS_PER_S), 24)
    row = np.zeros(bins.number)
    row[: len(counts)] = counts[: bins.number]
    for part in slices(bins, row, 4_750):
        inside = [k for k in range(bins.number) if part.start_ns <= bins.edges_ns[k] < part.end_ns]
        assert row[inside].sum() <= 4_750


def test_how_much_can_be_searched_is_told_by_how_long_a_part_took() -> None:
    assert affordable(0.1, 1.0, 10.0) == pytest.approx(0.5)
    assert affordable(0.1, 0.0, 10.0) == 1.0
    assert affordable(0.1, 100.0, None) == 1.0
    assert affordable(0.1, 20.0, 10.0) == pytest.approx(0.025)


def test_a_step_with_too_many_lines_is_cut_evenly() -> None:
    bins = bins_of(Window(start_ns=START, end_ns=START + 24 * NS_PER_S), 24)
    row = np.zeros(bins.number)
    row[3] = 10_000
    lengths = [part.end_ns - part.start_ns for part in slices(bins, row, 4_000)]
    assert len(lengths) == 3  # what is before and after the step is empty and goes with its ends
    assert lengths[1] == pytest.approx(NS_PER_S / 3, rel=1e-6)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 10**7), min_size=1), st.integers(1, 10**5)
)
def test_shares_take_every_key_once_and_keep_to_the_budget(counts: dict[str, int], budget: int) -> None:
    made = shares({key: float(count) for key, count in counts.items()}, float(budget))
    keys = [key for share in made for key in share.keys]
    assert sorted(keys) == sorted(counts)
    assert len(made) <= 3
    expected = sum(counts[key] / share.modulus for share in made for key in share.keys)
    assert expected <= budget * (1 + 1e-9)


def test_small_keys_are_read_whole_where_large_ones_are_sampled() -> None:
    made = shares({"tiny": 50.0, "small": 400.0, "large": 100_000.0, "huge": 9_000_000.0}, 10_000.0)
    assert made[0].keys == ("small", "tiny")
    assert made[0].modulus == 1
    assert [share.keys for share in made[1:]] == [("large",), ("huge",)]
    assert 1 < made[1].modulus < made[2].modulus


@given(st.floats(1.0001, 1e6))
def test_a_modulus_is_in_step_with_no_resolution_of_time(ratio: float) -> None:
    modulus = modulus_for(ratio)
    assert modulus >= ratio
    # Times in whole seconds, hundredths or tenths of them still meet every remainder.
    for resolution_ms in (1000, 100, 10):
        assert len({(resolution_ms * i) % modulus for i in range(min(modulus, 1000))}) == min(modulus, 1000)
