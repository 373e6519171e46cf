"""What comes next is a function of the board: every transition, and that the loop always comes to an end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.board import Advice, Board
from compass.domain.disproof import Outcome
from compass.domain.failure import Status
from compass.investigation.moves import (
    BUDGET_REACHED,
    DECIDE,
    Kind,
    budget_of,
    decided,
    next_move,
    pending,
    pending_words,
    work_done,
)
from compass.investigation.settings import Limits
from compass.ports.specialist import Budget, Step, Stop
from tests.support.boards import ORDERS, PASSED, WEB, attempt, believed, board, plan, posterior, theory
from tests.support.crew import Told, crew_of

POOL, SLOW = theory("pool", ORDERS, "H1"), theory("slow", WEB, "H2")
LIMITS = Limits()
BUSY = crew_of(Told("database", steps=(Step(id="more", text="more"),)))
IDLE = crew_of(Told("database"))


def test_the_way_from_nothing_to_the_first_beliefs() -> None:
    start = Board()
    assert next_move(start, BUSY, LIMITS).kind is Kind.CHECK_SOURCES
    checked = replace(board(), round=0, phase="", onset=None)
    assert next_move(checked, BUSY, LIMITS).kind is Kind.ORIENT
    oriented = replace(checked, onset=board().onset)
    first = next_move(oriented, BUSY, LIMITS)
    assert (first.kind, first.round, first.phase) == (Kind.START_ROUND, 1, "screen")
    assert next_move(board(round_open=True), BUSY, LIMITS).kind is Kind.RUN_ROUND
    assert next_move(board(), BUSY, LIMITS).kind is Kind.BELIEVE


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.RUNNING])
def test_what_has_ended_stays_ended(status: Status) -> None:
    for ended in (Board(status=status), believed({POOL: 0.5}, status=status)):
        assert next_move(ended, BUSY, LIMITS).kind is Kind.NOTHING


def test_a_stop_is_obeyed_before_anything_else() -> None:
    for held in (board(round_open=True), board(onset=None), board(), believed({POOL: 0.5})):
        move = next_move(replace(held, stop_requested=True), BUSY, LIMITS)
        assert (move.kind, move.reason) == (Kind.CONCLUDE, "stopped by a human")
    # Live servers may take long to be looked at, too.
    assert next_move(Board(stop_requested=True), BUSY, LIMITS).kind is Kind.CONCLUDE


def test_the_gate_comes_once_between_where_and_why() -> None:
    held = believed({POOL: 0.5}, decisions=())
    assert next_move(held, BUSY, LIMITS).kind is Kind.GATE
    assert next_move(believed({POOL: 0.5}), BUSY, LIMITS).kind is Kind.START_ROUND


def test_before_why_there_is_a_gate_and_it_is_passed_once() -> None:
    assert next_move(believed({POOL: 0.5}, decisions=()), BUSY, LIMITS).kind is Kind.GATE
    assert next_move(believed({POOL: 0.5}), BUSY, LIMITS).kind is Kind.START_ROUND
    other = (("end: done", "policy:unattended", "b"),)
    assert next_move(believed({POOL: 0.5}, decisions=other), BUSY, LIMITS).kind is Kind.GATE


def test_after_beliefs_there_is_another_round_while_something_is_worth_asking() -> None:
    move = next_move(believed({POOL: 0.5}), BUSY, LIMITS)
    assert (move.kind, move.round, move.phase) == (Kind.START_ROUND, 2, "disprove")


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        (board(believed_round=1, posterior=posterior({}), decisions=(PASSED,)), "no theory to test"),
        (believed({POOL: 0.5}, round=5, believed_round=5), "5 rounds done"),
    ],
)
def test_why_it_ends_although_somebody_would_go_on(held: Board, reason: str) -> None:
    assert next_move(held, BUSY, LIMITS).reason == reason


def test_it_ends_when_nobody_has_an_informative_step() -> None:
    assert next_move(believed({POOL: 0.5}), IDLE, LIMITS).reason == "no informative plan left"
    spent = Limits(work=1)
    assert next_move(believed({POOL: 0.5}), IDLE, spent).reason == "no informative plan left", (
        "nothing remained to be paid"
    )


def test_decided_needs_belief_and_two_survived_attempts_on_the_leader() -> None:
    survived = [attempt(POOL, Outcome.SURVIVED, s) for s in ("scope", "time_order")]
    elsewhere = attempt(SLOW, Outcome.SURVIVED, "baseline")
    sure = {POOL: 0.98, SLOW: 0.01}

    def after(*attempts: object) -> Board:
        return believed(sure, attempts={a.plan: a for a in attempts})  # type: ignore[attr-defined]

    assert decided(after(*survived), LIMITS)
    assert not decided(after(survived[0]), LIMITS)
    assert not decided(after(survived[0], elsewhere), LIMITS)
    assert not decided(believed({POOL: 0.9, SLOW: 0.01}, attempts={a.plan: a for a in survived}), LIMITS)
    assert not decided(board(), LIMITS)
    assert next_move(after(*survived), BUSY, LIMITS).reason == "the posterior is decided"


def test_a_budget_nobody_can_do_a_step_with_is_a_reached_budget() -> None:
    """Not a round in which every agent says that it cannot pay: those would follow one another until the last."""

    def costly(_board: Board, budget: Budget) -> tuple[Step, ...] | Stop:
        return (Step(id="dear", text="dear", cost=1.0),) if budget.work >= 1 else Stop(reason="too dear")

    crew = crew_of(Told("a", decides=costly), Told("b", decides=costly))
    steps = frozenset({("a", "s1"), ("b", "s2")})
    held = believed({POOL: 0.5}, steps_done=steps)
    assert work_done(held) == 2
    assert next_move(held, crew, Limits(work=4)).kind is Kind.START_ROUND
    for total in (1.0, 2.0, 3.0):
        assert next_move(held, crew, Limits(work=total)).reason == BUDGET_REACHED


def test_the_budget_of_a_round_is_a_fair_share_of_what_is_left_and_bounded() -> None:
    crew = crew_of(Told("a"), Told("b"))
    held = board(steps_done=frozenset({("a", "s1")}))
    assert budget_of(held, crew, Limits(work=11, work_per_round=12)).work == pytest.approx(5.0)
    assert budget_of(held, crew, Limits(work=400, work_per_round=12)).work == 12.0
    assert budget_of(held, crew, Limits(work=1)).work == 0.0


def test_work_is_counted_in_units_of_plans_and_screens() -> None:
    priced = plan(POOL, cost=2.5)
    held = board(
        plans={priced.id: priced}, attempts={priced.id: attempt(POOL, Outcome.SURVIVED)},
        steps_done=frozenset({("a", "screen"), ("a", priced.id)}),
    )  # fmt: skip
    assert work_done(held) == pytest.approx(3.5)


def test_a_request_for_a_deeper_attempt_gets_one_round_and_no_second() -> None:
    requests = (("test", POOL.id),)
    reopened = believed({POOL: 0.99}, round=5, believed_round=5, requests=requests, reopened=1)
    move = next_move(reopened, BUSY, LIMITS)
    assert (move.kind, move.round, move.phase) == (Kind.START_ROUND, 6, "deepen")
    deepened = replace(reopened, round=6, believed_round=6, deepened=1)
    assert next_move(deepened, BUSY, LIMITS).kind is Kind.CONCLUDE


def test_an_agent_that_cannot_decide_is_met_once_more_and_then_left_out() -> None:
    def broken(_board: Board, _budget: Budget) -> tuple[Step, ...]:
        raise ZeroDivisionError("a defect")

    crew = crew_of(Told("broken", decides=broken))
    assert pending(believed({POOL: 0.5}), crew, Budget(work=1))
    known = believed({POOL: 0.5}, steps_done=frozenset({("broken", DECIDE)}))
    assert not pending(known, crew, Budget(work=1))


def test_what_a_larger_budget_would_examine_is_said_by_label() -> None:
    assert pending_words(believed({POOL: 0.5, SLOW: 0.3})) == "attempts to refute H1, H2"
    tried = {a.plan: a for a in (attempt(POOL, Outcome.SURVIVED),)}
    assert pending_words(believed({POOL: 0.5, SLOW: 0.3}, attempts=tried)) == "attempts to refute H2"
    assert pending_words(believed({POOL: 0.5}, attempts=tried)) == "further attempts on accounts already tried"
    assert pending_words(believed({POOL: 0.5, SLOW: 0.001})) == "attempts to refute H1", (
        "a hopeless one is not worth it"
    )


def test_a_run_that_hears_no_model_on_purpose_does_not_ask_it() -> None:
    chosen = believed({POOL: 0.5}, advice=Advice(model="test model"))
    assert next_move(chosen, BUSY, LIMITS).kind is Kind.ADVISE
    assert next_move(chosen, BUSY, replace(LIMITS, advise=False)).kind is not Kind.ADVISE
