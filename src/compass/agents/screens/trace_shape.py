"""Failures and changed shapes of requests."""

from __future__ import annotations

import numpy as np

from compass.agents.screens.traces import TraceScreen, TraceStudy, anomaly, compared, normal, visits
from compass.analysis.dependencies import callee_of, known_names
from compass.analysis.edge_errors import failed_calls
from compass.analysis.splits import Split
from compass.analysis.structure import CallFinding, changed_structure, fan_out, missing_calls
from compass.analysis.trace_errors import ErrorFinding, errors, retries
from compass.domain.entity import EntityRef
from compass.domain.observation import Observation, Quantity
from compass.redaction import bound, redact

CLEAR_Z = 3.0
CLEAR_CALLS = 4.0
CLEAR_PATH = 1.0
MIN_FAILURES = 3
_HALF_Z, _HALF_PATH = 6.0, 6.0


def _words(text: str, limit: int = 80) -> str:
    return bound(redact(text), limit)


def judge_errors(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.errors_up and trace.error_origin."""
    index, found = study.index, []
    failing: set[int] = set()
    for error, split in study.best(errors, lambda f: (f.service, f.origin), lambda f: f.score):
        entity = index.service_of(error.service)
        if error.score < CLEAR_Z or error.now < MIN_FAILURES:
            continue
        failing.add(error.service)
        peer = _called(study, error)
        begin = f"{error.now} of {visits(study, error.of_now)} to {entity} fail"
        where = f", and begin to fail there, nothing below fails{f' (calling {peer})' if peer else ''}"
        text = (
            f"{begin}{where if error.origin else ''}; {error.before} of {error.of_before} {compared(study, split)}; "
            f"mostly {_words(index.op_text(error.op))}{_said(study, error.example)}"
        )
        observation = anomaly(
            study, agent, "trace.error_origin" if error.origin else "trace.errors_up", entity, split, text,
            score=error.score, half=_HALF_Z, value=Quantity(value=round(error.now / error.of_now, 4)),
            baseline=Quantity(value=round(error.before / max(error.of_before, 1), 4)),
            samples=(error.of_now, error.of_before), method="two-proportion z", peer=peer,
        )  # fmt: skip
        found.append(observation)
    return found + _not_failing(study, agent, failing)


def judge_calls(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.call_failed on the callee whose callers see failures that it does not report; peer: the main caller."""
    found = []
    for call, split in study.best(failed_calls, lambda f: f.callee, lambda f: f.score):
        if call.score < CLEAR_Z or call.now < MIN_FAILURES:
            continue
        who = str(call.caller) if call.callers == 1 else f"{call.failing_callers} of {call.callers} callers"
        text = (
            f"{call.now} of {call.of_now} calls to {call.callee} fail and nothing below them does (seen by {who}); "
            f"{call.before} of {call.of_before} {compared(study, split)}; mostly "
            f"{_words(study.index.op_text(int(study.index.op[call.example])))}{_said(study, call.example)}"
        )
        observation = anomaly(
            study, agent, "trace.call_failed", call.callee, split, text, score=call.score, half=_HALF_Z,
            value=Quantity(value=round(call.now / call.of_now, 4)), peer=call.caller,
            baseline=Quantity(value=round(call.before / max(call.of_before, 1), 4)),
            samples=(call.of_now, call.of_before), method="two-proportion z",
        )  # fmt: skip
        found.append(observation)
    return found


def _called(study: TraceStudy, error: ErrorFinding) -> EntityRef | None:
    if error.callee >= 0 and error.callee != error.service:
        return study.index.service_of(error.callee)
    table = study.answer.data
    return callee_of(table, error.example, known_names(table.entities)) if study.index.leaf[error.example] else None


def _said(study: TraceStudy, row: int) -> str:
    table = study.answer.data
    said = [f"HTTP {int(table.http_status[row])}"] if table.http_status[row] >= 400 else []
    if table.error_type[row] >= 0:
        said.append(_words(table.error_types[int(table.error_type[row])], 60))
    return f" ({', '.join(said)})" if said else ""


def _not_failing(study: TraceStudy, agent: str, failing: set[int]) -> list[Observation]:
    """Services that report outcomes and do not fail more. Spans that never state a status say nothing."""
    table, index, split = study.answer.data, study.index, study.splits[0]
    states = (table.status > 0) | (table.http_status > 0)
    before, now = split.before(study.times_ns), split.now(study.times_ns)
    found = []
    for service in np.unique(table.service[states & index.entry]):
        mine = index.entry & (table.service == service)
        samples = (int((mine & now).sum()), int((mine & before).sum()))
        bad = int((mine & now & index.failing).sum())
        if int(service) not in failing and samples[0] and bad <= samples[0] * 0.01:
            text = f"{bad} of {visits(study, samples[0])} to {index.service_of(int(service))} fail, as before"
            for sign in ("trace.errors_up", "trace.error_origin"):
                found += normal(study, agent, sign, index.service_of(int(service)), text, samples)
    return found


def judge_retries(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.retry on the service that repeats; peer: whom it calls."""
    index, found = study.index, []
    for retry, split in study.best(retries, lambda f: f.op, lambda f: f.score):
        if retry.score < CLEAR_Z or retry.retries < MIN_FAILURES:
            continue
        entity = index.service_of(retry.service)
        peer = index.service_of(retry.callee) if retry.callee >= 0 else None
        text = (
            f"{entity} repeats {_words(index.op_text(retry.op))}{f' to {peer}' if peer else ''} after it failed: "
            f"{retry.retries} times in {visits(study, retry.visits)}; {retry.retries_before} in {retry.visits_before} "
            f"{compared(study, split)}"
        )
        observation = anomaly(
            study, agent, "trace.retry", entity, split, text, score=retry.score, half=_HALF_Z, peer=peer,
            value=Quantity(value=round(retry.retries / max(retry.visits, 1), 4)),
            baseline=Quantity(value=round(retry.retries_before / max(retry.visits_before, 1), 4)),
            samples=(retry.visits, retry.visits_before), method="two-proportion z",
        )  # fmt: skip
        found.append(observation)
    return found


def judge_fan_out(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.fanout_up on the service that calls more often; peer: whom."""
    found = []
    for call, split in study.best(fan_out, lambda f: (f.op, f.call), lambda f: f.score):
        if call.score >= CLEAR_CALLS:
            peer, called = _other_end(study, call), _words(study.index.op_text(call.call))
            text = (
                f"{study.index.service_of(call.service)} makes {call.now:.1f} calls of {called} "
                f"{f'to {peer} ' if peer else ''}in one {_words(study.index.op_text(call.op))}; {call.before:.1f} "
                f"{compared(study, split)}"
            )
            found.append(_of_call(study, agent, "trace.fanout_up", call, split, text, peer))
    return found


def judge_missing(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.child_missing on the service that no longer calls; peer: whom it used to call."""
    found = []
    for call, split in study.best(missing_calls, lambda f: (f.op, f.call), lambda f: f.score):
        if call.score >= CLEAR_CALLS:
            peer = _other_end(study, call)
            text = (
                f"{study.index.service_of(call.service)} calls {_words(study.index.op_text(call.call))} "
                f"{f'of {peer} ' if peer else ''}in {call.now:.0%} of {visits(study, call.visits)} of "
                f"{_words(study.index.op_text(call.op))}; in {call.before:.0%} {compared(study, split)}"
            )
            found.append(_of_call(study, agent, "trace.child_missing", call, split, text, peer))
    return found


def _other_end(study: TraceStudy, call: CallFinding) -> EntityRef | None:
    if call.callee >= 0:
        return study.index.service_of(call.callee)
    table = study.answer.data
    return callee_of(table, call.example, known_names(table.entities))


def _of_call(
    study: TraceStudy, agent: str, sign: str, call: CallFinding, split: Split, text: str, peer: EntityRef | None
) -> Observation:
    return anomaly(
        study, agent, sign, study.index.service_of(call.service), split, text, score=call.score, half=_HALF_Z,
        value=Quantity(value=round(call.now, 4)), baseline=Quantity(value=round(call.before, 4)), peer=peer,
        samples=(call.visits, call.visits_before), method="per visit, standard deviations",
    )  # fmt: skip


def judge_structure(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.structure_changed: other calls, or another order, than before."""
    index, found = study.index, []
    for (change, row), split in study.best(changed_structure, lambda f: f[0].group, lambda f: f[0].score):
        if change.score < CLEAR_PATH:
            continue
        entity = index.service_of(change.group)
        after = _words(index.op_text(int(index.op[row])))
        ends = "nothing follows" if change.follower < 0 else "another call than usual follows"
        text = (
            f"in {entity}, after {after} {ends} in {change.now} of {change.of_now} cases; in {change.before} of "
            f"{change.of_before} {compared(study, split)}"
        )
        observation = anomaly(
            study, agent, "trace.structure_changed", entity, split, text, score=change.score, half=_HALF_PATH,
            value=Quantity(value=round(change.now / max(change.of_now, 1), 4)),
            baseline=Quantity(value=round(change.before / max(change.of_before, 1), 4)),
            samples=(change.of_now, change.of_before), method="credited surprise, nats",
        )  # fmt: skip
        found.append(observation)
    return found


def error_screen(agent: str) -> TraceScreen:
    """Where failures begin, and retries."""
    return TraceScreen(
        agent=agent, id="trace_errors", text="following failures down to where they begin",
        judges=(judge_errors, judge_calls, judge_retries), hides="in which service failures begin",
    )  # fmt: skip


def shape_screen(agent: str) -> TraceScreen:
    """Changed calls: more, fewer, others."""
    return TraceScreen(
        agent=agent, id="trace_shape", text="comparing the shape of requests with before",
        judges=(judge_fan_out, judge_missing, judge_structure), hides="changed paths of requests through the system",
    )  # fmt: skip
