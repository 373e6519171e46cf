"""An investigation as spans: what belongs to what, what took how long, and that no text of telemetry gets in."""

from __future__ import annotations

from dataclasses import replace

from compass.domain import advised as told
from compass.domain import chronicle as c
from compass.domain.advice import LlmFailure, ModelCall, Role, Task, Usage
from compass.domain.disproof import Outcome
from compass.domain.failure import Status
from compass.domain.telemetry import Asked
from compass.domain.time import NS_PER_S, from_datetime
from compass.projections.spans import ROOT, SpanOf, measured_of, spans_of, trace_id_of
from tests.support.boards import OPENED_AT, ORDERS, attempt, events, opening, theory

SECRET = "a log line that says too much"
CALL = ModelCall(
    id="m1", task=Task.PROPOSE, role=Role.DEEP, provider="openai", model="large", prompt_version="1", prompt=SECRET,
    reply=SECRET, agent="database", usage=Usage(input=900, output=80, cached=500), cost_usd=0.02, elapsed_ms=1500,
)  # fmt: skip
ASKED_NS = from_datetime(OPENED_AT) + 20 * NS_PER_S
ROUND: tuple[c.Payload, ...] = (
    c.RoundStarted(number=1, phase="screen", board_seq=4),
    c.StepStarted(agent="database", step="pools", text=SECRET, round=1),
    c.StepFinished(
        agent="database", step="pools", round=1, found=SECRET, anomalies=2, normals=3, work=1, elapsed_ms=400
    ),
    c.StepStarted(agent="database", step="locks", text=SECRET, round=1),
    c.AgentFailed(agent="database", step="locks", round=1, error=SECRET, hides=SECRET),
    c.AgentStopped(agent="database", reason="round done", work=2, elapsed_ms=900),
    c.Attempted(attempt=attempt(theory("pool", ORDERS), Outcome.REFUTED)),
    c.RoundFinished(number=1, missed=("network",)),
    told.ModelAsked(call=CALL),
    c.ServersAsked(
        requests=(
            Asked(
                source="metrics", path="GET /api/v1/query_range", question=SECRET, answered="server", status=200,
                size=512, seconds=0.25, ended_ns=ASKED_NS,
            ),
            Asked(source="logs", path="GET /x", question=SECRET, answered="not", status=503, ended_ns=ASKED_NS),
            Asked(source="metrics", path="GET /x", question=SECRET, answered="shared", status=200, ended_ns=ASKED_NS),
            Asked(source="metrics", path="GET /x", question=SECRET, answered="server", status=200),
        )
    ),
    c.TimingMeasured(elapsed_s=7.5),
    c.Ended(status=Status.DONE, exit_code=0, said=SECRET),
)  # fmt: skip
WHOLE = events((*opening(), *ROUND))


def by_name(name: str) -> list[SpanOf]:
    return [span for span in spans_of(WHOLE) if span.name == name]


def test_work_belongs_to_its_agent_its_agent_to_the_round_and_the_round_to_the_whole() -> None:
    whole, *inner = spans_of(WHOLE)
    assert (whole.id, whole.parent, whole.name) == (ROOT, "", "compass.investigation")
    assert (whole.start_ns, whole.end_ns) == tuple(from_datetime(WHOLE[i].occurred_at) for i in (0, -1))
    assert whole.attributes["compass.status"] == "done"
    (round_,) = by_name("compass.round screen")
    (agent,) = by_name("invoke_agent database")
    finished, failed = by_name("compass.step")
    assert (round_.parent, agent.parent, finished.parent, failed.parent) == (ROOT, round_.id, agent.id, agent.id)
    assert finished.end_ns - finished.start_ns == 400_000_000
    assert (finished.error, failed.error) == ("", "step_failed")
    assert len({span.id for span in (whole, *inner)}) == 1 + len(inner)


def test_model_calls_follow_the_conventions_for_generative_models() -> None:
    (call,) = by_name("chat large")
    assert call.client
    assert call.end_ns - call.start_ns == 1_500_000_000
    expected = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "large",
        "gen_ai.usage.input_tokens": 900, "gen_ai.usage.output_tokens": 80, "gen_ai.agent.name": "database",
        "gen_ai.usage.cache_read.input_tokens": 500,
    }  # fmt: skip
    assert expected.items() <= call.attributes.items()


def test_requests_that_went_to_a_server_are_spans_and_others_are_not() -> None:
    (good,) = by_name("GET metrics")
    (bad,) = by_name("GET logs")
    assert (good.end_ns - good.start_ns, good.error, bad.error) == (250_000_000, "", "503")
    assert good.attributes["url.path"] == "/api/v1/query_range"


def test_measurements_count_what_was_done_and_spent() -> None:
    measured = {(one.instrument, *sorted(map(str, one.attributes.values()))): one.value for one in measured_of(WHOLE)}
    named = {one.instrument for one in measured_of(WHOLE)}
    assert measured["compass.investigations", "0", "done"] == 1
    assert measured["compass.investigation.duration",] == 7.5
    assert sum(one.value for one in measured_of(WHOLE) if one.instrument == "gen_ai.client.token.usage") == 980
    assert sum(one.value for one in measured_of(WHOLE) if one.instrument == "compass.model.cost") == 0.02
    assert {"compass.disproof.attempts", "compass.agent.failures", "http.client.request.duration"} <= named


def test_nothing_that_telemetry_or_a_model_said_gets_in() -> None:
    assert SECRET not in repr(spans_of(WHOLE)) + repr(measured_of(WHOLE))


def test_a_reused_reply_is_no_call_and_a_failed_one_says_how() -> None:
    reused, failed = replace(CALL, reused=True), replace(CALL, failure=LlmFailure.RATE_LIMIT)
    spans = spans_of(events((*opening(), told.ModelAsked(call=reused), told.ModelAsked(call=failed))))
    assert [span.error for span in spans if span.client] == ["rate_limit"]


def test_what_a_killed_run_left_open_hangs_from_the_whole() -> None:
    killed = events((*opening(), *ROUND[:3]))
    whole, step = spans_of(killed)
    assert (step.parent, step.name) == (whole.id, "compass.step")


def test_the_trace_has_the_investigations_id() -> None:
    assert f"{trace_id_of(WHOLE[0].investigation):032x}" == WHOLE[0].investigation.hex
    assert spans_of(()) == ()
