"""One round: all at once over one snapshot; agents that fail or are late are events, and the round goes on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.investigation.rounds import run_round
from compass.investigation.settings import Limits
from compass.ports.errors import SourceUnavailableError, StorageError
from compass.ports.specialist import Budget, Look, Step, StepResult, Stop
from tests.support.boards import ORDERS, WEB, plan, seen, theory
from tests.support.cli import payloads
from tests.support.crew import Told, crew_of, playing_field, recording

ROUND = c.RoundStarted(number=1, phase="screen", board_seq=4)
SCREEN = (Step(id="look", text="looking"),)


def found(sign: str) -> StepResult:
    return StepResult(observations=(seen(sign, ORDERS),), found=f"{sign} found", gaps=(("no probes", "ports"),))


async def test_every_agent_works_on_the_same_snapshot_and_results_are_committed_together() -> None:
    chronicle, investigation, recorder = await recording(ROUND)
    first = Told("a", SCREEN, lambda _s, _l: found("latency.up"))
    second = Told("b", (*SCREEN, Step(id="again", text="again")), lambda _s, _l: found("errors.up"))
    await run_round(recorder, crew_of(first, second), Limits(), playing_field())
    assert {board.seq for told in (first, second) for board in told.boards} == {5}
    events = await chronicle.read(investigation)
    keys = [event.key for event in events]
    observed = keys.index("round/1/a/look/o/0")
    assert keys[observed : observed + 3] == ["round/1/a/look/o/0", "round/1/a/look/gap/0", "round/1/a/look/finished"]
    assert keys[-1] == "round/1/finished"
    assert recorder.board.steps_done == {("a", "look"), ("b", "look"), ("b", "again")}
    assert not recorder.board.round_open


async def test_busy_seconds_are_collected_by_agent() -> None:
    _, _, recorder = await recording(ROUND)
    busy = {"a": 10.0}
    await run_round(recorder, crew_of(Told("a", SCREEN), Told("b")), Limits(), playing_field(), busy)
    assert busy["a"] > 10.0
    assert set(busy) == {"a", "b"}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ZeroDivisionError("a defect"), "ZeroDivisionError: a defect"),
        (SourceUnavailableError("timed out", where="logs"), "logs: timed out"),
    ],
)
async def test_a_failing_step_is_an_event_and_a_gap_and_the_others_go_on(error: Exception, said: str) -> None:
    def fails(_step: Step, _look: Look) -> StepResult:
        raise error

    chronicle, investigation, recorder = await recording(ROUND)
    steady = Told("b", SCREEN, lambda _s, _l: found("errors.up"))
    await run_round(
        recorder, crew_of(Told("a", (*SCREEN, Step(id="next", text="n")), fails), steady), Limits(), playing_field()
    )
    failures = payloads(await chronicle.read(investigation), c.AgentFailed)
    assert [(f.agent, f.step, f.error) for f in failures] == [("a", "look", said), ("a", "next", said)]
    assert failures[0].hides == "what a would have seen (looking)"
    assert [o.sign for o in recorder.board.observations.values()] == ["errors.up"]
    assert (f"a: {said}", failures[0].hides) in recorder.board.gaps


async def test_an_agent_that_cannot_even_decide_is_an_event_too() -> None:
    def broken(_board: Board, _budget: Budget) -> tuple[Step, ...]:
        raise KeyError("no such thing")

    chronicle, investigation, recorder = await recording(ROUND)
    steady = Told("b", SCREEN)
    await run_round(recorder, crew_of(Told("a", decides=broken), steady), Limits(), playing_field())
    (failure,) = payloads(await chronicle.read(investigation), c.AgentFailed)
    assert (failure.agent, failure.step) == ("a", "decide")
    assert steady.performed == ["look"]
    assert not recorder.board.round_open


async def test_a_failed_attempt_to_refute_is_no_data_not_silence() -> None:
    def fails(_step: Step, _look: Look) -> StepResult:
        raise SourceUnavailableError("timed out")

    head = theory("pool", ORDERS)
    step = Step(id=plan(head).id, text="refute", plan=plan(head))
    chronicle, investigation, recorder = await recording(
        c.Proposed(hypothesis=head), c.RoundStarted(number=2, phase="disprove", board_seq=5)
    )
    await run_round(recorder, crew_of(Told("a", (step,), fails)), Limits(), playing_field())
    events = await chronicle.read(investigation)
    registered = next(e.seq for e in events if isinstance(e.payload, c.PlanRegistered))
    tried = next(e for e in events if isinstance(e.payload, c.Attempted))
    assert registered < tried.seq, "what must be seen is written down before the data is asked"
    assert recorder.board.attempts[plan(head).id].outcome is Outcome.NO_DATA


@dataclass(slots=True)
class Slow(Told):
    async def perform(self, step: Step, look: Look) -> StepResult:
        await asyncio.sleep(30)
        raise AssertionError("it was not cancelled")


async def test_who_misses_the_soft_deadline_is_named_and_the_round_goes_on() -> None:
    chronicle, investigation, recorder = await recording(ROUND)
    quick = Told("b", SCREEN, lambda _s, _l: found("errors.up"))
    late = Slow("a", SCREEN)
    await run_round(recorder, crew_of(late, quick), Limits(soft_deadline_s=0.5), playing_field())
    (finished,) = payloads(await chronicle.read(investigation), c.RoundFinished)
    assert finished.missed == ("a",)
    assert recorder.board.steps_done == {("b", "look")}
    assert recorder.board.observation_labels
    await recorder.append(("next", c.RoundStarted(number=2, phase="screen", board_seq=0)), actor="t")
    again = Told("a", SCREEN)
    await run_round(recorder, crew_of(again), Limits(), playing_field())
    assert again.performed == ["look"], "it joins the next round"


async def test_a_round_taken_up_again_repeats_nothing_that_was_finished() -> None:
    done = c.StepFinished(agent="a", step="look", round=1, found="", anomalies=0, normals=0, work=1, elapsed_ms=1)
    _, _, recorder = await recording(ROUND, done)
    told = Told("a", (*SCREEN, Step(id="next", text="next")))
    await run_round(recorder, crew_of(told), Limits(), playing_field())
    assert told.performed == ["next"]
    assert told.boards[0].seq == 5, "it decides on the snapshot that the round began with"


async def test_an_agent_with_nothing_to_do_says_why() -> None:
    chronicle, investigation, recorder = await recording(ROUND)
    await run_round(
        recorder, crew_of(Told("a", decides=lambda _b, _w: Stop(reason="all is asked"))), Limits(), playing_field()
    )
    (stopped,) = payloads(await chronicle.read(investigation), c.AgentStopped)
    assert (stopped.agent, stopped.reason, stopped.work) == ("a", "all is asked", 0)


async def test_a_lost_chronicle_ends_the_round_for_everybody() -> None:
    """What cannot be recorded did not happen: no agent may go on without the chronicle."""

    def lost(_step: Step, _look: Look) -> StepResult:
        raise StorageError("gone")

    _, _, recorder = await recording(ROUND)
    with pytest.raises(StorageError, match="gone"):
        await run_round(recorder, crew_of(Told("a", SCREEN, lost), Told("b", SCREEN)), Limits(), playing_field())
    assert recorder.board.round_open
    assert WEB not in {o.entity for o in recorder.board.observations.values()}
