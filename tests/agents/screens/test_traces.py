from __future__ import annotations

import dataclasses

import pytest

from compass.agents.screens.trace_shape import error_screen, shape_screen
from compass.agents.screens.trace_time import gap_screen, statement_screen, work_screen
from compass.agents.screens.traces import TraceScreen, select, trace_study, visits
from compass.domain.observation import Observation, Verdict
from compass.domain.sign import is_sign
from compass.ports.specialist import StepResult
from tests.agents.screens.traced import TracedTelemetry, look_at
from tests.analysis.span_tables import Spans, shop

SCREENS = (gap_screen, work_screen, statement_screen, error_screen, shape_screen)
FAULTS = {
    "trace.gap_up": (gap_screen, {"gap": 80.0}, "orders", "front"),
    "trace.retransmit": (gap_screen, {"loss": 0.3}, "orders", "front"),
    "trace.self_time_up": (work_screen, {"own": 60.0}, "orders", None),
    "trace.callee_slow": (work_screen, {"statement": 90.0}, "stock", "orders"),
    "trace.db_slow": (statement_screen, {"statement": 90.0}, "stock-db", "stock"),
    "trace.error_origin": (error_screen, {"fail": 0.5}, "orders", None),
    "trace.errors_up": (error_screen, {"fail": 0.5}, "orders", None),
    "trace.call_failed": (error_screen, {"lost": 0.5}, "orders", "front"),
    "trace.fanout_up": (shape_screen, {"loops": 6.0}, "orders", "stock"),
    "trace.child_missing": (shape_screen, {"skip": 1.0}, "orders", "stock"),
    "trace.structure_changed": (shape_screen, {"detour": 1.0}, "orders", None),
}


async def _run(screen: TraceScreen, spans: Spans, **kept: object) -> StepResult:
    telemetry = TracedTelemetry(span_table=spans.table(), **kept)  # type: ignore[arg-type]
    return await screen.run(look_at(telemetry, 400, 600))


def _anomalies(result: StepResult) -> list[Observation]:
    return [seen for seen in result.observations if seen.verdict is Verdict.ANOMALY]


@pytest.mark.parametrize("sign", FAULTS)
async def test_each_fault_gives_its_sign_where_it_is(sign: str) -> None:
    make, fault, entity, peer = FAULTS[sign]
    result = await _run(make("tracing"), shop(600, 400, **fault))  # type: ignore[arg-type]
    mine = [seen for seen in _anomalies(result) if seen.sign == sign]
    assert mine
    (seen,) = [seen for seen in mine if seen.entity.name == entity]
    assert seen.strength == max(other.strength for other in mine) > 0.3
    assert peer is None or (seen.peer is not None and seen.peer.name == peer)
    assert seen.since is not None
    assert entity in seen.text
    assert is_sign(sign)


async def test_a_slow_path_is_no_lossy_one() -> None:
    result = await _run(gap_screen("tracing"), shop(600, 400, gap=210.0))
    assert {seen.sign for seen in _anomalies(result)} == {"trace.gap_up"}


async def test_two_calls_that_fail_are_no_sign_of_who_answers_them() -> None:
    assert not _anomalies(await _run(error_screen("tracing"), shop(600, 598, lost=1.0)))


@pytest.mark.parametrize("make", SCREENS)
async def test_a_healthy_system_is_normal_and_not_when_spans_are_sampled(make: object) -> None:
    screen = make("tracing")  # type: ignore[operator]
    spans = shop(600, 600)
    assert not _anomalies(await _run(screen, spans))
    assert not (await _run(screen, spans, missing=("sampled",))).observations


@pytest.mark.parametrize(
    ("kept", "said"),
    [(1.0, "900 visits"), (0.2, "900 sampled visits (1 in 5)"), (0.15, "900 sampled visits (0.15 of all)")],
)
async def test_counts_of_sampled_traces_say_so(kept: float, said: str) -> None:
    study = await trace_study(look_at(TracedTelemetry(span_table=shop(600, 400).table()), 400, 600))
    coverage = dataclasses.replace(study.answer.coverage, sampling=kept)
    answer = dataclasses.replace(study.answer, coverage=coverage)
    assert visits(dataclasses.replace(study, answer=answer), 900) == said


async def test_normal_results_name_every_service() -> None:
    result = await _run(gap_screen("tracing"), shop(600, 600))
    assert {(seen.sign, seen.entity.name, seen.verdict) for seen in result.observations} == {
        ("trace.gap_up", name, Verdict.NORMAL) for name in ("front", "orders", "stock")
    }


async def test_spans_that_never_state_an_outcome_do_not_say_that_nothing_fails() -> None:
    assert not (await _run(error_screen("tracing"), shop(600, 600))).observations
    stated = shop(600, 600)
    stated.rows = [(*row[:8], "ok", *row[9:]) for row in stated.rows]
    assert (await _run(error_screen("tracing"), stated)).observations


@pytest.mark.parametrize("make", SCREENS)
async def test_no_spans_or_no_baseline_is_a_gap(make: object) -> None:
    screen = make("tracing")  # type: ignore[operator]
    nothing = await screen.run(look_at(TracedTelemetry(), 400, 600))
    late = shop(600, 0)
    late.rows = [row for row in late.rows if row[6] > 590_000]
    only_now = await _run(screen, late)
    assert [result.gaps[0][0] for result in (nothing, only_now)] == [
        "no spans", "spans only on one side of the onset: nothing to compare",
    ]  # fmt: skip
    assert not nothing.observations
    assert not only_now.observations


async def test_spans_are_asked_once_for_all_screens() -> None:
    telemetry = TracedTelemetry(span_table=shop(600, 400, gap=80).table())
    look = look_at(telemetry, 400, 600)
    first = [await make("tracing").run(look) for make in SCREENS]
    assert len(telemetry.asked) == 1
    again = [await make("tracing").run(look_at(telemetry, 400, 600)) for make in SCREENS]
    assert [r.observations for r in first] == [r.observations for r in again]


async def test_select_keeps_one_a_sign_and_entity_strongest_first_and_bounded() -> None:
    result = await _run(gap_screen("tracing"), shop(600, 400, gap=80))
    one = _anomalies(result)[0]
    weak = dataclasses.replace(one, strength=0.1)
    calm = dataclasses.replace(one, verdict=Verdict.NORMAL, strength=0.0)
    other = dataclasses.replace(one, sign="trace.retry", strength=0.99)
    assert select([weak, calm, one, other], 100) == (other, one)
    assert select([weak, calm, one, other], 1)[0] == other
