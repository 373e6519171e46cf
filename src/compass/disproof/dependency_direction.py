"""Dependency direction: is something it calls worse, earlier, and the reason? Then it does not begin here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compass.analysis.accounts import TRAVELS
from compass.analysis.anomaly import ANOMALY_SCORE, NORMAL_SCORE
from compass.analysis.units import to_base
from compass.disproof._common import (
    CLEARLY_MORE,
    expect,
    graph_of,
    make_attempt,
    make_plan,
    names,
    no_data,
    opened,
    raised_by,
)
from compass.disproof._measure import SYMPTOM_SIGNS, Ask, Judged, Measured, measure_all, new_observation
from compass.disproof._room import SPREADS
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation, Quality
from compass.domain.sign import OWN_ONLY
from compass.domain.telemetry import SignalKind
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry

MOST = 0.5
"""A callee explains the entity when it accounts for at least this share of the added time or errors."""
LITTLE = 0.2
MOST_NAMED = 9.99  # no share is written as more than 999 %
MAX_CALLEES = 40
SIGNS = (*SYMPTOM_SIGNS, "db.latency_up")
_ADDS = (SignalKind.LATENCY, SignalKind.DB_LATENCY, SignalKind.ERRORS)
_LATENCIES = (SignalKind.LATENCY, SignalKind.DB_LATENCY)


@dataclass(frozen=True, slots=True)
class DependencyDirection:
    """Measures the entity and its direct callees alike and compares what they added since the onset."""

    id: str = "dependency_direction"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """One on the first MAX_CALLEES direct callees of its place; none where it calls nothing."""
        graph = graph_of(board)
        callees = graph.callees(graph.owner(hypothesis.entity))[:MAX_CALLEES]
        if not callees or not opened(board):
            return ()
        arguments = PlanArguments(entity=hypothesis.entity, peers=callees, signs=SIGNS)
        return (make_plan(
            self.id, hypothesis, mechanism, arguments,
            expect(hypothesis, mechanism, f"it begins there: what it calls ({names(callees)}) does not account for "
                                          "most of the time or errors it added"),
            cost=1.0, power=0.45,
        ),)  # fmt: skip

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        """Refuted when a callee surely added MOST of what is worst here, and what raised the theory travels from
        callees to callers (or it added nearly all). Survived when all callees are normal, when what each of them added
        is LITTLE, or when the worst of them began surely later.

        Ambiguous between the two, and when that callee gets more calls than before. NO_DATA when no callee could be
        measured, or only some, while the place itself shows nothing.
        """
        if not opened(board) or not plan.arguments.peers:
            return no_data(plan, "there is no onset or nothing it calls to compare with")
        graph = graph_of(board)
        ask = Ask(board=board, graph=graph, telemetry=telemetry, deadline=deadline)
        place = graph.owner(plan.arguments.entity)
        peers = tuple(peer for peer in plan.arguments.peers if graph.owner(peer) != place)
        measured = await measure_all(ask, (place, *peers), SIGNS)
        known = [measured[peer] for peer in peers if measured[peer].judged]
        if not known:
            reason = next((measured[peer].problem for peer in peers), "") or "too few samples to compare"
            return no_data(plan, f"nothing that {place} calls could be measured: {reason}")
        return self._decide(plan, board, measured[place], known, len(peers))

    def _decide(
        self, plan: DisproofPlan, board: Board, own: Measured, callees: Sequence[Measured], asked: int
    ) -> DisproofAttempt:
        new = _facts(self.id, (own, *callees))
        abnormal = [m for m in callees if m.anomalous]
        if not abnormal:
            if len(callees) < asked or not all(m.normal for m in callees):
                found = f"{len(callees)} of {asked} callees of {own.entity} were measured, none clearly abnormal"
                outcome = Outcome.AMBIGUOUS if own.anomalous else Outcome.NO_DATA
                return make_attempt(plan, outcome, found, new=new)
            top = max(m.worst.score for m in callees if m.worst is not None)
            found = f"all {asked} callees of {own.entity} are normal (highest score {top:.1f})"
            return make_attempt(plan, Outcome.SURVIVED, found, new=new)
        shares = {m.entity: _share(own, m) for m in abnormal}
        worst = max(abnormal, key=lambda m: (shares[m.entity] if math.isfinite(shares[m.entity]) else -1.0,
                                             m.worst.score if m.worst else 0.0, m.entity.key))  # fmt: skip
        return self._blame(plan, board, own, worst, shares, new)

    def _blame(
        self, plan: DisproofPlan, board: Board, own: Measured, worst: Measured, shares: Mapping[EntityRef, float],
        new: Sequence[Observation],
    ) -> DisproofAttempt:  # fmt: skip
        share = shares[worst.entity]
        text = new_observation(self.id, worst, worst.worst).text if worst.worst is not None else ""
        added = f"{text}, {share:.0%} of what {own.entity} added" if math.isfinite(share) else text
        quality = Quality.DIRECT if math.isfinite(share) else Quality.INDIRECT
        if share < LITTLE and all(s < LITTLE for s in shares.values()):  # NaN (not comparable) is not little
            found = f"{added}: too little to be the reason"
            return make_attempt(plan, Outcome.SURVIVED, found, new=new, quality=quality)
        if _later(own, worst):
            return make_attempt(plan, Outcome.SURVIVED, f"{added}, but it began surely later", new=new, quality=quality)
        if _flooded(board, worst.entity):
            found = f"{added}, but it gets more calls than before: it may be the effect"
            return make_attempt(plan, Outcome.AMBIGUOUS, found, new=new, quality=quality)
        least = _least(own, worst)
        if math.isfinite(least) and least >= MOST and own.anomalous:
            beside = _beside(plan, board)
            if not beside or least >= 1.0 - LITTLE:
                found = f"{added}: it begins further down"
                return make_attempt(plan, Outcome.REFUTED, found, new=new, quality=quality)
            found = f"{added}, which does not explain what else was seen there: {beside}"
            return make_attempt(plan, Outcome.AMBIGUOUS, found, new=new, quality=quality)
        found = f"{added}: it may explain part of {own.entity}"
        return make_attempt(plan, Outcome.AMBIGUOUS, found, new=new, quality=quality)


def _share(own: Measured, callee: Measured) -> float:
    """The part of the entity's added time (or errors) that the callee added too; NaN where units do not compare."""
    shares = [s for j in own.judged if j.up and j.score >= NORMAL_SCORE for s in _shares(own, j, callee, 0.0)]
    return min(max(shares), MOST_NAMED) if shares else math.nan


def _least(own: Measured, callee: Measured) -> float:
    """The least part that it surely added, of what the entity shows most clearly: less what the ordinary spread of
    both could make of it. NaN where units do not compare."""
    of_each = (_shares(own, j, callee, SPREADS) for j in own.judged if j.up and j.score >= ANOMALY_SCORE)
    return next((max(shares) for shares in of_each if shares), math.nan)


def _shares(own: Measured, mine: Judged, callee: Measured, spreads: float) -> list[float]:
    """The callee's increases of the same measure, each as a part of the entity's."""
    added, found = _added(own, mine, spreads), []
    for theirs in (j for j in callee.judged if j.up):
        below = _added(callee, theirs, -spreads)
        if added is not None and below is not None and added[0] == below[0] and added[1] > 0:
            found.append(max(0.0, below[1]) / added[1])
    return found


def _beside(plan: DisproofPlan, board: Board) -> str:
    """What raised the theory and does not travel from a callee to its caller, as waiting and failing do."""
    seen = raised_by(plan, board)
    own = [o.text for o in seen if o.sign not in TRAVELS and not o.sign.startswith(OWN_ONLY)]
    return own[0] if own else ""


def _added(measured: Measured, judged: Judged, spreads: float) -> tuple[tuple[str, str, float], float] | None:
    """What may be compared (dimension, quantile) and the increase in base units, and so many spreads more."""
    signal = measured.table.rows[judged.row].signal
    if signal.kind not in _ADDS:
        return None
    dimension, factor = to_base(signal.unit)
    group = "time" if signal.kind in _LATENCIES else "errors"
    return (group, dimension, signal.quantile or 0.0), (judged.value - judged.centre + spreads * judged.scale) * factor


def _later(own: Measured, callee: Measured) -> bool:
    if own.worst is None or callee.worst is None:
        return False
    mine, theirs = own.instant(own.worst), callee.instant(callee.worst)
    return mine is not None and theirs is not None and mine.surely_before(theirs)


def _flooded(board: Board, callee: EntityRef) -> bool:
    """Whether the board knows of clearly more calls into the callee."""
    floods = ("traffic.up", "db.traffic_up", "trace.fanout_up", "retries.up")
    return any(
        o.sign in floods and callee in (o.entity, o.peer) and o.strength >= CLEARLY_MORE for o in board.anomalies()
    )


def _facts(strategy: str, measured: Sequence[Measured]) -> tuple[Observation, ...]:
    return tuple(new_observation(strategy, m, m.worst) for m in measured if m.worst is not None)
