"""What a specialist does next: a pure function of the board."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from compass.agents.base import MIN_BELIEF, Charter, CharteredSpecialist
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.investigation.shared import SingleFlight
from compass.ports.clock import Deadline
from compass.ports.specialist import Budget, Look, Step, StepResult, Stop
from compass.ports.telemetry import Telemetry
from tests.support.boards import ORDERS, WEB, attempt, believed, board, mechanism, plan, seen, theory
from tests.support.crew import NoTelemetry

POOL, SLOW = theory("pool", ORDERS, "H1"), theory("slow", WEB, "H2")
PLENTY = Budget(work=50)


@dataclass(frozen=True)
class Asking:
    """A screen that finds one thing."""

    id: str = "look"
    text: str = "looking at everything"
    cost: float = 2.0

    async def run(self, look: Look) -> StepResult:
        return StepResult(observations=(seen("latency.up", ORDERS),), found="slow")


@dataclass(frozen=True)
class Strategy:
    """A way to refute with one plan, deep or not."""

    id: str
    deep: bool = False

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        return (replace(plan(hypothesis, self.id), deep=self.deep),)

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        new = seen("errors.up", ORDERS)
        return DisproofAttempt(
            plan=plan.id, hypothesis=plan.hypothesis, strategy=self.id, outcome=Outcome.SURVIVED, found="held",
            observations=(new,),
        )  # fmt: skip


def specialist(name: str = "database", *strategies: Strategy, refuters: tuple[str, ...] = ()) -> CharteredSpecialist:
    known = strategies or (Strategy("scope"), Strategy("time_order"), Strategy("thorough", deep=True))
    mechanisms = {
        "pool": mechanism("pool", owner="database", refuters=refuters), "slow": mechanism("slow", owner="tracing"),
    }  # fmt: skip
    return CharteredSpecialist(
        charter=Charter(name=name, duty="test", screens=(Asking(),)), mechanisms=mechanisms,
        strategies={s.id: s for s in known},
    )  # fmt: skip


def disproving(beliefs: dict[Hypothesis, float], **parts: object) -> Board:
    return believed(beliefs, phase="disprove", **parts)


def chosen(held: Board, who: CharteredSpecialist | None = None, budget: Budget = PLENTY) -> set[str]:
    decision = (who or specialist()).decide(held, budget)
    return {step.id for step in decision} if isinstance(decision, tuple) else set()


def test_the_first_phase_asks_its_screens_whatever_the_budget() -> None:
    steps = specialist().decide(board(), Budget(work=0))
    assert steps == (Step(id="look", text="looking at everything", cost=2.0),)
    bare = replace(specialist(), charter=Charter(name="x", duty="", screens=()))
    assert bare.decide(board(), PLENTY) == Stop(reason="nothing to screen")


def test_afterwards_it_tries_to_refute_the_theories_of_its_own() -> None:
    held = disproving({POOL: 0.4, SLOW: 0.4})
    assert chosen(held) == {plan(POOL, "scope").id, plan(POOL, "time_order").id}
    assert chosen(held, specialist("tracing")) == {plan(SLOW, "scope").id, plan(SLOW, "time_order").id}
    assert specialist("network").decide(held, PLENTY) == Stop(reason="no informative plan left")


def test_what_was_tried_is_not_tried_again() -> None:
    tried = attempt(POOL, Outcome.SURVIVED, "scope")
    assert chosen(disproving({POOL: 0.4}, attempts={tried.plan: tried})) == {plan(POOL, "time_order").id}


def test_a_mechanism_may_name_its_refuters() -> None:
    who = specialist("database", Strategy("scope"), Strategy("time_order"), refuters=("time_order", "unheard_of"))
    assert chosen(disproving({POOL: 0.4}), who) == {plan(POOL, "time_order").id}


def test_nothing_is_spent_on_what_is_cut_or_hopeless() -> None:
    decisive = attempt(POOL, Outcome.REFUTED, "threshold", decisive=True)
    assert chosen(disproving({POOL: 0.4}, attempts={decisive.plan: decisive})) == set()
    assert chosen(disproving({POOL: MIN_BELIEF / 10, SLOW: 0.9})) == set()
    assert chosen(disproving({POOL: MIN_BELIEF / 10})) != set(), "among stated theories it is the only one"


def test_deep_plans_run_only_for_the_theory_a_person_asked_about() -> None:
    other = theory("pool", WEB, "H3")
    held = believed({POOL: 0.4, other: 0.3}, phase="deepen", requests=(("test", POOL.id),))
    assert chosen(held) == {plan(POOL, s).id for s in ("scope", "time_order", "thorough")}
    cut = attempt(POOL, Outcome.REFUTED, "threshold", decisive=True)
    assert plan(POOL, "thorough").id in chosen(replace(held, attempts={cut.plan: cut})), "asked is asked"


def test_a_budget_too_small_for_any_plan_is_said() -> None:
    held = disproving({POOL: 0.4})
    assert specialist().decide(held, Budget(work=0.5)) == Stop(reason="work budget reached")
    assert len(chosen(held, budget=Budget(work=1))) == 1


def test_a_plan_says_in_words_what_it_tries() -> None:
    decision = specialist("database", Strategy("time_order")).decide(disproving({POOL: 0.4}), PLENTY)
    assert isinstance(decision, tuple)
    assert [step.text for step in decision] == ["trying to refute H1 by time order"]


async def test_performing_a_step_runs_the_screen_or_the_plan() -> None:
    who = specialist()
    look = Look(board=board(), telemetry=NoTelemetry(), shared=SingleFlight())
    screened = await who.perform(Step(id="look", text=""), look)
    assert screened.found == "slow"
    tried = await who.perform(Step(id="p", text="", cost=1.5, plan=plan(POOL, "scope")), look)
    assert tried.attempt is not None
    assert (tried.attempt.outcome, tried.work, tried.found) == (Outcome.SURVIVED, 1.5, "held")
    assert [o.sign for o in tried.observations] == ["errors.up"]


@pytest.mark.parametrize("phase", ["screen", "disprove", "deepen"])
def test_deciding_is_pure(phase: str) -> None:
    held = believed({POOL: 0.4, SLOW: 0.2}, phase=phase, requests=(("test", POOL.id),))
    assert specialist().decide(held, PLENTY) == specialist().decide(held, PLENTY)
