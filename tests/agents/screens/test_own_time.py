"""The screen that asks where added time is spent, without traces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compass.agents.screens.own_time import OwnTimeScreen
from compass.domain.incident import Dependency
from compass.domain.observation import Quality, Verdict
from compass.domain.telemetry import Health, HealthStatus, SignalKind
from compass.ports.specialist import StepResult
from tests.agents.screens.fakes import FakeTelemetry, look
from tests.analysis.synthetic import row, service, table

N, AT = 120, 100
CALLS = (Dependency(caller=service("web"), callee=service("cart")),)


async def run(cart_cpu: float | None = 10.0, traces: HealthStatus = HealthStatus.NOT_CONNECTED) -> StepResult:
    """`cart` became two seconds slower and `web` with it; its processor use goes from 10 % to `cart_cpu`."""
    rows = [row(service(name), SignalKind.LATENCY, "s", quantile=0.9) for name in ("web", "cart")]
    lines = [[0.1] * AT + [2.1] * (N - AT), [0.05] * AT + [2.05] * (N - AT)]
    if cart_cpu is not None:
        rows.append(row(service("cart"), SignalKind.CPU, "%"))
        lines.append([10.0] * AT + [cart_cpu] * (N - AT))
    health = Health(source="fake", part="traces", status=traces, hides="")
    seen = look(FakeTelemetry(table=table(rows, np.array(lines))), N, AT, dependencies=CALLS)
    board = replace(seen.board, health=(health,))
    return await OwnTimeScreen(agent="application").run(replace(seen, board=board))


async def test_it_is_said_of_the_callee_alone_and_that_it_waits() -> None:
    result = await run()
    assert {(o.sign, o.entity.name) for o in result.observations} == {
        ("latency.own_up", "cart"), ("latency.waiting", "cart"),
    }  # fmt: skip
    first = result.observations[0]
    assert (first.verdict, first.quality) == (Verdict.ANOMALY, Quality.INDIRECT)
    assert "added 2 s to its answers, of which what it calls can account for 0 s" in first.text


async def test_work_and_an_unknown_amount_of_it_are_not_waiting() -> None:
    for cpu in (30.0, None):
        assert {o.sign for o in (await run(cpu)).observations} == {"latency.own_up"}


async def test_traces_say_it_better() -> None:
    assert (await run(traces=HealthStatus.OK)).observations == ()


async def test_without_series_there_is_nothing_to_say() -> None:
    result = await OwnTimeScreen(agent="application").run(look(FakeTelemetry(), N, AT, dependencies=CALLS))
    assert (result.observations, result.gaps) == ((), ())
