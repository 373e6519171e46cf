"""What every specialist is made of: screens it asks in the first round, plans it runs in the later ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compass.analysis.choose import choose
from compass.domain.board import Board
from compass.domain.disproof import DisproofPlan, Outcome
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.proposed import Standing, engine_part, is_proposal, proposals, standing_of
from compass.domain.scope import worked_on
from compass.ports.disproof import Disproof
from compass.ports.specialist import Budget, Look, Screen, Step, StepResult, Stop

MIN_BELIEF = 0.01
"""Share of the belief in all stated theories below which one is not worth a query: no outcome brings it forward."""

MOST_PREFERRED = 2
"""Plans that a model prefers and that one agent makes in one round besides the engine's own choice."""
DOUBTFUL = 0.1
"""Belief at which attempts on proposals are compared. All have the same, so it orders strategies and no theories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """What makes one specialist different: its name, its duty in one line, its screening questions; `critical` are
    asked besides where the team wrote down what it calls critical. `orients` are ids of those from which what and where
    are answered: whatever people leave out, they are asked."""

    name: str
    duty: str
    screens: tuple[Screen, ...]
    critical: tuple[Screen, ...] = ()
    orients: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class CharteredSpecialist:
    """A specialist that follows a charter. Holds no state: the board is all it knows."""

    charter: Charter
    mechanisms: Mapping[str, Mechanism]
    strategies: Mapping[str, Disproof] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.charter.name

    def decide(self, board: Board, budget: Budget) -> tuple[Step, ...] | Stop:
        """Screens in the first phase; afterwards the plans with the most expected information per cost."""
        if board.phase == "screen":
            briefed = board.team is not None and bool(board.team.critical_errors)
            screens = (*self.charter.screens, *(self.charter.critical if briefed else ()))
            of_all = self.charter.orients
            steps = tuple(Step(id=s.id, text=s.text, cost=s.cost, orients=s.id in of_all) for s in screens)
            return steps or Stop(reason="nothing to screen")
        own = engine_part(board)
        plans = self._plans(own)
        chosen = choose(plans, self._beliefs(own), budget.work)
        # What a model proposed or prefers comes besides and after what the engine chose: it displaces nothing.
        extra = (*self._preferred(board, plans, chosen), *self._of_proposals(board, budget))
        if not chosen and not extra:
            return Stop(reason="work budget reached" if plans else "no informative plan left")
        return tuple(Step(id=p.id, text=_describe(p, board), cost=p.cost, plan=p) for p in (*chosen, *extra))

    async def perform(self, step: Step, look: Look) -> StepResult:
        """Run one step; raises SourceError when the telemetry it needs fails."""
        if step.plan is None:
            screen = next(s for s in (*self.charter.screens, *self.charter.critical) if s.id == step.id)
            return await screen.run(look)
        strategy = self.strategies[step.plan.strategy]
        own = engine_part(look.board)  # an attempt on an engine's theory knows of no other
        board = own if step.plan.hypothesis in own.hypotheses else look.board
        attempt = await strategy.run(step.plan, board, look.telemetry, look.deadline)
        return StepResult(observations=attempt.observations, attempt=attempt, found=attempt.found, work=step.cost)

    def _preferred(
        self, board: Board, plans: Sequence[DisproofPlan], chosen: Sequence[DisproofPlan]
    ) -> tuple[DisproofPlan, ...]:
        """The first few registered plans that a model would make and that the engine's budget leaves out."""
        made = {plan.id for plan in chosen}
        left = {plan.id: plan for plan in plans if plan.id not in made}
        return tuple(left[key] for key in board.advice.preferred if key in left)[:MOST_PREFERRED]

    def _of_proposals(self, board: Board, budget: Budget) -> tuple[DisproofPlan, ...]:
        """Attempts on what a model proposed, all equally doubtful, within a budget of their own."""
        deepen, asked = board.phase == "deepen", frozenset(board.asked)
        plans: list[DisproofPlan] = []
        for hypothesis in proposals(board):
            mechanism = self.mechanisms.get(hypothesis.mechanism) or board.advice.stated.get(hypothesis.mechanism)
            if mechanism is None or mechanism.owner != self.name or (deepen and hypothesis.id not in asked):
                continue
            if not worked_on(hypothesis, self.name, board):
                continue
            if deepen or standing_of(hypothesis, board) is not Standing.REFUTED:
                plans.extend(p for p in self._plans_for(hypothesis, mechanism, board) if deepen or not p.deep)
        waiting = [plan for plan in plans if plan.id not in board.attempts]
        doubt = {plan.hypothesis: DOUBTFUL for plan in waiting}
        return choose(waiting, doubt, budget.work if deepen else budget.proposals)

    def _plans(self, board: Board) -> list[DisproofPlan]:
        asked, deepen = frozenset(board.asked), board.phase == "deepen"
        by_head = self._beliefs(board)
        cut = {a.hypothesis for a in board.attempts.values() if a.decisive and a.outcome is Outcome.REFUTED}
        plans: list[DisproofPlan] = []
        for hypothesis in board.hypotheses.values():
            mechanism = self.mechanisms.get(hypothesis.mechanism)
            wanted = hypothesis.id in asked
            if mechanism is None or mechanism.owner != self.name or not worked_on(hypothesis, self.name, board):
                continue
            hopeless = hypothesis.id in cut or by_head.get(hypothesis.id, 1.0) < MIN_BELIEF
            if (deepen and not wanted) or (not deepen and hopeless):
                continue
            plans.extend(p for p in self._plans_for(hypothesis, mechanism, board) if deepen or not p.deep)
        return [plan for plan in plans if plan.id not in board.attempts]

    def _beliefs(self, board: Board) -> dict[str, float]:
        """Belief in each theory as head of its account, among the stated theories that are still worked on: how they
        compare with "not on this list", and with what a person set aside, says nothing about which of them deserves
        the next query."""
        if board.posterior is None:
            return {}
        shares = board.posterior.accounts
        out = {a.id for a in board.accounts if not self._wanted(board.hypotheses.get(a.head), board)}
        total = sum(share for key, share in shares.items() if key not in out) or 1.0
        return {a.head: shares.get(a.id, 0.0) / total for a in board.accounts}

    def _wanted(self, hypothesis: Hypothesis | None, board: Board) -> bool:
        mechanism = self.mechanisms.get(hypothesis.mechanism) if hypothesis is not None else None
        return hypothesis is None or worked_on(hypothesis, mechanism.owner if mechanism else "", board)

    def _plans_for(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> list[DisproofPlan]:
        found: list[DisproofPlan] = []
        for name in refuters_of(hypothesis, mechanism, self.strategies):
            found.extend(self.strategies[name].plan(hypothesis, mechanism, board))
        return found


def refuters_of(hypothesis: Hypothesis, mechanism: Mechanism, strategies: Mapping[str, Disproof]) -> tuple[str, ...]:
    """The strategies to try on a theory. What was proposed is tested in every way there is."""
    names = () if is_proposal(hypothesis) else mechanism.refuters
    return tuple(name for name in names or strategies if name in strategies)


def _describe(plan: DisproofPlan, board: Board) -> str:
    label = board.hypotheses[plan.hypothesis].label
    return f"trying to refute {label} by {plan.strategy.replace('_', ' ')}"
