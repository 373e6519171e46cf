"""Recovered, recovering, unchanged or worse: for every number there can be, and where no number says anything."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from compass.analysis.recovery import judged, last_third, level, overall, share_recovered
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.recheck import AlertNow, AlertState, Recovery, SignalNow
from compass.domain.time import NS_PER_S, Window

WEB = EntityRef(kind=EntityKind.SERVICE, name="web")
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
anything = st.none() | st.floats()
ORDER = (Recovery.WORSE, Recovery.UNCHANGED, Recovery.RECOVERING, Recovery.RECOVERED)


@given(anything, anything, anything)
def test_a_share_is_a_number_between_minus_one_and_one_or_nothing(
    before: float | None, usual: float | None, now: float | None
) -> None:
    share = share_recovered(before, usual, now)
    assert share is None or -1.0 <= share <= 1.0
    if share is None:
        assert judged(share) is Recovery.UNKNOWN
    if any(x is None or not math.isfinite(x) for x in (before, usual, now)) or before == usual:
        assert share is None


@given(finite, finite)
def test_usual_is_recovered_and_as_bad_as_before_is_unchanged(before: float, usual: float) -> None:
    assume(abs(before - usual) > 1e-6 * max(abs(before), abs(usual)))
    assert judged(share_recovered(before, usual, usual)) is Recovery.RECOVERED
    assert judged(share_recovered(before, usual, before)) is Recovery.UNCHANGED
    assert judged(share_recovered(before, usual, before + (before - usual))) is Recovery.WORSE


@given(finite, finite, st.floats(-3, 3), st.floats(-3, 3))
def test_nearer_to_usual_is_never_judged_worse(before: float, usual: float, one: float, other: float) -> None:
    assume(abs(before - usual) > 1e-3 * max(abs(before), abs(usual)))
    low, high = sorted((one, other))
    states = [judged(share_recovered(before, usual, before + way * (usual - before))) for way in (low, high)]
    assert Recovery.UNKNOWN not in states
    assert ORDER.index(states[0]) <= ORDER.index(states[1])


@given(finite, finite, finite, st.floats(0.001, 1000), st.booleans())
def test_neither_the_unit_nor_which_way_is_worse_matters(
    before: float, usual: float, now: float, factor: float, mirrored: bool
) -> None:
    assume(abs(before - usual) > 1e-3 * max(abs(before), abs(usual)))
    share = share_recovered(before, usual, now)
    scale = -factor if mirrored else factor
    again = share_recovered(before * scale, usual * scale, now * scale)
    assert share is not None
    assert again == pytest.approx(share, abs=1e-6)


def signal(now: float | None, *, symptom: bool = True) -> SignalNow:
    """It was at 10, usually 0."""
    state = judged(share_recovered(10.0, 0.0, now))
    return SignalNow(
        observation="o", entity=WEB, text="latency", before=10.0, usual=0.0, now=now, unit="s", state=state,
        symptom=symptom,
    )  # fmt: skip


def paged(state: AlertState) -> AlertNow:
    return AlertNow(name="Slow", entity=WEB, state=state, paged=True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Recovery.UNKNOWN), ([None], Recovery.UNKNOWN), ([0.0, 1.0, None], Recovery.RECOVERED),
        ([0.0, 5.0], Recovery.RECOVERING), ([0.0, 9.0, 9.0], Recovery.UNCHANGED), ([0.0, 0.0, 13.0], Recovery.WORSE),
        ([10.0], Recovery.UNCHANGED),
    ],
)  # fmt: skip
def test_all_signals_together(values: list[float | None], expected: Recovery) -> None:
    assert overall([signal(value) for value in values]) is expected


def test_evidence_that_gets_worse_is_no_symptom_that_does() -> None:
    assert overall([signal(0.0), signal(1.0), signal(13.0, symptom=False)]) is Recovery.RECOVERING


def test_nothing_is_recovered_while_the_alert_that_paged_fires() -> None:
    assert overall([signal(0.0)], [paged(AlertState.FIRING)]) is Recovery.RECOVERING
    assert overall([signal(0.0)], [paged(AlertState.RESOLVED)]) is Recovery.RECOVERED
    assert overall([signal(13.0)], [paged(AlertState.FIRING)]) is Recovery.WORSE


@given(st.lists(st.none() | st.floats(-30, 30), max_size=6))
def test_one_that_is_not_known_changes_nothing(values: list[float | None]) -> None:
    signals = [signal(value) for value in values]
    assert overall([*signals, signal(None)]) is overall(signals)


def test_the_level_is_the_median_of_the_last_third() -> None:
    window = Window(start_ns=0, end_ns=900 * NS_PER_S)
    assert last_third(window) == Window(start_ns=600 * NS_PER_S, end_ns=900 * NS_PER_S)
    times = np.arange(1, 16, dtype=np.int64) * 60 * NS_PER_S
    values = np.where(times > 600 * NS_PER_S, 1.0, 99.0)
    values[-1], values[-2] = np.nan, 50.0
    assert level(times, values, last_third(window)) == 1.0
    assert level(times, values, last_third(window), mean=True) == pytest.approx((3 * 1.0 + 50.0) / 4)
    assert level(times, np.full(15, np.nan), window) is None
