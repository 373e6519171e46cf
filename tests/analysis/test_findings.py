from __future__ import annotations

from dataclasses import replace

import numpy as np
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
