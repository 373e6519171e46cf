from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compass.agents.screens.metrics import MetricScreen
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency
from compass.domain.observation import Observation, Verdict
from compass.domain.sign import SIGNS
from compass.domain.telemetry import SignalKind
from compass.investigation.funnel import Funnel
from compass.tables.series import Floats, SeriesRow, SeriesTable
from tests.agents.screens.fakes import FakeTelemetry, look
from tests.analysis.synthetic import pod, row, service, table, times

N, AT = 120, 100
KINDS = frozenset({SignalKind.LATENCY, SignalKind.CLIENT_LATENCY, SignalKind.SUCCESS, SignalKind.TRAFFIC,
                   SignalKind.CPU,
                   SignalKind.MEMORY, SignalKind.MEMORY_LIMIT, SignalKind.ERRORS})  # fmt: skip
SCREEN = MetricScreen(agent="application", kinds=KINDS, id="golden", text="checking golden signals")


def line(seed: int, mean: float = 0.2, factor: float = 1.0) -> Floats:
    values = np.random.default_rng(seed).normal(mean, mean / 10, N)
    values[AT:] *= factor
    return values


async def observed(rows: list[SeriesRow], lines: list[Floats], **board: object) -> dict[tuple[str, str], Observation]:
    telemetry = FakeTelemetry(table=table(rows, np.array(lines)))
    result = await SCREEN.run(look(telemetry, N, AT, **board))  # type: ignore[arg-type]
    assert len({o.id for o in result.observations}) == len(result.observations)
    assert all(o.sign in SIGNS for o in result.observations)
    return {(o.sign, o.entity.name): o for o in result.observations}


async def test_an_abnormal_series_says_value_usual_factor_and_time() -> None:
    found = await observed([row(service("orders"), quantile=0.9), row(service("cart"))], [line(1, factor=9), line(2)])
    slow, fine = found["latency.up", "orders"], found["latency.up", "cart"]
    assert slow.verdict is Verdict.ANOMALY
    assert slow.strength > 0.6
    assert slow.text.startswith("latency p90 of orders 1.")
    assert "usually 20" in slow.text or "usually 19" in slow.text
    assert "since " in slow.text
    assert slow.since is not None
    assert slow.since.earliest_ns == times(N)[AT - 1]
    assert slow.spark is not None
    assert slow.spark.split is not None
    assert slow.value is not None
    assert slow.value.unit == "s"
    assert (fine.verdict, fine.strength, fine.spark, fine.since) == (Verdict.NORMAL, 0.0, None, None)
    assert fine.text.endswith(": normal")


async def test_pods_are_folded_into_their_service_and_one_that_stands_out_is_named() -> None:
    inside = {pod(f"orders-{i}"): service("orders") for i in range(3)}
    rows = [row(pod(f"orders-{i}"), SignalKind.CPU, "%") for i in range(3)]
    one = await observed(rows, [line(1, 10), line(2, 10), line(3, 10, factor=9)], containment=inside)
    assert one["cpu.up", "orders"].peer == pod("orders-2")
    every = await observed(rows, [line(i, 10, factor=8) for i in range(3)], containment=inside)
    assert every["cpu.up", "orders"].peer is None
    assert every["cpu.up", "orders"].verdict is Verdict.ANOMALY


async def test_nodes_stay_nodes() -> None:
    worker = EntityRef(kind=EntityKind.NODE, name="worker-1")
    found = await observed([row(worker, SignalKind.CPU, "%")], [line(1, 5, factor=15)])
    assert found["cpu.up", "worker-1"].entity == worker


async def test_failing_calls_belong_to_the_callee_and_waiting_to_the_caller() -> None:
    rows = [
        row(service("web"), SignalKind.SUCCESS, "%", peer=service("orders"), labels={"reporter": "source"}),
        row(service("web"), SignalKind.CLIENT_LATENCY, peer=service("orders"), labels={"reporter": "source"}),
    ]
    falling = np.r_[np.full(AT, 100.0), np.full(N - AT, 60.0)]
    found = await observed(rows, [falling, line(1, factor=6)])
    assert found["success.down", "orders"].peer == service("web")
    assert found["client_latency.up", "web"].peer == service("orders")


async def test_both_directions_of_traffic_are_judged() -> None:
    rows = [row(service(name), SignalKind.TRAFFIC, "{request}/s") for name in ("a", "b", "c")]
    found = await observed(rows, [line(1, 50, 5), line(2, 50, 0.1), line(3, 50)])
    assert found["traffic.up", "a"].verdict is Verdict.ANOMALY
    assert found["traffic.down", "a"].verdict is Verdict.NORMAL
    assert found["traffic.down", "b"].verdict is Verdict.ANOMALY
    assert found["traffic.up", "c"].verdict is Verdict.NORMAL


async def test_limits_leaks_and_saturation() -> None:
    rows = [
        row(service("full"), SignalKind.MEMORY, "By"),
        row(service("full"), SignalKind.MEMORY_LIMIT, "By"),
        row(service("hot"), SignalKind.CPU, "%"),
        row(service("leaky"), SignalKind.MEMORY, "By"),
    ]
    ramp = 1e9 * (1 + np.arange(N) / N) + np.random.default_rng(1).normal(0, 1e6, N)
    lines = [line(2, 5e8, 1.95), np.full(N, 1e9), line(3, 20, 4.9), ramp]
    found = await observed(rows, lines)
    assert found["memory.near_limit", "full"].verdict is Verdict.ANOMALY
    assert found["cpu.saturated", "hot"].verdict is Verdict.ANOMALY
    assert found["memory.leak", "leaky"].verdict is Verdict.ANOMALY
    assert "steadily" in found["memory.leak", "leaky"].text
    assert found["memory.leak", "full"].verdict is Verdict.NORMAL


@pytest.mark.parametrize(
    ("what", "limit", "verdict"),
    [
        ("near its limit", 2.2e9, Verdict.ANOMALY),
        ("far from its limit", 1e10, None),
        ("unknown", None, Verdict.ANOMALY),
    ],
)
async def test_growth_far_from_the_limit_explains_nothing(what: str, limit: float | None, verdict: Verdict) -> None:
    """Warm-up and caches grow for hours; growth that has reached nothing yet can have hurt nobody."""
    rows = [row(service("grows"), SignalKind.MEMORY, "By")]
    lines = [1e9 * (1 + np.arange(N) / N) + np.random.default_rng(1).normal(0, 1e6, N)]
    if limit is not None:
        rows.append(row(service("grows"), SignalKind.MEMORY_LIMIT, "By"))
        lines.append(np.full(N, limit))
    seen = (await observed(rows, lines)).get(("memory.leak", "grows"))
    assert (seen.verdict if seen is not None else None) is verdict, what


async def test_growth_that_is_new_counts_for_more_than_growth_as_ever() -> None:
    noise = np.random.default_rng(1).normal(0, 1e6, N)
    ever = 1e9 * (1 + np.arange(N) / N) + noise
    new = 1e9 * (1 + np.maximum(0, np.arange(N) - AT) / (N - AT)) + noise
    found = await observed([row(service(n), SignalKind.MEMORY, "By") for n in ("ever", "new")], [ever, new])
    assert found["memory.leak", "new"].strength > found["memory.leak", "ever"].strength


async def test_a_success_ratio_that_is_always_zero_is_no_evidence() -> None:
    assert await observed([row(service("a"), SignalKind.SUCCESS, "%")], [np.zeros(N)]) == {}


async def test_what_is_normal_since_it_comes_and_goes_is_not_passed_off_as_steady() -> None:
    """“62 %, usually 8 %: normal” would be read as a mistake."""
    now_and_then = line(1, factor=9)
    now_and_then[AT - 40 : AT - 20] *= 9
    found = await observed([row(service("orders")), row(service("cart"))], [now_and_then, line(2)])
    assert found["latency.up", "orders"].text.endswith(" ms, at times like now: normal")
    assert found["latency.up", "cart"].text.endswith(" ms: normal")


async def test_too_little_history_is_neither_normal_nor_abnormal() -> None:
    values = line(1)
    values[: AT - 2] = np.nan
    assert await observed([row(service("a"))], [values]) == {}


async def test_a_quantile_that_moves_alone_counts_less() -> None:
    def rows(name: str) -> list[SeriesRow]:
        return [row(service(name), name=f"m{q}", quantile=q) for q in (0.5, 0.9, 0.99)]

    together = [line(i, factor=3) for i in range(3)]
    alone = [line(0), line(1), line(2, factor=3)]
    found = await observed([*rows("a"), *rows("b")], [*together, *alone])
    assert found["latency.up", "a"].strength > found["latency.up", "b"].strength


async def test_without_metrics_there_is_a_gap() -> None:
    result = await SCREEN.run(look(FakeTelemetry(missing=("metrics",)), N, AT))
    assert result.observations == ()
    assert len(result.gaps) == 1
    assert "latency" in result.gaps[0][1]


async def test_the_cap_keeps_anomalies_then_what_is_near_the_page() -> None:
    rows = [row(service(f"s{i:02}")) for i in range(20)]
    lines = [line(i) for i in range(19)] + [line(19, factor=9)]
    telemetry = FakeTelemetry(table=table(rows, np.array(lines)))
    small = MetricScreen(agent="application", kinds=KINDS, id="golden", text="x", limit=3)
    near = [Dependency(caller=service("s10"), callee=service("s11"))]
    result = await small.run(look(telemetry, N, AT, paged="s10", entities=[service("s10")], dependencies=near))
    assert [o.entity.name for o in result.observations] == ["s19", "s10", "s11"]


async def test_one_query_serves_all_who_ask_for_the_same_and_order_does_not_matter() -> None:
    rows = [row(service(f"s{i}")) for i in range(5)]
    lines = np.array([line(i, factor=1 + i) for i in range(5)])
    first, second = FakeTelemetry(table=table(rows, lines)), FakeTelemetry(table=table(rows[::-1], lines[::-1]))
    funnel = Funnel(first)
    results = [await SCREEN.run(replace(look(first, N, AT), telemetry=funnel)) for _ in range(2)]
    assert len(first.asked) == 1
    assert results[0] == results[1]
    assert (await SCREEN.run(look(second, N, AT))).observations == results[0].observations


@pytest.mark.parametrize("values", [np.full((1, N), np.inf), np.full((1, N), np.nan), np.full((1, N), -1e300)])
async def test_hostile_values_are_no_error(values: Floats) -> None:
    hostile = SeriesTable(rows=(row(service("a")),), times_ns=times(N), values=values, step_s=15.0)
    result = await SCREEN.run(look(FakeTelemetry(table=hostile), N, AT))
    assert all(o.verdict is Verdict.NORMAL for o in result.observations)


async def test_a_thing_that_falls_silent_while_others_report_has_lost_its_instances() -> None:
    kinds = frozenset({SignalKind.CPU, SignalKind.REPLICAS})
    rows = [row(service(name), SignalKind.CPU, "%") for name in "abcde"]
    lines = [line(i, 10) for i in range(5)]
    lines[0][AT:] = np.nan
    screen = MetricScreen(agent="infrastructure", kinds=kinds, id="resources", text="checking instances")
    result = await screen.run(look(FakeTelemetry(table=table(rows, np.array(lines))), N, AT))
    down = {o.entity.name: o.verdict for o in result.observations if o.sign == "replicas.down"}
    assert down["a"] is Verdict.ANOMALY
    assert {down[name] for name in "bcde"} == {Verdict.NORMAL}
