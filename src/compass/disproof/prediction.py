"""Prediction: what a proposed theory says must be seen, and its author was not shown, must be there.

For what a language model or a person proposed only. The engine's own theories are raised by everything they require,
so that their remaining signs are weighed as patterns; whoever proposes one has read the board and states what fits it,
so that only what could not be read there tests it.
"""

from __future__ import annotations

from dataclasses import dataclass

from compass.disproof._common import expect, graph_of, make_attempt, make_plan, no_data, opened, seen_at
from compass.disproof._measure import KINDS, Ask, Measured, measure, new_observation
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism, Relation
from compass.domain.observation import Observation
from compass.domain.proposed import is_proposal, made_of, signs_read
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry

MOST_SIGNS = 3


@dataclass(frozen=True, slots=True)
class Prediction:
    """Signs at the entity itself, required ones first, that the theory was not made from."""

    id: str = "prediction"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """One on at most MOST_SIGNS signs at its own entity. None for the engine's own theories, and none where its
        author was shown all that it predicts or nothing could measure it."""
        if not is_proposal(hypothesis) or not opened(board):
            return ()
        signs = _unseen(hypothesis, mechanism, board)[:MOST_SIGNS]
        if not signs:
            return ()
        arguments = PlanArguments(entity=hypothesis.entity, signs=signs)
        return (make_plan(
            self.id, hypothesis, mechanism, arguments,
            expect(hypothesis, mechanism, f"{' and '.join(signs)} of {hypothesis.entity}, which it was not made from, "
                                          "left their usual range"),
            cost=1.0, power=0.5,
        ),)  # fmt: skip

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        """Survived when all that could be measured of it is abnormal, refuted when none of it is and coverage is
        complete, ambiguous between the two. Never decisive: that a sign must be seen is its author's word.
        NO_DATA when nothing measures any of it."""
        entity = plan.arguments.entity
        if not opened(board) or not plan.arguments.signs:
            return no_data(plan, "there is no onset or nothing predicted to look at")
        ask = Ask(board=board, graph=graph_of(board), telemetry=telemetry, deadline=deadline)
        measured = [await measure(ask, entity, (sign,)) for sign in plan.arguments.signs]
        known = [m for m in measured if m.judged]
        if not known:
            reason = next((m.problem for m in measured if m.problem), "") or "too few samples to compare"
            return no_data(plan, f"{entity}: {' and '.join(plan.arguments.signs)} could not be measured: {reason}")
        new = tuple(_fact(self.id, m) for m in known)
        text = "; ".join(dict.fromkeys(o.text for o in new))
        quality = max((m.quality for m in known), key=list(type(known[0].quality)).index)
        abnormal, normal = sum(m.anomalous for m in known), sum(m.normal for m in known)
        if abnormal == len(known):
            outcome, found = Outcome.SURVIVED, f"as predicted, and it was not made from that: {text}"
        elif normal == len(known):
            outcome, found = Outcome.REFUTED, f"predicted to be abnormal, and it is normal: {text}"
        else:
            outcome, found = Outcome.AMBIGUOUS, f"{abnormal} of {len(known)} predicted signs are abnormal: {text}"
        return make_attempt(plan, outcome, found, new=new, quality=quality)


def _fact(strategy: str, measured: Measured) -> Observation:
    assert measured.worst is not None  # callers kept what was judged
    return new_observation(strategy, measured, measured.worst)


def _unseen(hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[str, ...]:
    """One sign a pattern: its author was shown none of the alternatives, and the first that can be measured is asked.

    What the board holds and its author was not shown is as good as unknown: it is measured again.
    """
    graph = graph_of(board)
    made_from, read = made_of(hypothesis, board), signs_read(hypothesis, board)
    found: dict[str, None] = {}
    for pattern in (*mechanism.requires, *mechanism.expects):
        if pattern.at is not Relation.SELF:
            continue
        there = seen_at(board, graph, hypothesis.entity, frozenset(pattern.signs))
        sign = next((sign for sign in pattern.signs if sign in KINDS or sign == "log.errors_up"), None)
        if (
            sign is not None
            and sign not in read
            and not any(o.id in made_from for o in (*there.anomalies, *there.normals))
        ):
            found[sign] = None
    return tuple(found)
