from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis import findings
from compass.analysis.anomaly import screen
from compass.analysis.findings import Finding, find
from compass.analysis.graph import build_graph
from compass.domain.sign import SIGNS
from compass.domain.telemetry import Direction, SignalKind
from compass.tables.series import Floats, SeriesRow
from tests.analysis.synthetic import pod, row, service, split, table

N, AT = 120, 100
INSIDE = {pod(f"a-{i}"): service("a") for i in range(4)}
GRAPH = build_graph((), INSIDE)


def found(rows: list[SeriesRow], values: Floats) -> dict[tuple[str, str], Finding]:
    series = table(rows, values)
    baseline, during = split(N, AT)
    scores = screen(series, baseline, during, findings.borrow_groups(series, GRAPH))
    facts = find(series, scores, GRAPH, baseline, during)
    assert len({(f.entity, f.sign) for f in facts}) == len(facts)
    return {(f.sign, f.entity.name): f for f in facts}


def test_every_sign_that_metrics_can_say_is_in_the_vocabulary() -> None:
    signs = {*findings.UP_SIGN.values(), *findings.DOWN_SIGN.values(), *(s for s, _ in findings.NEAR_LIMIT.values())}
    assert signs <= set(SIGNS)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3), st.integers(0, 1000))
def test_the_strongest_pod_speaks_for_its_service(bad: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(0.2, 0.01, (4, N))
    values[bad, AT:] *= 6
    facts = found([row(pod(f"a-{i}")) for i in range(4)], values)
    assert facts["latency.up", "a"].row == bad
    assert facts["latency.up", "a"].peer == pod(f"a-{bad}")


def test_a_pod_that_appears_is_judged_by_its_siblings() -> None:
    values = np.random.default_rng(1).normal(0.2, 0.01, (4, N))
    values[3, :AT] = np.nan
    values[3, AT:] *= 6
    assert found([row(pod(f"a-{i}")) for i in range(4)], values)["latency.up", "a"].abnormal


def test_what_was_as_full_before_is_hardly_news() -> None:
    rows = [row(service(name), SignalKind.DISK_USAGE, "%") for name in ("old", "new")]
    values = np.array([[97.0] * N, [40.0] * AT + [97.0] * (N - AT)])
    facts = found(rows, values)
    assert facts["disk.full", "new"].score > 1.9 * facts["disk.full", "old"].score


def test_a_kind_nobody_knows_says_nothing() -> None:
    values = np.array([[1.0] * AT + [99.0] * (N - AT)])
    assert found([row(service("a"), SignalKind.OTHER, "1")], values) == {}


def test_less_memory_left_is_more_memory_used() -> None:
    left = row(service("a"), SignalKind.MEMORY, "By", name="FreeableMemory")
    left = replace(left, signal=replace(left.signal, worse=Direction.DOWN))
    values = np.array([[8e9] * AT + [1e9] * (N - AT)])
    signs = found([left], values)
    assert signs["memory.up", "a"].abnormal
    assert ("memory.leak", "a") not in signs


def sawtooth(cycle: int = 5) -> Floats:
    """Quiet memory, then four climbs to four times as much, a fall after each."""
    age = np.arange(N - AT) % cycle
    return np.r_[np.full(AT, 1e8), 1e8 * (1 + 3 * age / (cycle - 1))]


@pytest.mark.parametrize(
    ("what", "limit", "restarts", "expected"),
    [
        ("killed at its limit", 3.0e8, None, True),
        ("far from its limit", 4e9, None, False),
        ("started again at each fall, no limit known", None, True, True),
        ("neither is known: it counts half", None, None, True),
        ("restarts are recorded, and there were none", None, False, False),
    ],
)
def test_memory_that_grows_and_falls_again_is_a_leak_where_a_kill_explains_it(
    what: str, limit: float | None, restarts: bool | None, expected: bool
) -> None:
    rows, values = [row(service("a"), SignalKind.MEMORY, "By")], [sawtooth()]
    if limit is not None:
        rows.append(row(service("a"), SignalKind.MEMORY_LIMIT, "By"))
        values.append(np.full(N, limit))
    if restarts is not None:
        rows.append(row(service("a"), SignalKind.RESTARTS, "{restart}"))
        values.append(np.where((np.arange(N) >= AT) & (np.arange(N) % 5 == 0) & restarts, 0.1, 0.0))
    fact = found(rows, np.array(values)).get(("memory.leak", "a"))
    assert (fact is not None and fact.abnormal) is expected, what
    if fact is not None and fact.abnormal:
        assert fact.times >= 3
        assert fact.score == pytest.approx(8.0 if limit or restarts else 4.0)
        assert fact.value == pytest.approx(3.0, rel=0.05)


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(AT, N - 1), max_size=N - AT), st.integers(0, 1000))
def test_restarts_are_counted_however_they_are_spread(steps: set[int], seed: int) -> None:
    """Four events among empty steps are abnormal though the median step has none; two, as of a release, are normal."""
    values = np.zeros((1, N))
    values[0, sorted(steps)] = np.random.default_rng(seed).uniform(0.01, 1.0, len(steps))
    facts = found([row(service("a"), SignalKind.RESTARTS, "{restart}")], values)
    fact = facts.get(("restarts.up", "a"))
    if len(steps) >= 4:
        assert fact is not None
        assert fact.abnormal
    elif len(steps) <= 2:
        assert fact is not None
        assert not fact.abnormal


def test_what_restarts_as_often_as_ever_is_normal() -> None:
    values = np.where(np.arange(N) % 4 == 0, 0.1, 0.0)[None, :]
    facts = found([row(service("a"), SignalKind.RESTARTS, "{restart}")], values)
    assert not facts["restarts.up", "a"].abnormal
