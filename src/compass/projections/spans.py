"""An investigation as spans and measurements, folded from its chronicle: who worked when, what was asked, what it cost.

Names follow the OpenTelemetry semantic conventions where there are some (GenAI for agents and model calls, HTTP for
requests) and begin with `compass.` where there are none. Nothing here holds text of telemetry, prompts or replies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from compass.domain import advised as told
from compass.domain import chronicle as c
from compass.domain.advice import ModelCall
from compass.domain.telemetry import Asked
from compass.domain.time import NS_PER_S, from_datetime

Attributes = Mapping[str, str | int | float | bool]
NS_PER_MS = 1_000_000
ROOT = "investigation"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanOf:
    """One piece of work. `id` is unique in its investigation, `parent` the id of what it belongs to (empty: the whole).

    `client`: it waited for somebody else's server. `error`: what class of failure, empty where it did not fail.
    """

    id: str
    parent: str
    name: str
    start_ns: int
    end_ns: int
    attributes: Attributes = field(default_factory=dict)
    client: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One value of an instrument; `unit` is UCUM. `kind` is histogram | counter."""

    instrument: str
    kind: str
    unit: str
    value: float
    attributes: Attributes = field(default_factory=dict)


def spans_of(events: Iterable[c.Event]) -> tuple[SpanOf, ...]:
    """The whole first, then rounds, agents, steps, requests and model calls, by start."""
    listed = tuple(events)
    if not listed:
        return ()
    whole = _whole(listed)
    inner = [*_rounds(listed), *_agents(listed), *_steps(listed), *_requests(listed), *_calls(listed)]
    known = {span.id for span in inner} | {ROOT}
    # What began in a run that was killed has no end of its own, and what belongs to it hangs from the whole.
    placed = [span if span.parent in known else _under_whole(span) for span in inner]
    return (whole, *sorted(placed, key=lambda span: (span.start_ns, -span.end_ns, span.id)))


def measured_of(events: Iterable[c.Event]) -> tuple[Measured, ...]:
    """What an operator of COMPASS wants to see over many investigations."""
    found: list[Measured] = []
    for event in events:
        payload = event.payload
        if isinstance(payload, c.Ended):
            attributes = {"compass.status": payload.status.value, "compass.exit_code": payload.exit_code}
            found.append(_count("compass.investigations", "{investigation}", 1, attributes))
        elif isinstance(payload, c.TimingMeasured):
            found.append(_spread("compass.investigation.duration", "s", payload.elapsed_s, {}))
        elif isinstance(payload, c.StepFinished | c.AgentFailed):
            found += _of_step(payload)
        elif isinstance(payload, c.Attempted):
            attributes = {
                "compass.strategy": payload.attempt.strategy,
                "compass.outcome": payload.attempt.outcome.value,
            }
            found.append(_count("compass.disproof.attempts", "{attempt}", 1, attributes))
        elif isinstance(payload, c.ServersAsked):
            found += [one for asked in payload.requests for one in _of_request(asked)]
        elif isinstance(payload, told.ModelAsked) and not payload.call.reused:
            found += _of_call(payload.call)
    return tuple(found)


def trace_id_of(investigation: UUID) -> int:
    """The trace of an investigation has the investigation's id: 128 bits either way."""
    return investigation.int


def _whole(events: tuple[c.Event, ...]) -> SpanOf:
    attributes: dict[str, str | int | float | bool] = {"compass.investigation.id": str(events[0].investigation)}
    error = ""
    for event in events:
        payload = event.payload
        if isinstance(payload, c.Opened):
            attributes |= {"compass.engine": payload.engine, "compass.mode": payload.mode}
            if payload.model:
                attributes["compass.model"] = payload.model
        elif isinstance(payload, c.Ended):
            attributes |= {"compass.status": payload.status.value, "compass.exit_code": payload.exit_code}
            error = "failed" if payload.exit_code == 1 else ""
    start, end = from_datetime(events[0].occurred_at), from_datetime(events[-1].occurred_at)
    return SpanOf(
        id=ROOT, parent="", name="compass.investigation", start_ns=start, end_ns=end, attributes=attributes, error=error
    )


def _under_whole(span: SpanOf) -> SpanOf:
    return SpanOf(
        id=span.id, parent=ROOT, name=span.name, start_ns=span.start_ns, end_ns=span.end_ns,
        attributes=span.attributes, client=span.client, error=span.error,
    )  # fmt: skip


def _round_id(number: int) -> str:
    return f"round/{number}"


def _agent_id(number: int, agent: str) -> str:
    return f"round/{number}/{agent}"


def _rounds(events: tuple[c.Event, ...]) -> Iterable[SpanOf]:
    began: dict[int, tuple[int, str]] = {}
    for event in events:
        payload = event.payload
        if isinstance(payload, c.RoundStarted):
            began[payload.number] = (from_datetime(event.occurred_at), payload.phase)
        elif isinstance(payload, c.RoundFinished) and payload.number in began:
            start, phase = began[payload.number]
            attributes: Attributes = {
                "compass.round": payload.number,
                "compass.phase": phase,
                "compass.agents.late": len(payload.missed),
            }
            yield SpanOf(
                id=_round_id(payload.number), parent=ROOT, name=f"compass.round {phase}", start_ns=start,
                end_ns=from_datetime(event.occurred_at), attributes=attributes,
            )  # fmt: skip


def _agents(events: tuple[c.Event, ...]) -> Iterable[SpanOf]:
    """An agent's work in one round: from its first step to its stop."""
    number = 0
    began: dict[str, int] = {}
    for event in events:
        payload, at = event.payload, from_datetime(event.occurred_at)
        if isinstance(payload, c.RoundStarted):
            number, began = payload.number, {}
        elif isinstance(payload, c.StepStarted):
            began.setdefault(payload.agent, at)
        elif isinstance(payload, c.AgentStopped) and payload.agent in began:
            yield SpanOf(
                id=_agent_id(number, payload.agent), parent=_round_id(number), name=f"invoke_agent {payload.agent}",
                start_ns=began.pop(payload.agent), end_ns=at,
                attributes={
                    "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": payload.agent,
                    "compass.round": number, "compass.work": payload.work, "compass.reason": payload.reason,
                },
            )  # fmt: skip


def _steps(events: tuple[c.Event, ...]) -> Iterable[SpanOf]:
    for event in events:
        payload, at = event.payload, from_datetime(event.occurred_at)
        if isinstance(payload, c.StepFinished):
            yield SpanOf(
                id=f"{_agent_id(payload.round, payload.agent)}/{payload.step}",
                parent=_agent_id(payload.round, payload.agent), name="compass.step",
                start_ns=at - int(payload.elapsed_ms * NS_PER_MS), end_ns=at,
                attributes={
                    "gen_ai.agent.name": payload.agent, "compass.step": payload.step,
                    "compass.anomalies": payload.anomalies, "compass.normals": payload.normals,
                },
            )  # fmt: skip
        elif isinstance(payload, c.AgentFailed):
            yield SpanOf(
                id=f"{_agent_id(payload.round, payload.agent)}/{payload.step}",
                parent=_agent_id(payload.round, payload.agent), name="compass.step", start_ns=at, end_ns=at,
                attributes={"gen_ai.agent.name": payload.agent, "compass.step": payload.step}, error="step_failed",
            )  # fmt: skip


def _requests(events: tuple[c.Event, ...]) -> Iterable[SpanOf]:
    for event in events:
        if not isinstance(event.payload, c.ServersAsked):
            continue
        for at, asked in enumerate(event.payload.requests):
            if asked.ended_ns and asked.answered != "shared":
                method, _, path = asked.path.partition(" ")
                yield SpanOf(
                    id=f"request/{event.seq}/{at}", parent=ROOT, name=f"{method} {asked.source}",
                    start_ns=asked.ended_ns - int(asked.seconds * NS_PER_S), end_ns=asked.ended_ns, client=True,
                    attributes={
                        "http.request.method": method, "url.path": path, "http.response.status_code": asked.status,
                        "http.response.body.size": asked.size, "compass.source": asked.source,
                    },
                    error=_request_error(asked),
                )  # fmt: skip


def _request_error(asked: Asked) -> str:
    if asked.answered != "not":
        return ""
    return str(asked.status) if asked.status else "no_answer"


def _calls(events: tuple[c.Event, ...]) -> Iterable[SpanOf]:
    for event in events:
        if isinstance(event.payload, told.ModelAsked) and not event.payload.call.reused:
            call, at = event.payload.call, from_datetime(event.occurred_at)
            yield SpanOf(
                id=f"model/{event.seq}", parent=ROOT, name=f"chat {call.model}",
                start_ns=at - int(call.elapsed_ms * NS_PER_MS), end_ns=at, client=True, attributes=_call_span(call),
                error=call.failure.value if call.failure else "",
            )  # fmt: skip


def _call_attributes(call: ModelCall) -> dict[str, str | int | float | bool]:
    """What spans and metrics of a call share: of few values each, as metrics need it."""
    shared: dict[str, str | int | float | bool] = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": call.provider, "gen_ai.request.model": call.model,
        "compass.task": call.task.value, "compass.role": call.role.value,
    }  # fmt: skip
    return shared | ({"error.type": call.failure.value} if call.failure else {})


def _call_span(call: ModelCall) -> Attributes:
    own: dict[str, str | int | float | bool] = {
        "gen_ai.usage.input_tokens": call.usage.input, "gen_ai.usage.output_tokens": call.usage.output,
        "gen_ai.usage.cache_read.input_tokens": call.usage.cached, "compass.tries": call.tries,
    }  # fmt: skip
    if call.agent:
        own["gen_ai.agent.name"] = call.agent
    if call.cost_usd is not None:
        own["compass.cost.usd"] = call.cost_usd
    return _call_attributes(call) | own


def _of_step(payload: c.StepFinished | c.AgentFailed) -> list[Measured]:
    attributes: dict[str, str | int | float | bool] = {"gen_ai.agent.name": payload.agent}
    if isinstance(payload, c.AgentFailed):
        return [_count("compass.agent.failures", "{failure}", 1, attributes)]
    return [_spread("compass.step.duration", "s", payload.elapsed_ms / 1000, attributes)]


def _of_request(asked: Asked) -> list[Measured]:
    if asked.answered == "shared":
        return []
    attributes: dict[str, str | int | float | bool] = {"compass.source": asked.source}
    if asked.status:
        attributes["http.response.status_code"] = asked.status
    error = _request_error(asked)
    if error:
        attributes["error.type"] = error
    return [
        _spread("http.client.request.duration", "s", asked.seconds, attributes),
        _spread("http.client.response.body.size", "By", asked.size, attributes),
    ]


def _of_call(call: ModelCall) -> list[Measured]:
    shared = _call_attributes(call)
    found = [_spread("gen_ai.client.operation.duration", "s", call.elapsed_ms / 1000, shared)]
    for kind, tokens in (("input", call.usage.input), ("output", call.usage.output)):
        found.append(_spread("gen_ai.client.token.usage", "{token}", tokens, shared | {"gen_ai.token.type": kind}))
    if call.cost_usd:
        found.append(_count("compass.model.cost", "USD", call.cost_usd, shared))
    return found


def _spread(instrument: str, unit: str, value: float, attributes: Attributes) -> Measured:
    return Measured(instrument=instrument, kind="histogram", unit=unit, value=value, attributes=attributes)


def _count(instrument: str, unit: str, value: float, attributes: Attributes) -> Measured:
    return Measured(instrument=instrument, kind="counter", unit=unit, value=value, attributes=attributes)
