"""CHOOSE: which of the registered attempts that the engine's budget leaves out to make all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from compass.domain import advised as told
from compass.domain.advice import ChosenTests, Task
from compass.domain.board import Board
from compass.domain.disproof import DisproofPlan
from compass.domain.proposed import engine_part
from compass.investigation.advising.base import Taken
from compass.investigation.advising.words import abnormal, fact, place, said
from compass.investigation.moves import DECIDE, steps_of
from compass.investigation.settings import Crew, Limits
from compass.ports.language_model import Item, Question, Section
from compass.ports.specialist import Budget

MOST, THEORIES, SEEN = 24, 8, 8
PREFERRED = 12
"""Plans taken from one reply: what the six specialists can make besides their own in one round."""
PLANS = "registered attempts"
NO_LIMIT = 1e9


@dataclass(frozen=True, slots=True)
class Choose:
    """Asked only where plans would be left out: with enough work for all there is nothing to choose."""

    id: str = Task.CHOOSE.value
    always: bool = False
    searches: bool = True

    def questions(self, board: Board, crew: Crew) -> tuple[Question[ChosenTests], ...]:
        """One: the likeliest theories with their shares, what is abnormal, and the plans that are left out, by ids that
        the reply may name. Nothing before there is a posterior."""
        left = self._left_out(board, crew)
        if not left or board.posterior is None:
            return ()
        belief = board.posterior.accounts
        ranked = sorted(board.accounts, key=lambda a: (-belief.get(a.id, 0.0), a.id))[:THEORIES]
        heads = [(board.hypotheses[a.head], belief.get(a.id, 0.0)) for a in ranked]
        theories = tuple(
            Item(id=h.label, text=f"{h.mechanism} at {place(h.entity)}, {share:.0%}") for h, share in heads
        )
        seen = tuple(
            Item(id=board.observation_labels[o.id], text=fact(o, place(o.entity)))
            for o in abnormal(board)[:SEEN]
            if o.id in board.observation_labels
        )
        plans = tuple(Item(id=key, text=_described(plan, board)) for key, plan in left.items())
        sections = (
            Section(title="theories so far", items=theories), Section(title="observations", items=seen),
            Section(title=PLANS, items=plans, keep=4),
        )  # fmt: skip
        return (Question(task=Task.CHOOSE, reply=ChosenTests, sections=sections, phase=board.phase),)

    def take(self, board: Board, crew: Crew, question: Question[ChosenTests], value: ChosenTests, by: str) -> Taken:
        del question
        given = self._left_out(board, crew)
        wanted = tuple(dict.fromkeys(plan.strip() for plan in value.plans))
        known = tuple(given[plan].id for plan in wanted if plan in given)
        dropped = len(wanted) - len(known)
        if not known:
            return Taken(dropped=dropped)
        preferred = told.PlansPreferred(round=board.round, plans=known[:PREFERRED], by=by, because=said(value.because))
        return Taken(payloads=((f"preferred/{board.round}/{board.reopened}", preferred),), dropped=dropped)

    def _left_out(self, board: Board, crew: Crew) -> dict[str, DisproofPlan]:
        """By the short ids that they have in the prompt. What other replies of the same hearing bring changes nothing
        here: it is what the engine left out of its own."""
        left = left_out(board, crew, 0.0 if self.always else Limits().work_per_round)
        return {f"A{number}": plan for number, plan in enumerate(left[:MOST], start=1)}


def left_out(board: Board, crew: Crew, work: float) -> tuple[DisproofPlan, ...]:
    """The plans of the next round that no specialist's budget of `work` units holds, those of the likelier theories
    first."""
    own = replace(engine_part(board), phase="disprove")
    posterior = own.posterior
    belief = {a.head: posterior.accounts.get(a.id, 0.0) for a in own.accounts} if posterior is not None else {}
    able = [s for s in crew.specialists if (s.name, DECIDE) not in board.steps_done]
    found: list[DisproofPlan] = []
    for specialist in able:
        made = {plan.id for plan in _plans(specialist.decide(own, Budget(work=work)))}
        found += [p for p in _plans(specialist.decide(own, Budget(work=NO_LIMIT))) if p.id not in made]
    return tuple(sorted(found, key=lambda p: (-belief.get(p.hypothesis, 0.0), p.id)))


def _plans(decision: object) -> Iterator[DisproofPlan]:
    yield from (step.plan for step in steps_of(decision) if step.plan is not None)


def _described(plan: DisproofPlan, board: Board) -> str:
    label = board.hypotheses[plan.hypothesis].label
    return f"{label} by {plan.strategy.replace('_', ' ')}: {plan.expectation}"


ADVISER = Choose()
