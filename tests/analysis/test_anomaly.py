from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compass.analysis import anomaly
from compass.analysis.anomaly import ANOMALY_SCORE, NORMAL_SCORE, screen
from compass.domain.telemetry import SignalKind
from compass.domain.time import Window
from tests.analysis.synthetic import pod, row, service, split, table, times

N, AT = 120, 100


def noisy(rows: int, seed: int, mean: float = 0.2, spread: float = 0.02) -> np.ndarray:  # type: ignore[type-arg]
    return np.random.default_rng(seed).normal(mean, spread, (rows, N))


@settings(max_examples=25, deadline=None)
@example(seed=1546, factor=2.0)
@given(st.integers(0, 10_000), st.floats(2.0, 20.0))
def test_a_step_is_found_with_its_time_and_size(seed: int, factor: float) -> None:
    values = noisy(3, seed)
    values[1, AT:] *= factor
    scores = screen(table([row(service(f"s{i}")) for i in range(3)], values), *split(N, AT))
    assert scores.up.score[1] > ANOMALY_SCORE
    assert scores.up.score[0] < ANOMALY_SCORE
    assert scores.up.score[2] < ANOMALY_SCORE
    assert scores.up.since_ns[1] in (times(N)[AT - 1], times(N)[AT])  # noise may lift the sample before
    assert scores.ratio(up=True)[1] == pytest.approx(factor, rel=0.35)
    assert scores.up.persistence[1] >= 0.9  # noise may drop one of the twenty samples


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_noise_is_normal(seed: int) -> None:
    scores = screen(table([row(service(f"s{i}")) for i in range(20)], noisy(20, seed)), *split(N, AT))
    assert (scores.up.score < NORMAL_SCORE).all()
    assert (scores.down.score < NORMAL_SCORE).all()


def test_an_earlier_fault_does_not_hide_this_one() -> None:
    values = noisy(1, 3, mean=25.0, spread=1.0)
    values[0, 5:13] = 100.0  # twenty minutes before the onset
    values[0, AT:] = 100.0
    scores = screen(table([row(service("a"), SignalKind.CPU, "%")], values), *split(N, AT))
    assert scores.up.score[0] > ANOMALY_SCORE


def test_a_level_that_is_common_in_the_longer_baseline_counts_for_less() -> None:
    rare, common = noisy(1, 4), noisy(1, 4)
    common[0, 0:40:2] *= 6
    rare[0, AT:] *= 5
    common[0, AT:] *= 5
    first = screen(table([row(service("a"))], rare), *split(N, AT)).up.score[0]
    second = screen(table([row(service("a"))], common), *split(N, AT)).up.score[0]
    assert second < first / 3


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), late=st.integers(0, 20), lead_up=st.sampled_from([0.2, 0.3]))
def test_what_a_cause_did_before_a_late_onset_is_no_earlier_occurrence(seed: int, late: int, lead_up: float) -> None:
    """It began `late` samples before the estimated onset; that costs nothing. The same number of samples spread over
    the baseline says that the level comes and goes, and costs as much as ever."""
    early, spread, only = noisy(1, seed), noisy(1, seed), noisy(1, seed)
    early[0, AT - late : AT : 2] *= 6
    spread[0, 2 : AT : max(2, AT // max(late, 1))] *= 6
    for values in (early, spread, only):
        values[0, AT:] *= 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anomaly, "LEAD_UP", lead_up)
        scores = [screen(table([row(service("a"))], v), *split(N, AT)).up.score[0] for v in (early, spread, only)]
    assert scores[0] > ANOMALY_SCORE
    assert scores[0] > 0.6 * scores[2]
    assert late < 10 or scores[1] < 0.6 * scores[2]


def test_a_change_below_the_floor_is_normal_even_on_a_constant_baseline() -> None:
    values = np.full((2, N), 0.1)
    values[0, AT:] = 0.101
    values[1, AT:] = 0.4
    scores = screen(table([row(service("a")), row(service("b"))], values), *split(N, AT))
    assert scores.up.score[0] < 1.0
    assert ANOMALY_SCORE < scores.up.score[1] < 1000


def test_a_spike_says_less_where_every_series_of_the_name_spikes() -> None:
    calm, wild = noisy(8, 11), noisy(8, 11)
    wild[:, 3::20] *= 8  # every series spikes in one sample of twenty
    calm[0, AT:] *= 10
    wild[0, AT:] *= 10
    rows = [row(service(f"s{i}")) for i in range(8)]
    first = screen(table(rows, calm), *split(N, AT)).up.score[0]
    second = screen(table(rows, wild), *split(N, AT)).up.score[0]
    assert second < first / 3


def test_zero_latency_is_no_sample() -> None:
    values = noisy(1, 5)
    values[0, AT:] = 0.0
    scores = screen(table([row(service("a"))], values), *split(N, AT))
    assert np.isnan(scores.down.score[0])
    assert scores.during_samples[0] == 0


def test_a_new_pod_is_compared_with_its_siblings() -> None:
    values = noisy(3, 6)
    values[2, :AT] = np.nan
    values[2, AT:] *= 8
    rows = [row(pod(f"a-{i}")) for i in range(3)]
    alone = screen(table(rows, values), *split(N, AT))
    grouped = screen(table(rows, values), *split(N, AT), np.zeros(3, dtype=np.int64))
    assert np.isnan(alone.up.score[2])
    assert grouped.up.score[2] > ANOMALY_SCORE
    assert grouped.borrowed.tolist() == [False, False, True]


def test_since_may_begin_before_the_estimated_onset() -> None:
    values = noisy(1, 7)
    values[0, AT - 3 :] *= 10
    scores = screen(table([row(service("a"))], values), *split(N, AT))
    assert scores.up.since_ns[0] == times(N)[AT - 3]


def test_rows_do_not_depend_on_their_neighbours_or_their_order() -> None:
    values = noisy(6, 8)
    values[3, AT:] *= 4
    values[4, AT + 2 :] = np.nan
    rows = [row(service(f"s{i}")) for i in range(6)]
    whole = screen(table(rows, values), *split(N, AT))
    turned = screen(table(rows[::-1], values[::-1]), *split(N, AT))
    for i in range(6):
        alone = screen(table([rows[i]], values[i : i + 1]), *split(N, AT))
        assert alone.up.score[0] == whole.up.score[i] == turned.up.score[5 - i]


def test_empty_tables_and_windows_give_no_score_and_no_error() -> None:
    assert screen(table([], np.empty((0, N))), *split(N, AT)).up.score.shape == (0,)
    values = np.full((1, N), np.nan)
    assert np.isnan(screen(table([row(service("a"))], values), *split(N, AT)).up.score[0])
    _, during = split(N, AT)
    nothing = Window(start_ns=during.start_ns, end_ns=during.start_ns)
    assert np.isnan(screen(table([row(service("a"))], noisy(1, 1)), nothing, during).up.score[0])


def test_limits_are_joined_by_entity_and_container() -> None:
    rows = [
        row(pod("a"), SignalKind.MEMORY, "By", labels={"container": "app"}),
        row(pod("a"), SignalKind.MEMORY_LIMIT, "By", labels={"container": "app"}),
        row(pod("b"), SignalKind.MEMORY, "By"),
        row(pod("b"), SignalKind.CPU, "%"),
    ]
    values = np.stack([np.full(N, 95.0), np.full(N, 100.0), np.full(N, 5.0), np.full(N, 97.0)])
    share = anomaly.limit_share(table(rows, values), split(N, AT)[1])
    assert share[0] == pytest.approx(0.95)
    assert np.isnan(share[2])
    assert share[3] == pytest.approx(0.97)


def test_a_leak_is_steady_growth_and_noise_is_not() -> None:
    at = np.arange(N)
    values = np.stack([100.0 + 2.0 * at, np.full(N, 100.0)]) + np.random.default_rng(9).normal(0, 1, (2, N))
    rows = [row(service(name), SignalKind.MEMORY, "MiBy") for name in "ab"]
    found = anomaly.trend(table(rows, values), Window(start_ns=0, end_ns=int(times(N)[-1])))
    assert found.growth[0] == pytest.approx(2.0 * N / 140, rel=0.3)
    assert found.steadiness[0] > 8
    assert abs(found.growth[1]) < 0.05
