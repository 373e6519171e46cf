"""The model is heard once a round; its failures are events, and those that would come again end the asking."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from compass.domain import advised as told
from compass.domain.advice import ChosenTests, LlmFailure, Task
from compass.domain.board import Board
from compass.investigation.advising.base import Taken
from compass.investigation.advising.hear import NOT_AT_HAND, UNAVAILABLE, Money, do_without, hear
from compass.investigation.estimate import Estimate
from compass.investigation.moves import Kind, next_move
from compass.investigation.purse import Limit, Metered, Purse
from compass.investigation.recorder import Recorder
from compass.investigation.settings import Crew, Limits
from compass.ports.language_model import Item, Question, Section
from tests.support.advice import NAME, Answering
from tests.support.boards import ORDERS, PASSED, believed, theory
from tests.support.crew import Told, crew_of, recording

POOL = theory("pool", ORDERS, "H1")
BUSY = crew_of(Told("database"))


@dataclass(frozen=True, slots=True)
class Chooser:
    """Asks one question a theory, and prefers what it is told."""

    id: str = "chooser"
    always: bool = False
    searches: bool = True

    def questions(self, board: Board, crew: Crew) -> tuple[Question[ChosenTests], ...]:
        items = tuple(Item(id=h.label, text=h.mechanism) for h in board.hypotheses.values())
        return tuple(
            Question(task=Task.CHOOSE, reply=ChosenTests, sections=(Section(title="theories", items=items),), agent=a)
            for a in ("application", "database")
        )

    def take(self, board: Board, crew: Crew, question: Question[ChosenTests], value: ChosenTests, by: str) -> Taken:
        preferred = told.PlansPreferred(round=board.round, plans=value.plans, by=by)
        return Taken(payloads=((f"prefer/{question.agent}", preferred),), suggested=len(value.plans), dropped=1)


async def recorder_of(board: Board) -> Recorder:
    """A recorder whose investigation has come as far as `board`."""
    _store, _investigation, recorder = await recording()
    recorder.board = replace(board, seq=recorder.board.seq)
    return recorder


def with_model(board: Board) -> Board:
    return replace(board, advice=replace(board.advice, model=NAME))


def test_it_is_due_once_a_round_while_there_is_something_to_find_out() -> None:
    board = believed({POOL: 0.5})
    assert next_move(board, BUSY, Limits()).kind is not Kind.ADVISE
    assert next_move(with_model(board), BUSY, Limits()).kind is Kind.ADVISE
    heard = with_model(board)
    heard = replace(heard, advice=replace(heard.advice, heard=board.round))
    assert next_move(heard, BUSY, Limits()).kind is not Kind.ADVISE
    lost = replace(heard, advice=replace(heard.advice, heard=0, lost="no key"))
    assert next_move(lost, BUSY, Limits()).kind is not Kind.ADVISE
    assert next_move(with_model(board), BUSY, Limits(rounds=board.round)).kind is Kind.CONCLUDE


async def test_who_only_helps_to_search_is_not_asked_where_the_answer_is_as_good_as_found() -> None:
    """It need not be tried yet; changes are still read, which tells what to roll back."""
    reads = replace(Chooser(), id="reader", searches=False)
    for belief, limits, calls in (
        (0.98, Limits(), 2), (0.96, Limits(), 4), (0.96, Limits(decided=0.95), 2),
        (0.98, Limits(advise_always=True), 4),
    ):  # fmt: skip
        recorder = await recorder_of(with_model(believed({POOL: belief})))
        model = Answering(lambda _question: ChosenTests(plans=("p",)))
        await hear(recorder, model, BUSY, (Chooser(), reads), limits=limits)
        assert len(model.asked) == calls
        advice = recorder.board.advice
        assert (advice.heard, advice.asked, advice.asking) == (recorder.board.round, {Task.CHOOSE}, frozenset())


def test_a_theory_that_was_proposed_is_weighed_before_anything_else() -> None:
    board = replace(believed({POOL: 0.5}), unweighed=True)
    assert next_move(board, BUSY, Limits()).kind is Kind.BELIEVE


async def test_what_it_says_is_taken_and_what_it_cost_is_counted() -> None:
    recorder = await recorder_of(believed({POOL: 0.5}))
    model = Answering(lambda question: ChosenTests(plans=(f"p-{question.agent}",)))
    await hear(recorder, model, BUSY, (Chooser(),))
    advice = recorder.board.advice
    assert advice.preferred == ("p-application", "p-database")
    assert advice.spending.calls == 2
    assert advice.spending.usd == pytest.approx(0.02)
    assert (advice.heard, advice.dropped, advice.lost) == (recorder.board.round, 2, "")


@pytest.mark.parametrize("failure", list(LlmFailure))
async def test_no_failure_ends_the_investigation(failure: LlmFailure) -> None:
    recorder = await recorder_of(believed({POOL: 0.5}))
    await hear(recorder, Answering(lambda _question: failure), BUSY, (Chooser(),))
    advice = recorder.board.advice
    assert advice.heard == recorder.board.round
    assert advice.lost
    assert failure is LlmFailure.BUDGET or UNAVAILABLE in advice.lost
    assert advice.spending.failed == 2


async def test_one_bad_reply_of_several_does_not_lose_the_model() -> None:
    recorder = await recorder_of(believed({POOL: 0.5}))
    replies = iter((LlmFailure.INVALID, ChosenTests()))
    await hear(recorder, Answering(lambda _question: next(replies)), BUSY, (Chooser(),))
    assert recorder.board.advice.lost == ""


@pytest.mark.parametrize(
    ("wrong", "said"), [("", NOT_AT_HAND), ("llm: bad; do this", f"{UNAVAILABLE} (llm: bad; do this)")]
)
async def test_a_run_without_the_model_that_began_it_goes_on_without(wrong: str, said: str) -> None:
    recorder = await recorder_of(believed({POOL: 0.5}))
    recorder.board = with_model(recorder.board)
    await do_without(recorder, wrong)
    assert said in recorder.board.advice.lost
    assert next_move(recorder.board, BUSY, Limits()).kind is not Kind.ADVISE


def purse(usd: float) -> Metered:
    model = Answering(lambda question: ChosenTests(plans=(f"p-{question.agent}",)))
    return Metered(inner=model, purse=Purse(limits=[Limit(name="this investigation", usd=usd)]))


def decisions(recorder: Recorder) -> list[tuple[str, str]]:
    return [(decision, by) for decision, by, _because in recorder.board.decisions if decision != PASSED[0]]


async def test_the_cost_is_said_once_and_before_the_first_call() -> None:
    recorder = await recorder_of(believed({POOL: 0.5}))
    money = Money(estimator=lambda _board: Estimate(usual_usd=0.02, most_usd=0.1, basis="test"))
    for _ in range(2):
        await hear(recorder, purse(1), BUSY, (Chooser(),), money)
    events = await recorder._chronicle.read(recorder.investigation)
    kinds = [event.kind for event in events]
    assert kinds.index("cost.estimated") < kinds.index("model.asked")
    assert kinds.count("cost.estimated") == 1


async def test_unattended_the_policy_stays_within_the_budget_and_is_recorded() -> None:
    recorder = await recorder_of(believed({POOL: 0.5}))
    await hear(recorder, purse(0.015), BUSY, (Chooser(),))
    advice = recorder.board.advice
    assert advice.spending.usd == pytest.approx(0.01)
    assert decisions(recorder) == [("stay within the budget", "policy:unattended")]
    assert "budget of this investigation" in advice.lost
    assert next_move(recorder.board, BUSY, Limits()).kind is not Kind.ADVISE


@pytest.mark.parametrize("agrees", [True, False, None])
async def test_a_person_is_asked_before_the_budget_is_passed(agrees: bool | None) -> None:
    recorder = await recorder_of(believed({POOL: 0.5}))
    said: list[str] = []

    async def consent(words: str) -> bool | None:
        said.append(words)
        return agrees

    await hear(recorder, purse(0.015), BUSY, (Chooser(),), Money(consent=consent))
    assert len(said) == 1
    assert "may cost 0.02" in said[0]
    assert recorder.board.advice.spending.usd == pytest.approx(0.02 if agrees else 0.01)
    assert [by for _decision, by in decisions(recorder)] == ["policy:unattended" if agrees is None else "human"]
    assert bool(recorder.board.advice.lost) is not bool(agrees)


async def test_within_the_budget_nobody_is_asked() -> None:
    async def consent(_words: str) -> bool:
        raise AssertionError("asked")

    recorder = await recorder_of(believed({POOL: 0.5}))
    await hear(recorder, purse(1), BUSY, (Chooser(),), Money(consent=consent))
    assert decisions(recorder) == []
