from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis import climbs
from compass.analysis.climbs import Climbs, repeated_climbs
from compass.domain.telemetry import SignalKind
from compass.tables.series import Floats
from tests.analysis.synthetic import row, service, split, table

N, AT = 160, 100
LEVEL = 5e8


def seen(values: Floats, at: int = AT) -> Climbs | None:
    series = table([row(service("a"), SignalKind.MEMORY, "By")], values[None, :])
    found = repeated_climbs(series, np.array([0]), *split(values.size, at))
    return found[0] if found else None


def teeth(count: int, cycle: int, low: float, high: float, phase: int = 0) -> Floats:
    """A straight rise from low to high in `cycle` samples, then the fall, again and again."""
    return low + (high - low) * ((np.arange(count) + phase) % cycle) / (cycle - 1)


def noisy(values: Floats, seed: int, size: float = 0.01) -> Floats:
    return np.asarray(values * (1 + np.random.default_rng(seed).normal(0, size, values.size)))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000), cycle=st.integers(6, 20), peak=st.floats(1.6, 8.0), phase=st.integers(0, 19),
    late=st.integers(0, 25), holes=st.booleans(),
)  # fmt: skip
def test_a_leak_that_is_killed_and_grows_again_is_seen(
    seed: int, cycle: int, peak: float, phase: int, late: int, holes: bool
) -> None:
    """Also where the onset was set `late` samples too late, and where every seventh sample is missing."""
    begins = AT - late
    grown = teeth(N - begins, cycle, LEVEL, peak * LEVEL, phase)
    values = noisy(np.r_[np.full(begins, LEVEL), grown], seed)
    if holes:
        values[seed % 7 :: 7] = np.nan
    found = seen(values)
    assert found is not None
    assert len(found.starts_ns) >= climbs.MIN_CLIMBS
    assert found.usual == pytest.approx(LEVEL, rel=0.1)
    assert 0.5 * (peak - 1) < found.growth < 1.2 * (peak - 1)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000), cycle=st.integers(3, 24), peak=st.floats(1.5, 10.0), phase=st.integers(0, 23),
    faster=st.integers(1, 3), higher=st.floats(1.0, 1.1),
)  # fmt: skip
def test_garbage_collection_is_silent_also_when_traffic_makes_it_faster(
    seed: int, cycle: int, peak: float, phase: int, faster: int, higher: float
) -> None:
    before = teeth(AT, cycle, LEVEL, peak * LEVEL, phase)
    after = teeth(N - AT, max(3, cycle // faster), LEVEL, peak * higher * LEVEL, phase)
    assert seen(noisy(np.r_[before, after], seed)) is None


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), cycle=st.integers(6, 20), fills_in=st.floats(0.02, 0.2), peak=st.floats(1.5, 5.0))
def test_a_process_that_restarts_and_fills_its_cache_to_a_plateau_is_silent(
    seed: int, cycle: int, fills_in: float, peak: float
) -> None:
    """It climbs to where it never was as often as it restarts, but it does not go on climbing."""
    age = (np.arange(N - AT) % cycle) / cycle
    filled = LEVEL * (0.3 + (peak - 0.3) * (1 - np.exp(-age / fills_in)))
    assert seen(noisy(np.r_[np.full(AT, LEVEL), filled], seed)) is None


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(1.0, 4.0), noise=st.floats(0.0, 0.2))
def test_a_new_level_is_silent_however_noisy(seed: int, factor: float, noise: float) -> None:
    """Traffic doubled, and what it needs with it: that is no growth."""
    values = np.r_[np.full(AT, LEVEL), np.full(N - AT, factor * LEVEL)]
    assert seen(np.abs(noisy(values, seed, noise))) is None


@pytest.mark.parametrize("cycle", [6, 12])
def test_what_grew_and_was_killed_all_the_time_is_no_news(cycle: int) -> None:
    assert seen(teeth(N, cycle, LEVEL, 3 * LEVEL)) is None


def test_one_climb_is_no_repetition_and_climbs_that_ended_before_the_onset_are_over() -> None:
    once = np.r_[np.full(AT + 20, LEVEL), teeth(40, 40, LEVEL, 4 * LEVEL)]
    assert seen(once) is None
    over = np.r_[np.full(60, LEVEL), teeth(30, 10, LEVEL, 3 * LEVEL), np.full(70, LEVEL)]
    assert seen(over) is None
    until_then = np.r_[np.full(60, LEVEL), teeth(40, 10, LEVEL, 3 * LEVEL), np.full(10, LEVEL)]
    assert seen(until_then) is None


@pytest.mark.parametrize("seed", range(1, 6))
def test_what_rises_now_and_then_by_chance_fills_too_little_of_the_time(seed: int) -> None:
    noise = np.random.default_rng(seed).lognormal(0, 0.6, N)
    assert seen(np.r_[np.full(AT, LEVEL), np.full(N - AT, 2 * LEVEL)] * noise) is None


@pytest.mark.parametrize("size", [0.4, 0.5, 0.6])
def test_a_new_level_of_very_noisy_memory_is_seldom_taken_for_climbs(size: float) -> None:
    """Four samples between two falls begin low and end high, since the falls chose them; one row in 22 was called a
    leak."""
    values = np.random.default_rng(1).lognormal(0, size, (2000, N))
    values[:, AT:] *= 2
    series = table([row(service("a"), SignalKind.MEMORY, "By")] * len(values), values)
    assert len(repeated_climbs(series, np.arange(len(values)), *split(N, AT))) < 0.02 * len(values)


def test_a_limit_that_was_lowered_kills_below_what_is_usual() -> None:
    assert seen(np.r_[np.full(AT, LEVEL), teeth(N - AT, 8, 0.1 * LEVEL, 0.8 * LEVEL)]) is None


@pytest.mark.parametrize(("name", "values"), [("FALL", (0.15, 0.45)), ("LATE", (0.15, 0.35)), ("UPWARDS", (0.5, 0.85))])
def test_the_constants_may_be_others(name: str, values: tuple[float, float], monkeypatch: pytest.MonkeyPatch) -> None:
    leak = noisy(np.r_[np.full(AT, LEVEL), teeth(N - AT, 12, LEVEL, 3 * LEVEL)], 1)
    collected = noisy(teeth(N, 9, LEVEL, 3 * LEVEL), 1)
    for value in values:
        monkeypatch.setattr(climbs, name, value)
        assert seen(leak) is not None
        assert seen(collected) is None


@pytest.mark.parametrize("values", [np.full(N, np.nan), np.full(N, np.inf), np.zeros(N), np.full(N, -1.0)])
def test_hostile_values_are_no_error(values: Floats) -> None:
    assert seen(values) is None


def test_too_short_a_history_says_nothing() -> None:
    values = np.r_[np.full(6, LEVEL), teeth(40, 10, LEVEL, 3 * LEVEL)]
    assert seen(values, at=6) is None


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 30), at=st.integers(60, 100))
def test_a_row_is_judged_by_itself_whatever_rows_are_beside_it(seed: int, count: int, at: int) -> None:
    """Rows of every form, many with missing samples, so that they have different numbers of known ones."""
    rng = np.random.default_rng(seed)
    cycles, forms = rng.integers(4, 20, count), rng.integers(0, 5, count)
    values = np.array([
        (
            np.r_[np.full(at, 1.0), teeth(N - at, cycle, 1.0, 4.0)], teeth(N, cycle, 1.0, 3.0), np.ones(N),
            rng.lognormal(0, 0.5, N), np.full(N, np.nan),
        )[form] * rng.lognormal(0, 0.02, N)
        for cycle, form in zip(cycles.tolist(), forms.tolist(), strict=True)
    ])  # fmt: skip
    values[rng.random(values.shape) < rng.choice([0.0, 0.2, 0.6], (count, 1))] = np.nan
    series = table([row(service("a"), SignalKind.MEMORY, "By")] * count, values)
    rows = np.flatnonzero(rng.random(count) < 0.8)
    together = repeated_climbs(series, rows, *split(N, at))
    alone = [one for n in rows for one in repeated_climbs(series, np.array([n]), *split(N, at))]
    assert list(together) == alone
    leaks = (forms == 0) & np.isfinite(values).all(axis=1)
    assert {one.row for one in together} >= set(np.flatnonzero(leaks).tolist()) & set(rows.tolist())
