"""The fold: labels and order do not depend on who was faster; commands, endings and resumes change what they should."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain import advised as told
from compass.domain import chronicle as c
from compass.domain.advice import LlmFailure
from compass.domain.board import Board
from compass.domain.commanded import CommandGiven, Decided
from compass.domain.disproof import Outcome
from compass.domain.failure import FailureMode, Status
from compass.domain.observation import Observation, Verdict
from compass.domain.time import Instant
from compass.projections.board import fold, fold_all
from tests.support.boards import INCIDENT, LEDGER, ONSET_NS, ORDERS, WEB, attempt, events, opening, plan, seen, theory

ROUND = c.RoundStarted(number=1, phase="screen", board_seq=4)
CLOSED = c.RoundFinished(number=1)


def folded(*payloads: c.Payload) -> Board:
    return fold_all(events((*opening(), *payloads)))


sightings = st.lists(
    st.builds(
        seen, st.sampled_from(["latency.up", "errors.up", "cpu.up"]), st.sampled_from([WEB, ORDERS, LEDGER]),
        st.sampled_from([0.2, 0.5, 0.9]), agent=st.sampled_from(["application", "network"]),
        verdict=st.sampled_from(Verdict), series=st.sampled_from(["s1", "s2"]),
    ),
    max_size=12,
)  # fmt: skip


@st.composite
def rounds(draw: st.DrawFn) -> tuple[list[c.Payload], list[c.Payload]]:
    """What the agents of one round recorded, in two orders of arrival. One agent's own order is its own."""
    found: dict[tuple[str, str], Observation] = {}
    for one in draw(sightings):
        found.setdefault((one.agent, one.id), one)
    heads = [theory("pool", ORDERS), theory("slow", WEB)]
    payloads: list[c.Payload] = [c.Observed(observation=o) for o in found.values()]
    payloads += [c.GapNamed(gap=f"gap {i % 2}", hides="what it would show") for i in range(draw(st.integers(0, 3)))]
    payloads += [c.Attempted(attempt=attempt(head, Outcome.SURVIVED)) for head in heads]
    payloads += [c.PlanRegistered(plan=plan(head)) for head in heads]
    payloads.append(c.AgentFailed(agent="b", step="s", round=1, error="e", hides="h"))
    payloads.append(c.AgentFailed(agent="a", step="s", round=1, error="e", hides="h"))
    return payloads, draw(st.permutations(payloads))


def comparable(board: Board) -> object:
    """All of it; of mappings also the order of their keys."""
    ordered = (board.observations, board.observation_labels, board.attempts, board.plans)
    return replace(board, stopped_agents={}), [list(mapping) for mapping in ordered]


@given(rounds())
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_within_a_round_changes_nothing(arrivals: tuple[list[c.Payload], list[c.Payload]]) -> None:
    first, second = (folded(ROUND, *payloads, CLOSED) for payloads in arrivals)
    assert comparable(first) == comparable(second)


@given(rounds())
@settings(max_examples=30, deadline=None)
def test_labels_number_the_observations_abnormal_and_strong_ones_first(
    arrivals: tuple[list[c.Payload], list[c.Payload]],
) -> None:
    board = folded(ROUND, *arrivals[1], CLOSED)
    assert list(board.observation_labels.values()) == [f"E{i}" for i in range(1, len(board.observations) + 1)]
    assert list(board.observations) == list(board.observation_labels)
    order = {Verdict.ANOMALY: 0, Verdict.NORMAL: 1, Verdict.UNKNOWN: 2}
    ranks = [(order[o.verdict], -o.strength) for o in board.observations.values()]
    assert ranks == sorted(ranks)


def test_labels_never_change_when_later_rounds_find_stronger_things() -> None:
    weak, strong = seen("cpu.up", ORDERS, 0.2), seen("latency.up", WEB, 0.9)
    second = c.RoundStarted(number=2, phase="disprove", board_seq=7)
    board = folded(
        ROUND, c.Observed(observation=weak), CLOSED, second, c.Observed(observation=strong), c.RoundFinished(number=2)
    )
    assert board.observation_labels == {weak.id: "E1", strong.id: "E2"}


def test_before_the_round_ends_nothing_has_a_label() -> None:
    board = folded(ROUND, c.Observed(observation=seen("cpu.up", ORDERS)))
    assert board.round_open
    assert board.observation_labels == {}


@pytest.mark.parametrize("reverse", [False, True])
def test_two_agents_that_see_the_same_thing_make_one_observation(reverse: bool) -> None:
    by_application = seen("latency.up", WEB, agent="application", text="p90 of web 2 s")
    by_tracing = seen("latency.up", WEB, agent="tracing", text="spans of web take 2 s")
    assert by_application.id == by_tracing.id
    arrivals = [c.Observed(observation=o) for o in (by_application, by_tracing)]
    board = folded(ROUND, *(arrivals[::-1] if reverse else arrivals), CLOSED)
    assert list(board.observations.values()) == [by_application]
    assert list(board.observation_labels.values()) == ["E1"]


def test_what_is_seen_again_in_a_later_round_keeps_its_label() -> None:
    first = seen("latency.up", WEB, agent="tracing")
    again = seen("latency.up", WEB, agent="application")
    second = c.RoundStarted(number=2, phase="disprove", board_seq=7)
    board = folded(
        ROUND, c.Observed(observation=first), CLOSED, second, c.Observed(observation=again), c.RoundFinished(number=2)
    )
    assert board.observation_labels == {first.id: "E1"}
    assert [o.agent for o in board.observations.values()] == ["application"]


def test_context_is_joined_and_a_repeated_change_counts_once() -> None:
    from compass.domain.incident import Change, Dependency

    change = Change(id="d1", at=Instant(ns=ONSET_NS), kind="deploy", summary="deploy")
    more = c.ContextLearned(
        entities=(WEB,), dependencies=(Dependency(caller=WEB, callee=ORDERS), Dependency(caller=WEB, callee=LEDGER)),
        changes=(change, replace(change, summary="deploy, told again")), containment=((ORDERS, WEB),),
    )  # fmt: skip
    board = folded(more, more)
    assert board.entities == (LEDGER, ORDERS, WEB)
    assert len(board.dependencies) == 3
    assert [one.summary for one in board.changes] == ["deploy, told again"]
    assert board.containment == {ORDERS: WEB}


def test_a_stop_holds_until_somebody_resumes() -> None:
    stop, resumed = CommandGiven(command="stop"), c.Resumed(runner="r", after_seq=5)
    ended = c.Ended(status=Status.STOPPED, exit_code=130, said="stopped by a human")
    stopped = folded(stop, ended)
    assert (stopped.stop_requested, stopped.status, stopped.said) == (True, Status.STOPPED, "stopped by a human")
    again = folded(stop, ended, resumed)
    assert (again.stop_requested, again.status, again.reopened, again.said) == (False, Status.RUNNING, 1, "")


def test_a_model_that_was_lost_is_heard_again_by_who_resumes_with_one() -> None:
    opened = c.Opened(
        incident=INCIDENT, engine="e", mode="parallel", commander="c", specialists=(), model="m", budget_usd=2.0
    )
    begun = c.RoundStarted(number=1, phase="screen", board_seq=1)
    lost = told.ModelLost(failure=LlmFailure.WRONG_KEY, said="the key was refused")
    without = c.Resumed(runner="r", after_seq=5)
    resumed = replace(without, model="n", budget_usd=9.0)
    advice = folded(opened, begun, lost, told.AdviceTaken(round=1), without).advice
    assert (advice.lost, advice.again, advice.heard) == ("the key was refused", False, 1)
    due = (opened, begun, lost, told.AdviceTaken(round=1), resumed)
    advice = folded(*due).advice
    assert (advice.lost, advice.again, advice.heard) == ("the key was refused", True, 0)
    assert (advice.model, advice.budget_usd) == ("m", 2.0)
    advice = folded(*due, told.AdviceTaken(round=1, skipped="nothing to ask")).advice
    assert (advice.lost, advice.again, advice.heard) == ("the key was refused", True, 1)
    advice = folded(*due, told.AdviceTaken(round=1)).advice
    assert (advice.lost, advice.again) == ("", False)
    advice = folded(*due, replace(lost, said="refused again"), told.AdviceTaken(round=1)).advice
    assert (advice.lost, advice.again) == ("refused again", False)
    # A table that could not be read: there was no model to begin with.
    advice = folded(replace(opened, model="", budget_usd=None), lost, begun, resumed).advice
    assert (advice.model, advice.budget_usd, advice.again) == ("n", 9.0, True)
    assert folded(replace(opened, model=""), begun, resumed).advice.model == "", "none was wanted"


def test_an_ending_is_forgotten_on_resume_and_a_lost_source_before_a_crash_is_not() -> None:
    lost = c.FailureDeclared(mode=FailureMode.SOURCE_LOST, said="logs are lost", look_at=("x",))
    resumed = c.Resumed(runner="r", after_seq=5)
    after_crash = folded(lost, resumed)
    assert (after_crash.failure, after_crash.said) == (FailureMode.SOURCE_LOST, "logs are lost")
    ended = c.Ended(status=Status.DONE, exit_code=0, said="done")
    after_end = folded(lost, ended, resumed)
    assert (after_end.failure, after_end.said, after_end.look_at) == (None, "", ())


def test_requests_for_deeper_attempts_are_counted_by_the_round_that_serves_them() -> None:
    orders = [CommandGiven(command="test", argument=h) for h in ("h1", "h2")]
    deepen = c.RoundStarted(number=2, phase="deepen", board_seq=6)
    assert folded(*orders).deepened == 0
    assert folded(*orders).asked == ("h1", "h2")
    assert folded(*orders, deepen).deepened == 2
    assert folded(*orders, replace(deepen, phase="disprove")).deepened == 0


def test_what_is_unknown_or_erased_moves_only_the_seq() -> None:
    before = folded(ROUND)
    odd = events([ROUND], first_seq=before.seq + 1)[0]
    for payload in (c.UnknownPayload(data={"x": 1}), c.Tombstone(erased_at="2026")):
        after = fold(before, replace(odd, payload=payload))
        assert after == replace(before, seq=before.seq + 1)


def test_how_long_after_the_opening_a_decision_fell_is_told_by_the_clock_of_the_chronicle() -> None:
    """The machine that decided may be hours off; the database recorded both."""
    opened, *_ = events(opening())
    decided = events([Decided(decision="pause", by="human", because="")], first_seq=42)[0]
    early = replace(decided, occurred_at=opened.occurred_at - timedelta(hours=3))
    (made,) = fold_all([opened, early]).made
    assert (made.at, made.elapsed_s) == (early.occurred_at, 41.0)
    (unknown,) = fold_all([early]).made  # its opening was erased
    assert unknown.elapsed_s is None


def test_the_snapshot_of_a_round_is_the_event_that_opened_it() -> None:
    board = folded(ROUND, c.Observed(observation=seen("cpu.up", WEB)))
    assert (board.round_seq, board.seq) == (5, 6)
