from __future__ import annotations

import numpy as np

from compass.agents.screens.pools import PoolScreen
from compass.domain.observation import Observation, Verdict
from compass.domain.telemetry import SignalKind
from tests.agents.screens.fakes import FakeTelemetry, look
from tests.analysis.synthetic import pod, row, service, table, times

N, AT = 120, 100
A = {"pool": "main"}
LATE = N - AT


async def observed(limit_after: float, used_after: float, wait_after: float) -> dict[str, Observation]:
    owner = pod("orders-1")
    rows = [
        row(owner, SignalKind.POOL_USED, "{connection}", labels=A),
        row(owner, SignalKind.POOL_LIMIT, "{connection}", labels=A),
        row(owner, SignalKind.POOL_PENDING, "{request}", labels=A),
        row(owner, SignalKind.POOL_WAIT, "s", labels=A),
        row(owner, SignalKind.POOL_TIMEOUTS, "{timeout}/s", labels=A),
    ]
    full = used_after >= limit_after
    lines = np.array([
        [5.0] * AT + [used_after] * LATE, [50.0] * AT + [limit_after] * LATE,
        [0.0] * AT + [9.0 if full else 0.0] * LATE,
        [0.001] * AT + [wait_after] * LATE, [0.0] * AT + [2.0 if full else 0.0] * LATE,
    ])  # fmt: skip
    screen = PoolScreen(agent="database")
    result = await screen.run(
        look(FakeTelemetry(table=table(rows, lines)), N, AT, containment={owner: service("orders")})
    )
    assert all(o.entity == service("orders") for o in result.observations)
    return {o.sign: o for o in result.observations}


async def test_a_shrunk_pool_that_runs_out() -> None:
    found = await observed(limit_after=5.0, used_after=5.0, wait_after=2.0)
    assert {s: o.verdict for s, o in found.items()} == dict.fromkeys(
        ("pool.exhausted", "pool.limit_down", "pool.wait_up", "pool.timeouts"), Verdict.ANOMALY
    )
    fall = found["pool.limit_down"]
    assert fall.text.startswith("limit of pool main of orders fell from 50 to 5")
    assert fall.since is not None
    assert fall.since.earliest_ns <= times(N)[AT - 1] <= fall.since.latest_ns
    assert "9 waiting" in found["pool.exhausted"].text
    assert found["pool.exhausted"].strength > 0.6
    assert found["pool.exhausted"].spark is not None


async def test_a_pool_at_ease_is_measurably_normal() -> None:
    found = await observed(limit_after=50.0, used_after=6.0, wait_after=0.001)
    assert set(found) == {"pool.exhausted", "pool.limit_down", "pool.wait_up", "pool.timeouts"}
    assert all(o.verdict is Verdict.NORMAL for o in found.values())


async def test_without_pool_metrics_there_is_a_gap() -> None:
    result = await PoolScreen(agent="database").run(look(FakeTelemetry(), N, AT))
    assert len(result.gaps) == 1
    assert result.observations == ()
