from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from compass.analysis.retransmission import Retransmission, at_most, retransmission
from tests.analysis.span_tables import resent_ms

CALLS, ONSET = 400, 200
SEEDS = st.integers(0, 10_000)


def judged(
    waits: np.ndarray[tuple[int], np.dtype[np.float64]], path: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None
) -> Retransmission | None:
    times = np.arange(CALLS, dtype=np.int64)
    return retransmission(waits, times, times < ONSET, times >= ONSET, times * 0 if path is None else path)


def usual(random: np.random.Generator, typical: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return random.lognormal(np.log(typical), 0.5, CALLS)


@given(SEEDS, st.floats(1, 20), st.floats(0.08, 0.6), st.floats(200, 300))
def test_losses_are_seen_whatever_their_share(seed: int, typical: float, loss: float, first: float) -> None:
    random = np.random.default_rng(seed)
    waits = usual(random, typical)
    resent = np.array([resent_ms(random, loss, first) for _ in range(CALLS - ONSET)])
    assume(((resent > 0) & (resent < 450)).sum() >= 30)
    waits[ONSET:] += resent
    seen = judged(waits)
    assert seen is not None
    assert seen.between <= 0.2 * seen.waiting
    assert seen.waiting == (resent > 0).sum()
    assert first - 30 <= seen.first_ms + typical <= first + 200


@given(SEEDS, st.floats(1, 40), st.floats(20, 3000), st.floats(0, 0.3))
def test_a_slow_path_makes_every_call_wait(seed: int, typical: float, delay: float, jitter: float) -> None:
    random = np.random.default_rng(seed)
    waits = usual(random, typical)
    waits[ONSET:] += delay * (1 + jitter * random.uniform(-1, 1, CALLS - ONSET))
    assert judged(waits) is None


@given(SEEDS, st.floats(0.2, 0.8), st.floats(200, 450))
def test_one_slow_instance_of_several_loses_nothing(seed: int, share: float, delay: float) -> None:
    random = np.random.default_rng(seed)
    waits, slow = usual(random, 5), random.random(CALLS) < share
    waits[ONSET:] += delay * slow[ONSET:]
    assert judged(waits, slow.astype(np.int64)) is None


@given(SEEDS, st.integers(1, 6))
def test_losses_are_seen_on_every_path(seed: int, paths: int) -> None:
    random = np.random.default_rng(seed)
    waits = usual(random, 5)
    waits[ONSET:] += np.array([resent_ms(random, 0.4) for _ in range(CALLS - ONSET)])
    assert judged(waits, random.integers(0, paths, CALLS)) is not None


@given(SEEDS, st.floats(1, 40), st.floats(50, 2000))
def test_a_queue_fills_the_middle(seed: int, typical: float, longest: float) -> None:
    random = np.random.default_rng(seed)
    waits = usual(random, typical)
    waits[ONSET:] += random.uniform(0, longest, CALLS - ONSET)
    assert judged(waits) is None


def test_a_few_calls_in_a_queue_may_leave_its_middle_empty_by_chance() -> None:
    for seed in range(60):
        random = np.random.default_rng(seed)
        waits = usual(random, 5)
        waits[ONSET:] += (random.random(CALLS - ONSET) < 0.1) * random.uniform(0, 600, CALLS - ONSET)
        assert judged(waits) is None


@given(SEEDS, st.floats(1, 40), st.integers(0, 15))
def test_as_before_or_a_few_is_nothing(seed: int, typical: float, few: int) -> None:
    waits = usual(np.random.default_rng(seed), typical)
    waits[ONSET : ONSET + few] += 200
    assert judged(waits) is None


def test_nothing_before_is_nothing_to_compare_with() -> None:
    times = np.arange(20, dtype=np.int64)
    none = np.zeros(20, dtype=bool)
    assert retransmission(np.full(20, 250.0), times, none, ~none, times * 0) is None


def test_the_chance_of_so_few_is_poissons() -> None:
    assert at_most(0, 2.0) == pytest.approx(np.exp(-2))
    assert at_most(1, 2.0) == pytest.approx(3 * np.exp(-2))
    assert at_most(40, 4.0) == pytest.approx(1)
