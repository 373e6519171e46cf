"""Where requests lose time: own work, the way between services, one callee, one statement."""

from __future__ import annotations

import numpy as np

from compass.agents.screens.traces import TraceScreen, TraceStudy, anomaly, compared, normal, visits
from compass.analysis.attribution import self_time, slow_statements
from compass.analysis.critical_path import PathFinding, slow_paths
from compass.analysis.dependencies import callee_of, known_names
from compass.analysis.gaps import GapFinding, gaps
from compass.analysis.retransmission import retransmission
from compass.analysis.splits import Split
from compass.analysis.wording import factor, quantity
from compass.domain.observation import Observation, Quantity
from compass.redaction import bound, redact

CLEAR_GAP = 0.3
CLEAR_SLOW = 0.3
CLEAR_PATH = 1.0
_SLOW_METHOD = "share of visits beyond the 90th percentile × log excess"
_HALF_GAP, _HALF_SLOW, _HALF_PATH = 0.9, 0.8, 2.0


def _ms(value: float) -> str:
    return quantity(value, "ms")


def judge_gaps(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.gap_up: time between the caller's span and the callee's; trace.retransmit where losses explain it."""
    index, found = study.index, []
    for gap, split in study.best(gaps, lambda f: f.service, lambda f: f.score):
        entity, peer = index.service_of(gap.service), index.service_of(gap.peer)
        samples = (gap.calls, gap.calls_before)
        if gap.score < CLEAR_GAP:
            text = f"time on the way to and from {entity} is as before ({gap.calls} calls)"
            found += normal(study, agent, "trace.gap_up", entity, text, samples)
            continue
        text = (
            f"{gap.elevated} of {gap.calls} calls to or from {entity} lose {_ms(gap.now_ms)} between the caller's and "
            f"the callee's span; 90 % were below {_ms(gap.before_ms)} {compared(study, split)}; mostly with {peer}"
        )
        rows = np.flatnonzero(index.call & index.remote & _touches(study, gap))
        observation = anomaly(
            study, agent, "trace.gap_up", entity, split, text, score=gap.score, half=_HALF_GAP,
            value=Quantity(value=round(gap.now_ms, 3), unit="ms"), peer=peer,
            baseline=Quantity(value=round(gap.before_ms, 3), unit="ms"), samples=samples,
            method="share of calls elevated × log excess", curve=(study.times_ns[rows], index.own_ms[rows]),
        )  # fmt: skip
        found += [observation, *_resent(study, agent, gap, split)]
    return found


def _resent(study: TraceStudy, agent: str, gap: GapFinding, split: Split) -> list[Observation]:
    """trace.retransmit: the calls between the two ends wait as long as lost packets do."""
    index, times = study.index, study.times_ns
    caller, callee = study.answer.data.service, index.callee
    there = (caller == gap.peer) & (callee == gap.service)
    back = (caller == gap.service) & (callee == gap.peer)
    rows = np.flatnonzero(index.call & index.remote & (there | back))
    before, now = split.before(times[rows]), split.now(times[rows])
    # What answers, and for which operation: instances are told apart where spans name them.
    _, path = np.unique(
        np.column_stack([study.answer.data.instance[index.answer[rows]], index.op[rows]]), axis=0, return_inverse=True
    )
    seen = retransmission(index.own_ms[rows], times[rows], before, now, path.ravel())
    if seen is None:
        return []
    entity, peer = index.service_of(gap.service), index.service_of(gap.peer)
    text = (
        f"{seen.waiting} calls between {entity} and {peer} wait {_ms(seen.first_ms)} or longer on their way while "
        f"{seen.beside} beside them do not wait and {seen.between} wait less: as when packets are lost and sent again"
    )
    return [
        anomaly(
            study, agent, "trace.retransmit", entity, split, text, score=gap.score, half=_HALF_GAP, peer=peer,
            value=Quantity(value=round(seen.share, 4), unit="1"), baseline=Quantity(value=0.0, unit="1"),
            samples=(int(now.sum()), int(before.sum())), method="waits of a retransmission time-out or longer",
        )
    ]  # fmt: skip


def _touches(study: TraceStudy, gap: GapFinding) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray((study.answer.data.service == gap.service) | (study.index.callee == gap.service))


def judge_self_time(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.self_time_up: a service's own work in its visits."""
    index, found = study.index, []
    for slow, split in study.best(self_time, lambda f: f.group, lambda f: f.score):
        entity = index.service_of(slow.group)
        samples = (slow.spans, slow.spans_before)
        if slow.score < CLEAR_SLOW:
            text = f"{entity} itself works as fast as before ({visits(study, slow.spans)})"
            found += normal(study, agent, "trace.self_time_up", entity, text, samples)
            continue
        text = (
            f"{entity} itself takes {_ms(slow.now_ms)}{factor(slow.now_ms, slow.before_ms)} in {slow.elevated} of "
            f"{visits(study, slow.spans)}, waiting for others not counted; 90 % below {_ms(slow.before_ms)} "
            f"{compared(study, split)}; mostly {bound(redact(index.op_text(slow.op)), 80)}"
        )
        rows = np.flatnonzero(index.entry & (study.answer.data.service == slow.group))
        observation = anomaly(
            study, agent, "trace.self_time_up", entity, split, text, score=slow.score, half=_HALF_SLOW,
            value=Quantity(value=round(slow.now_ms, 3), unit="ms"), samples=samples,
            baseline=Quantity(value=round(slow.before_ms, 3), unit="ms"), method=_SLOW_METHOD,
            curve=(study.times_ns[rows], index.visit_own_ms[rows]),
        )  # fmt: skip
        found.append(observation)
    return found


def judge_statements(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.db_slow on the store (the service where the spans name no store); peer: the service that asks."""
    index, table, found = study.index, study.answer.data, []
    known = known_names(table.entities)
    for (slow, row), split in study.best(slow_statements, lambda f: f[0].group, lambda f: f[0].score):
        if slow.score < CLEAR_SLOW:
            continue
        service = index.service_of(int(table.service[row]))
        store = callee_of(table, row, known)
        statement = bound(redact(table.statements[int(table.statement[row])]), 120)
        text = (
            f"{service} waits {_ms(slow.now_ms)}{factor(slow.now_ms, slow.before_ms)} in {slow.elevated} of "
            f"{slow.spans} runs of one statement{f' on {store}' if store else ''}; 90 % below {_ms(slow.before_ms)} "
            f"{compared(study, split)}: {statement}"
        )
        observation = anomaly(
            study, agent, "trace.db_slow", store or service, split, text, score=slow.score, half=_HALF_SLOW,
            value=Quantity(value=round(slow.now_ms, 3), unit="ms"), samples=(slow.spans, slow.spans_before),
            baseline=Quantity(value=round(slow.before_ms, 3), unit="ms"), method=_SLOW_METHOD,
            peer=service if store else None,
        )  # fmt: skip
        found.append(observation)
    return found


def judge_paths(study: TraceStudy, agent: str) -> list[Observation]:
    """trace.callee_slow on the deepest service that holds most of the added time; peer: who waits for it."""
    index, found = study.index, []
    for path, split in study.best(slow_paths, lambda f: f.service, _path_score):
        score = _path_score(path)
        if score < CLEAR_PATH or path.caller < 0:
            continue
        entity, caller = index.service_of(path.service), index.service_of(path.caller)
        where = "on the way to it" if path.in_call else "inside it"
        text = (
            f"{path.share:.0%} of the time added to newly slow requests is spent in calls of {caller} to {entity}, "
            f"{where}: {_ms(path.added_ms)} more in {path.requests} of {path.of} slow requests than "
            f"{compared(study, split)}"
        )
        observation = anomaly(
            study, agent, "trace.callee_slow", entity, split, text, score=score, half=_HALF_PATH, peer=caller,
            value=Quantity(value=round(path.share, 4), unit="1"), baseline=Quantity(value=0.0, unit="1"),
            samples=(path.of, 0), method="share of added time × log requests beyond chance",
        )  # fmt: skip
        found.append(observation)
    return found


def _path_score(path: PathFinding) -> float:
    return path.share * float(np.log1p(path.more))


def gap_screen(agent: str) -> TraceScreen:
    """Time lost between services."""
    return TraceScreen(
        agent=agent, id="trace_gaps", text="comparing callers' spans with callees' spans", judges=(judge_gaps,),
        hides="time lost between services: network, proxies, queues before the first line of a service",
    )  # fmt: skip


def work_screen(agent: str) -> TraceScreen:
    """Time spent in a service's own work, and the deepest slow callee."""
    return TraceScreen(
        agent=agent, id="trace_work", text="finding where slow requests spend the added time",
        judges=(judge_self_time, judge_paths), hides="in which service requests spend their time",
    )  # fmt: skip


def statement_screen(agent: str) -> TraceScreen:
    """Slow statements of databases and caches."""
    return TraceScreen(
        agent=agent, id="trace_statements", text="comparing statements with their usual duration",
        judges=(judge_statements,), hides="which statement of which database is slow",
    )  # fmt: skip
