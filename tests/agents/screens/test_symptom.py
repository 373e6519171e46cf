from __future__ import annotations

from compass.agents.screens.symptom import SymptomScreen
from compass.domain.entity import EntityRef
from compass.domain.observation import Quality, Verdict
from compass.domain.time import NS_PER_S
from compass.tables.objects import Alert
from tests.agents.screens.fakes import FakeTelemetry, look
from tests.analysis.synthetic import pod, service, times

N, AT = 120, 100


def alert(name: str, entity: EntityRef | None, description: str = "", starts_ns: int | None = None) -> Alert:
    starts = int(times(N)[AT]) if starts_ns is None else starts_ns
    return Alert(
        name=name, labels={}, annotations={"description": description}, starts_ns=starts, ends_ns=None,
        status="firing", entity=entity,
    )  # fmt: skip


async def test_alerts_speak_for_the_service_of_their_entity() -> None:
    alerts = (alert("HighLatency", pod("orders-1")), alert("Odd", service("cart")), alert("HighLatency", None))
    telemetry = FakeTelemetry(alerts=alerts)
    result = await SymptomScreen(agent="application").run(
        look(telemetry, N, AT, containment={pod("orders-1"): service("orders")})
    )
    assert [(o.sign, o.entity.name, o.quality) for o in result.observations] == [
        ("latency.up", "orders", Quality.CORROBORATED)
    ]
    since = result.observations[0].since
    assert since is not None
    assert since.latest_ns == times(N)[AT]


async def test_the_page_is_weak_evidence_on_the_service_it_names() -> None:
    seen = look(FakeTelemetry(), N, AT, paged="web", entities=[service("web")])
    result = await SymptomScreen(agent="application").run(seen)
    assert [(o.sign, o.entity.name, o.verdict, o.quality) for o in result.observations] == [
        ("latency.up", "web", Verdict.ANOMALY, Quality.WEAK)
    ]
    assert (await SymptomScreen(agent="application").run(look(FakeTelemetry(), N, AT))).observations == ()


async def test_repeated_alerts_are_one_fact_whatever_their_order() -> None:
    alerts = (alert("HighLatency", service("a")), alert("HighLatency", service("a")), alert("CPU high", service("b")))
    first = await SymptomScreen(agent="application").run(look(FakeTelemetry(alerts=alerts), N, AT))
    second = await SymptomScreen(agent="application").run(look(FakeTelemetry(alerts=alerts[::-1]), N, AT))
    assert len(first.observations) == 2
    assert first.observations == second.observations


async def test_an_alert_from_shortly_before_the_window_counts_and_a_standing_one_does_not() -> None:
    begin = int(times(N)[0])
    alerts = (
        alert("HighLatency", service("a"), starts_ns=begin - 90 * NS_PER_S),
        alert("HighLatency", service("b"), starts_ns=begin - 7200 * NS_PER_S),
    )
    result = await SymptomScreen(agent="application").run(look(FakeTelemetry(alerts=alerts), N, AT))
    assert [o.entity.name for o in result.observations] == ["a"]
