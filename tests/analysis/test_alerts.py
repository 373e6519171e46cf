from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.alerts import meanings
from compass.domain.sign import is_sign


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HighRequestLatency: p99 above 1 s", ("latency.up",)),
        ("HTTP 5xx error rate high", ("errors.up",)),
        ("THROUGHPUT_DROP RPS", ("traffic.down",)),
        ("Traffic anomaly: network drop", ("network.traffic_down",)),
        ("KubeContainerCPUThrottling", ("cpu.throttled",)),
        ("NodeMemoryHigh", ("memory.up",)),
        ("Disk space low", ("disk.full",)),
        ("PostgresReplicationLag", ("replication.lag",)),
        ("connection pool exhausted", ("pool.exhausted",)),
        ("Something odd", ()),
    ],
)  # fmt: skip
def test_alerts_are_understood_by_their_words(text: str, expected: tuple[str, ...]) -> None:
    assert meanings(text) == expected


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_every_meaning_is_a_sign(text: str) -> None:
    assert all(is_sign(sign) for sign in meanings(f"latency {text}"))
