"""Time order: a cause does not begin surely after its effect, nor a trigger after what it set off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.analysis.evidence import SYMPTOMS
from compass.analysis.graph import ServiceGraph
from compass.analysis.onset import CLEAR as CLEAR_SPLIT
from compass.analysis.onset import SPLIT_SCAN
from compass.disproof._common import (
    clock,
    expect,
    graph_of,
    make_attempt,
    make_plan,
    moment,
    no_data,
    opened,
    paged,
    seen_at,
    signs_of,
    suggesting,
    suspects,
    theory,
)
from compass.disproof._measure import KINDS, Ask, Judged, Measured, measure, new_observation
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.hypothesis import Hypothesis
from compass.domain.incident import Change
from compass.domain.mechanism import Mechanism
from compass.domain.observation import CLEAR, Observation, Quality
from compass.domain.sign import OWN_ONLY, REQUESTS
from compass.domain.time import NS_PER_S, Instant
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry

LOOK_AROUND_NS = 6 * 3600 * NS_PER_S
"""Changes further from the onset than this get no plan of their own: there would be no end of them."""


@dataclass(frozen=True, slots=True)
class TimeOrder:
    """Compares intervals: only what is surely later is refuted."""

    id: str = "time_order"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """One on the theory's own signs, and one for each change near the onset that could be its trigger.

        Signs that are symptoms of the paged place itself have no plan: they are the effect that a cause is compared
        with.
        """
        if not opened(board):
            return ()
        graph = graph_of(board)
        plans = [self._trigger(hypothesis, mechanism, change, board) for change in _near(hypothesis, board, graph)]
        service = paged(board, graph)
        signs = signs_of(hypothesis, mechanism, board)
        own_symptom = service is not None and graph.owner(service) == graph.owner(hypothesis.entity)
        causes = tuple(s for s in signs if not own_symptom or not _is_symptom(s))
        if causes:
            effect, by = _effect(board, graph, hypothesis)
            plans.insert(0, make_plan(
                self.id, hypothesis, mechanism,
                PlanArguments(entity=hypothesis.entity, signs=causes, peers=(service,) if service else (),
                              observations=tuple(sorted(hypothesis.suggested_by))),
                expect(hypothesis, mechanism, f"{causes[0]} there begins no later than {_named(by, board)} "
                                              f"({moment(effect)})"),
                cost=1.0, power=0.25,
            ))  # fmt: skip
        return tuple(plans)

    def _trigger(self, hypothesis: Hypothesis, mechanism: Mechanism, change: Change, board: Board) -> DisproofPlan:
        effect, by = _effect(board, graph_of(board))
        arguments = PlanArguments(entity=hypothesis.entity, change=change.id)
        return make_plan(
            self.id, hypothesis, mechanism, arguments,
            f"If {change.kind} {change.id} ({clock(change.at.ns)}) set it off, it came no later than "
            f"{_named(by, board)} ({moment(effect)}).",
            cost=0.1, power=0.3,
        )  # fmt: skip

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        """Whether the sign (or the plan's change) begins no later than the symptom; their uncertainties may overlap.

        The sign's time comes from what raised the theory, else it is measured, once. Refuted: surely later, and the
        time between was watched; ambiguous: later within the uncertainty, or with a doubt. NO_DATA: nothing is dated.
        """
        if not opened(board):
            return no_data(plan, "there is no onset to compare with")
        if plan.arguments.change is not None:
            return _run_trigger(plan, board)
        hypothesis = board.hypotheses.get(plan.hypothesis)
        graph = graph_of(board)
        effect, by = _effect(board, graph, hypothesis)
        if effect.latest_ns >= board.during.end_ns:
            return no_data(plan, f"the symptom's beginning is known to {moment(effect)} only: nothing could be late")
        ask = Ask(board=board, graph=graph, telemetry=telemetry, deadline=deadline)
        seen = () if hypothesis is None else suggesting(hypothesis, board)
        dated = [o for o in seen if o.since is not None and o.sign in plan.arguments.signs]
        if dated:
            first = min(dated, key=lambda o: (o.since or effect, o.id))
            cause = first.since or effect
            doubt = _doubtful(board, by) or await _unwatched(ask, plan, first, effect)
            return _compare(
                plan, cause, first.quality, first.text, effect, _named(by, board), (first.id, *by), (), doubt
            )
        measured = await measure(ask, plan.arguments.entity, plan.arguments.signs)
        worst = measured.worst
        began = measured.instant(worst) if worst is not None and measured.anomalous else None
        if worst is None or began is None:
            why = measured.problem or "no measured sign of it left its normal range, so nothing has a beginning"
            return no_data(plan, f"{plan.arguments.entity}: {why}")
        new = (new_observation(self.id, measured, worst),)
        doubt = _doubtful(board, by) or _no_sample_between(measured, worst, effect, began)
        return _compare(plan, began, measured.quality, new[0].text, effect, _named(by, board), by, new, doubt)


def _doubtful(board: Board, by: tuple[str, ...]) -> str:
    """Why the effect's time is too uncertain to be late for: an onset taken from a faint step in many curves."""
    onset = board.onset
    if by or onset is None or onset.method != SPLIT_SCAN or onset.strength >= CLEAR_SPLIT:
        return ""
    return "but no symptom is dated, and the onset is a guess from a faint step"


async def _unwatched(ask: Ask, plan: DisproofPlan, first: Observation, effect: Instant) -> str:
    """Why the first sign's time says little: what was not recorded just before it may have begun there."""
    if first.coverage.complete or first.since is None:
        return ""
    if first.sign not in KINDS:
        return "but not all was recorded before it: the first seen need not be the first"
    measured = await measure(ask, plan.arguments.entity, (first.sign,))
    own = next((j for j in measured.judged if first.series.endswith(measured.table.rows[j.row].key)), measured.worst)
    return _no_sample_between(measured, own, effect, first.since)


def _no_sample_between(measured: Measured, judged: Judged | None, effect: Instant, began: Instant) -> str:
    """A cause is late only if it was seen after the effect had begun, and was still normal then."""
    if judged is not None:
        times = measured.table.times_ns
        inside = (times > effect.latest_ns) & (times <= began.earliest_ns)
        if np.isfinite(measured.table.values[judged.row][inside]).any():
            return ""
    return "but it was not recorded between the two"


def _compare(
    plan: DisproofPlan, cause: Instant, quality: Quality, text: str, effect: Instant, name: str,
    observed: tuple[str, ...], new: tuple[Observation, ...], doubt: str,
) -> DisproofAttempt:  # fmt: skip
    """`doubt` says why even a sure order of the two times refutes nothing; empty: it does."""
    gap = (cause.ns - effect.ns) / NS_PER_S
    when = f"its first sign at {moment(cause)}, {name} at {moment(effect)}"
    if effect.surely_before(cause) and doubt:
        outcome, found = Outcome.AMBIGUOUS, f"{text}; {when}: {gap:.0f} s later, {doubt}"
    elif effect.surely_before(cause):
        outcome, found = Outcome.REFUTED, f"{text}; {when}: {gap:.0f} s too late"
    elif cause.ns > effect.latest_ns:
        outcome, found = Outcome.AMBIGUOUS, f"{text}; {when}: later, but within the uncertainty of both"
    else:
        outcome, found = Outcome.SURVIVED, f"{text}; {when}: not later"
    # What begins after the trouble is more likely a part of it: its signs then count in part.
    return make_attempt(plan, outcome, found, observed=observed, new=new, quality=quality, explained=True)


def _run_trigger(plan: DisproofPlan, board: Board) -> DisproofAttempt:
    change = next((c for c in board.changes if c.id == plan.arguments.change), None)
    if change is None:
        return no_data(plan, f"change {plan.arguments.change} is not on the board")
    effect, by, name = _earliest_effect(plan, board)
    gap = (change.at.ns - effect.ns) / NS_PER_S
    when = f"{change.kind} {change.id} at {moment(change.at)}, {name} at {moment(effect)}"
    if effect.surely_before(change.at):
        found = f"it came {gap:.0f} s after {name} ({when})"
        return make_attempt(plan, Outcome.REFUTED, found, observed=by)
    if change.at.surely_before(effect):
        return make_attempt(plan, Outcome.SURVIVED, f"{when}: {-gap:.0f} s before", observed=by)
    return make_attempt(plan, Outcome.AMBIGUOUS, f"{when}: the order is within the uncertainty", observed=by)


def _earliest_effect(plan: DisproofPlan, board: Board) -> tuple[Instant, tuple[str, ...], str]:
    """What a trigger has to come before: the symptom, or the theory's own first sign when that is known to be earlier.

    A deploy between the first exhausted pool and the page cannot have exhausted the pool.
    """
    effect, by = _effect(board, graph_of(board))
    hypothesis = board.hypotheses.get(plan.hypothesis)
    seen = () if hypothesis is None else suggesting(hypothesis, board)
    assert board.onset is not None  # callers checked `opened`
    # Only what is known more exactly than the onset itself can sharpen it.
    doubt = board.onset.instant.uncertainty_ns
    own = [
        (o.since, o.id) for o in seen
        if o.since is not None and o.since.uncertainty_ns < doubt and o.quality is Quality.DIRECT and _measured(o)
    ]  # fmt: skip
    if hypothesis is None or not own:
        return effect, by, _named(by, board)
    first, source = min(own, key=lambda item: (item[0].latest_ns, item[1]))
    if first.latest_ns >= effect.latest_ns:
        return effect, by, _named(by, board)
    return first, (source,), f"the first sign of {theory(hypothesis.mechanism, hypothesis.entity)}"


def _named(by: tuple[str, ...], board: Board) -> str:
    """What an effect's time is the time of: an incident has one onset, everything else is called what it is."""
    return f"the symptom at {board.observations[by[0]].entity}" if by else "the onset of the incident"


def _measured(o: Observation) -> bool:
    """Whether it says when something began to hurt, and not when something was done."""
    return not o.sign.startswith((*OWN_ONLY, "log.novel", "log.gone"))


def _effect(board: Board, graph: ServiceGraph, hypothesis: Hypothesis | None = None) -> tuple[Instant, tuple[str, ...]]:
    """When the symptom began: the estimated onset, or the clear symptom of the paged service when that is later.

    Where the page names no service, the onset is that of whatever moved first, anywhere: then the latest clear symptom
    that `hypothesis` could explain counts, at its own place (beside what raised it) or at those who depend on it.
    """
    assert board.onset is not None  # callers checked `opened`
    service = paged(board, graph)
    if service is not None:
        seen = seen_at(board, graph, service).anomalies
    elif hypothesis is not None:
        place = graph.owner(hypothesis.entity)
        explained = {place, *graph.upstream(place)}
        seen = tuple(
            o for o in board.anomalies()
            if o.sign in SYMPTOMS and o.id not in hypothesis.suggested_by and graph.owner(o.entity) in explained
        )  # fmt: skip
    else:
        seen = ()
    dated = [o for o in seen if o.quality in (Quality.DIRECT, Quality.CORROBORATED)]
    best, by = board.onset.instant, ""
    for item in sorted(dated, key=lambda o: o.id):
        # The later of the candidates refutes less: an early blip at the service must not clear a true cause.
        if item.since is not None and item.since.latest_ns > best.latest_ns and item.strength >= CLEAR:
            best, by = item.since, item.id
    return best, (by,) if by else ()


def _near(hypothesis: Hypothesis, board: Board, graph: ServiceGraph) -> list[Change]:
    """Changes that could be taken for the trigger: related to the entity, nearest to the onset first."""
    assert board.onset is not None
    onset = board.onset.instant.ns
    near = [c for c in board.changes if abs(c.at.ns - onset) <= LOOK_AROUND_NS]
    near.sort(key=lambda c: (abs(c.at.ns - onset), c.id))
    return suspects(near, hypothesis, board, graph)


def _is_symptom(sign: str) -> bool:
    return sign in REQUESTS or sign == "log.errors_up"
