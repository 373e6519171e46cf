from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.onset import estimate_onset
from compass.domain.telemetry import SignalKind
from compass.domain.time import NS_PER_S
from compass.tables.series import SeriesTable, empty_series
from tests.analysis.synthetic import incident, row, service, table, times

MINUTE = 60 * NS_PER_S


def system(count: int, bad: int, at: int, factor: float, seed: int, ramp: int = 1) -> SeriesTable:
    """40 series of 10 services; the first `bad` of them rise at sample `at`."""
    values = np.random.default_rng(seed).gamma(20, 0.01, (40, count))
    rise = np.clip((np.arange(count) - at + 1) / ramp, 0, 1)
    values[:bad] *= 1 + (factor - 1) * rise
    return table([row(service(f"s{i % 10}"), name=f"m{i}") for i in range(40)], values)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 110), st.integers(2, 12), st.sampled_from([6, 20, 40]))
def test_a_step_lies_inside_the_interval(seed: int, at: int, late: int, bad: int) -> None:
    series = system(120, bad, at, 6.0, seed)
    onset = estimate_onset(series, incident(120, min(at + late, 119)))
    assert onset.method == "split scan"
    assert onset.strength > 2
    # the change happened between the ends of samples at − 1 and at
    assert onset.instant.earliest_ns <= times(120)[at]
    assert onset.instant.latest_ns >= times(120)[at - 1]
    assert abs(onset.instant.ns - times(120)[at - 1]) <= 2 * MINUTE


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_a_ramp_is_dated_within_its_course(seed: int) -> None:
    onset = estimate_onset(system(120, 20, 80, 8.0, seed, ramp=12), incident(120, 95))
    assert times(120)[78] <= onset.instant.latest_ns
    assert onset.instant.earliest_ns <= times(120)[92]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_pure_noise_falls_back_to_the_page(seed: int) -> None:
    given_incident = incident(120, 100)
    onset = estimate_onset(system(120, 0, 100, 1.0, seed), given_incident)
    if onset.method == "page time":
        assert onset.strength == 0.0
        assert onset.instant.ns == given_incident.detected_ns
        assert onset.instant.uncertainty_ns >= MINUTE
    else:
        assert onset.strength < 4.0


def test_one_wild_series_does_not_decide() -> None:
    series = system(120, 20, 100, 5.0, 1)
    series.values[39, 70:75] = 1e9
    onset = estimate_onset(series, incident(120, 105))
    assert abs(onset.instant.ns - times(120)[99]) <= MINUTE


def test_the_paged_service_is_asked_first() -> None:
    values = np.random.default_rng(2).gamma(20, 0.01, (10, 120))
    values[0, 100:] *= 5
    values[1:6, 60:] *= 5  # something else, twenty minutes earlier, that stays
    series = table([row(service(f"s{i}")) for i in range(10)], values)
    onset = estimate_onset(series, incident(120, 105), symptom_rows=[0])
    assert abs(onset.instant.ns - times(120)[99]) <= MINUTE
    assert "paged service" in onset.because[0]


def test_success_falls_count_and_other_signals_stand_in_when_there_is_no_golden_one() -> None:
    values = np.random.default_rng(3).normal(99.5, 0.1, (4, 120))
    values[:2, 100:] = 60.0
    falling = table([row(service(f"s{i}"), SignalKind.SUCCESS, "%") for i in range(4)], values)
    assert abs(estimate_onset(falling, incident(120, 104)).instant.ns - times(120)[99]) <= MINUTE
    rising = table([row(service(f"s{i}"), SignalKind.CPU, "%") for i in range(4)], 100.0 - values)
    assert abs(estimate_onset(rising, incident(120, 104)).instant.ns - times(120)[99]) <= MINUTE


def test_a_step_of_no_symptom_leaves_the_symptom_until_the_page() -> None:
    random = np.random.default_rng(5)
    calm, busy = random.gamma(20, 0.01, (4, 120)), random.normal(20, 1, (4, 120))
    busy[:, 95:] = 90.0
    rows = [row(service(f"s{i}")) for i in range(4)] + [row(service(f"s{i}"), SignalKind.CPU, "%") for i in range(4)]
    page = incident(120, 104)
    onset = estimate_onset(table(rows, np.vstack([calm, busy])), page)
    assert abs(onset.instant.earliest_ns - times(120)[94]) <= 2 * MINUTE
    assert onset.instant.latest_ns >= page.detected_ns


def test_a_faint_step_long_before_the_page_needs_something_that_agrees() -> None:
    values = np.random.default_rng(1).normal(1.0, 0.1, (4, 120))
    values[:, 70:] += 0.26  # between WEAK and CLEAR, nine minutes before the page
    series, page = table([row(service("a"), name=f"m{i}") for i in range(4)], values), incident(120, 105)
    assert estimate_onset(series, page).method == "page time"
    agreed = estimate_onset(series, page, alerts_ns=[int(times(120)[70])])
    assert agreed.method == "split scan"
    assert 2.0 <= agreed.strength < 4.0


def test_without_series_the_alert_decides_then_the_event_then_the_page() -> None:
    page = incident(120, 100)
    alert, event = int(times(120)[96]), int(times(120)[90])
    by_alert = estimate_onset(empty_series(), page, None, [alert], [event])
    assert by_alert.method == "alert"
    assert by_alert.instant.latest_ns == alert
    assert estimate_onset(empty_series(), page, None, [], [event]).method == "cluster event"
    last = estimate_onset(empty_series(), page)
    assert (last.method, last.strength) == ("page time", 0.0)
    assert estimate_onset(empty_series(), page, None, [0, 2**62]).method == "page time"


def test_rows_without_samples_and_wrong_indices_are_no_error() -> None:
    series = table([row(service("a"))], np.full((1, 120), np.nan))
    assert estimate_onset(series, incident(120, 100), symptom_rows=[0, 7, -3]).strength == 0.0
    assert estimate_onset(table([row(service("a"))], np.ones((1, 2))), incident(2, 1)).method == "page time"


def test_the_order_of_rows_does_not_matter() -> None:
    series = system(120, 20, 100, 5.0, 4)
    turned = SeriesTable(
        rows=series.rows[::-1], times_ns=series.times_ns, values=series.values[::-1].copy(), step_s=series.step_s
    )
    first, second = estimate_onset(series, incident(120, 105)), estimate_onset(turned, incident(120, 105))
    assert first.instant == second.instant
    assert abs(first.strength - second.strength) < 1e-6
