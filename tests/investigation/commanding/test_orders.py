"""Each order: what is said back, which events it gives, and what stood on the table."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import msgspec
import pytest

from compass.domain import advised as told
from compass.domain import chronicle as c
from compass.domain.board import Board, Orders
from compass.domain.commanded import (
    Agreement,
    Bearing,
    CommandGiven,
    DataGiven,
    DataRequested,
    Decided,
    DecisionKind,
    DecisionRecord,
    Escalated,
    ScopeSet,
    SetAside,
)
from compass.domain.disproof import Outcome
from compass.domain.observation import Quality
from compass.domain.proposed import Standing, engine_part, standing_of
from compass.investigation.commanding import Choice, Ordered, Who, order_named, orders, understand
from compass.investigation.commanding.give import news, somebody
from compass.investigation.commanding.go_on import Continue
from compass.investigation.commanding.pause import Pause
from compass.investigation.commanding.stop import Stop
from compass.investigation.commanding.test import deepen
from compass.projections.board import fold_all
from tests.support.boards import events
from tests.support.commanding import DELAY, PAYMENTS, POOL, SLOW, WHO, desk, listed

REQUEST = DataRequested(id="r1", hypothesis=POOL.id, question="how many connections are used?", if_true="all of them")


def payloads(text: str, board: Board | None = None, who: Who = WHO) -> tuple[c.Payload, ...]:
    order = understand(text, desk(board))
    assert isinstance(order, Ordered), order
    return tuple(payload for _, payload in order.apply(desk(board), who))


def record_of(found: tuple[c.Payload, ...]) -> DecisionRecord:
    [decided] = [payload for payload in found if isinstance(payload, Decided)]
    assert decided.record is not None
    return decided.record


def after(text: str, board: Board | None = None) -> Board:
    start = board or listed()
    return fold_all(events(payloads(text, start), first_seq=100), start)


def test_a_direction_is_a_request_to_test_with_everything_that_was_shown() -> None:
    who = replace(WHO, took_s=4.0, confidence=0.7)
    found = payloads("test 2: the plan changed", who=who)
    assert CommandGiven(command="test", argument=SLOW.id) in found
    record = record_of(found)
    assert record.kind is DecisionKind.DIRECTION
    assert record.options[0].startswith("1 50 % H1")
    assert record.favoured == record.options[0]
    assert record.chosen == record.options[1]
    assert record.agreement is Agreement.OTHER_ON_LIST
    assert record.posterior == pytest.approx({"H1": 0.5, "H2": 0.2, "H3": 0.1, "no_incident": 0.0, "not_listed": 0.2})
    assert (record.reason, record.took_s, record.confidence) == ("the plan changed", 4.0, 0.7)
    assert record_of(payloads("test 1")).agreement is Agreement.AGREES


def test_a_theory_set_aside_keeps_its_probability_and_stands_at_the_end() -> None:
    board = after("reject 1 because we looked at the pool")
    assert board.orders.aside == {POOL.id: "we looked at the pool"}
    assert board.posterior == listed().posterior
    lines = desk(board).view.accounts
    assert [(line.label, line.rank, line.confidence) for line in lines] == [
        ("H2", 1, 0.2),
        ("H3", 2, 0.1),
        ("H1", 3, 0.5),
    ]
    assert lines[-1].set_aside == "we looked at the pool"
    record = record_of(payloads("reject 1"))
    assert (record.kind, record.agreement) == (DecisionKind.REJECTION, Agreement.AGAINST)
    assert record_of(payloads("reject 2")).agreement is Agreement.AGREES


def test_what_was_set_aside_is_taken_back_by_an_order_or_by_testing_it() -> None:
    board = after("reject 1")
    assert after("restore H1", board).orders.aside == {}
    assert after("test H1", board).orders.aside == {}
    assert after("undo", board).orders.aside == {}
    assert SetAside(hypothesis=POOL.id, by="human", restored=True) in payloads("restore H1", board)


def test_what_a_bound_leaves_out_is_said_and_the_likeliest_by_name() -> None:
    order = understand("look only at ledger", desk())
    assert isinstance(order, Ordered)
    said = " ".join(order.show(desk()))
    assert "No longer worked on: H1, H3." in said
    assert "That leaves out the likeliest, H1 (50 %)." in said
    first_look = replace(listed(), round=1, round_open=True)
    fields = understand("do not look at the network", desk(first_look))
    assert isinstance(fields, Ordered)
    assert "Of the first look, what network did not begin is left out." in fields.show(desk(first_look))
    assert any("first look" in line for line in fields.show(desk(replace(first_look, round=0, round_open=False))))
    assert not any("first look" in line for line in fields.show(desk(replace(first_look, round_open=False))))


def test_places_to_leave_out_add_up_and_a_place_to_look_at_replaces_the_last() -> None:
    first = after("ignore frontend")
    second = after("not the network", first)
    assert [e.name for e in second.orders.avoid] == ["frontend"]
    assert second.orders.avoid_areas == ("network",)
    assert after("look at payments", after("look at orders")).orders.look == (PAYMENTS,)
    assert after("look everywhere", second).orders == Orders()
    [scope] = [payload for payload in payloads("not the network") if isinstance(payload, ScopeSet)]
    assert scope.said == "not the network"


def test_leaving_out_what_compass_favours_is_against_it() -> None:
    assert record_of(payloads("ignore orders")).agreement is Agreement.AGAINST
    assert record_of(payloads("ignore frontend")).agreement is Agreement.AGREES


def test_a_theory_of_ones_own_moves_nothing_by_being_said() -> None:
    before = listed()
    found = payloads("payments disk full")
    board = fold_all(events(found, first_seq=100), before)
    [stated] = [h for h in board.hypotheses.values() if h.mechanism == "disk_full"]
    assert (stated.entity, stated.proposed_by, stated.label) == (PAYMENTS, "human", "H4")
    assert board.posterior == before.posterior
    assert engine_part(board).hypotheses == before.hypotheses  # bit for bit what it was
    assert standing_of(stated, board) in (Standing.WAITING, Standing.UNTESTABLE)
    assert board.asked == (stated.id,)  # and it is tested at once
    argument = board.advice.arguments[stated.id]
    assert set(argument.shown) == {o.id for o in before.anomalies()}  # what could be read is no fresh support
    assert record_of(found).agreement is Agreement.NOT_ON_LIST


def test_a_theory_is_shown_back_with_what_would_refute_it() -> None:
    order = understand("payments disk full", desk())
    assert isinstance(order, Ordered)
    said = "\n".join(order.show(desk()))
    assert said.startswith("I will test: The file system that payments writes to has no space left.")
    assert "requires: " in said
    assert "must not be seen: " in said
    assert "no probability by being said" in said


def test_what_no_mechanism_fits_is_stated_from_the_sign_it_names() -> None:
    order = understand("theory: threads of payments above baseline", desk())
    assert isinstance(order, Ordered)
    assert order.asks  # it is shown back before it counts
    found = [payload for _, payload in order.apply(desk(), WHO)]
    (stated,) = [payload.mechanism for payload in found if isinstance(payload, told.MechanismStated)]
    assert [pattern.signs for pattern in stated.requires] == [("threads.up",)]
    (hypothesis,) = [payload.hypothesis for payload in found if isinstance(payload, c.Proposed)]
    assert (hypothesis.mechanism, hypothesis.entity) == (stated.id, PAYMENTS)


def test_labels_stay_unique_where_two_theories_come_at_once() -> None:
    one, two = payloads("payments disk full"), payloads("payments memory leak")
    board = fold_all(events((*one, *two), first_seq=100), listed())
    assert [h.label for h in board.hypotheses.values()] == ["H1", "H2", "H3", "H4", "H5"]


def test_an_escalation_is_recorded_with_a_hand_over_to_copy() -> None:
    order = understand("escalate to the database team: they own it", desk())
    assert isinstance(order, Ordered)
    found = [payload for _, payload in order.apply(desk(), WHO)]
    assert Escalated(by="human", to="database team", reason="they own it") in found
    said = "\n".join(order.show(desk()))
    assert "COMPASS calls nobody" in said
    assert "Working theory, not more: H1" in said


def test_pause_and_continue() -> None:
    paused = after("pause")
    assert paused.orders.paused
    assert not after("continue", paused).orders.paused
    assert record_of(payloads("pause")).kind is DecisionKind.PAUSE


def waiting() -> Board:
    return fold_all(events([REQUEST], first_seq=90), listed())


@pytest.mark.parametrize(
    ("text", "outcome", "quality"),
    [("answer R1 supports: used 10\nmax 10", Outcome.SURVIVED, Quality.INDIRECT),
     ("answer contradicts: used 2 of 10", Outcome.REFUTED, Quality.INDIRECT),
     ("answer R1 contradicts: looks fine to me", Outcome.REFUTED, Quality.CIRCUMSTANTIAL),
     ("answer settles nothing", Outcome.AMBIGUOUS, Quality.CIRCUMSTANTIAL)],
)  # fmt: skip
def test_an_answer_is_an_attempt_of_the_quality_it_deserves(text: str, outcome: Outcome, quality: Quality) -> None:
    board = after(text, waiting())
    attempt = board.attempts["answer/r1"]
    assert (attempt.outcome, attempt.quality, attempt.decisive) == (outcome, quality, False)
    assert board.plans["answer/r1"].expectation == "all of them"  # written down before anybody looked
    assert board.unweighed
    assert board.orders.given["r1"].bearing in Bearing


def test_what_was_pasted_is_redacted_and_bounded() -> None:
    secret = "password=hunter2hunter2 " + "x" * 10_000
    [given] = [p for p in payloads(f"answer R1 supports: {secret}", waiting()) if isinstance(p, DataGiven)]
    assert "hunter2" not in given.text
    assert len(given.text) <= 4_001


def test_an_answer_that_does_not_say_what_it_shows_is_asked_back() -> None:
    choice = understand("answer R1 used 10 of 10", desk(waiting()))
    assert isinstance(choice, Choice)
    assert [getattr(o.order.value, "bearing", None) for o in choice.options] == list(Bearing)


def test_a_reference_that_does_not_exist_is_asked_back() -> None:
    parsed = understand("reject 7", desk())
    assert not isinstance(parsed, Ordered)
    assert "There is no account 7" in parsed.lines[0]


def test_two_terminals_never_share_a_key() -> None:
    order = understand("reject 3", desk())
    assert isinstance(order, Ordered)
    first, second = news(order, desk(), somebody()), news(order, desk(), somebody())
    assert {event.key for event in first}.isdisjoint({event.key for event in second})
    assert {event.actor for event in first} == {"human"}
    assert DELAY.id == order.value.hypothesis.id  # type: ignore[attr-defined]


def test_orders_are_the_same_on_replay() -> None:
    found = reduce(
        lambda all_, text: (*all_, *payloads(text)), ["reject 1: no", "not the network", "payments disk full"], ()
    )
    assert fold_all(events(found, 100), listed()) == fold_all(events(found, 100), listed())


CANARY = "hunter2hunter2"
SECRET = f"because password={CANARY}"
SAID = {
    "test": f"test 2 {SECRET}", "reject": f"reject 1 {SECRET}", "restore": f"restore H1 {SECRET}",
    "look": f"look at orders {SECRET}", "theory": f"payments disk full {SECRET}", "pause": "pause",
    "continue": "continue", "stop": "stop", "escalate": f"escalate to ada: {SECRET}",
    "answer": f"answer R1 supports: {SECRET}",
}  # fmt: skip
STATED = (f"theory: threads of payments above baseline {SECRET}", f"test H1 {SECRET}")
"""A theory by its sign, and one that was set aside: each stores the words in one place more."""


def giving(name: str) -> Board:
    """A board on which the order can be given."""
    start = waiting() if name == "answer" else listed()
    return (
        after({"restore": "reject 1", "continue": "pause"}[name], start) if name in ("restore", "continue") else start
    )


def test_every_order_is_among_those_that_are_given_with_a_secret() -> None:
    assert set(SAID) == {kind.name for kind in orders()}


@pytest.mark.parametrize("name", SAID)
def test_no_secret_in_words_or_in_the_reason_is_stored(name: str) -> None:
    board, who = giving(name), replace(WHO, reason=SECRET)
    for text, by in ((SAID[name], WHO), (SAID[name].replace(SECRET, ""), who)):
        table = desk(board)
        order = order_named(name).parse(text.removeprefix(name).strip(), table)
        order = order.options[0].order if isinstance(order, Choice) else order
        assert isinstance(order, Ordered), order
        stored = msgspec.json.encode([payload for _, payload in order.apply(table, by)]).decode()
        assert CANARY not in stored, stored
        assert CANARY not in "\n".join(order.show(table))


@pytest.mark.parametrize("text", STATED)
def test_no_secret_is_stored_where_words_stand_in_other_places_too(text: str) -> None:
    board = after("reject 1") if text.startswith("test") else listed()
    stored = msgspec.json.encode(payloads(text, board)).decode()
    assert CANARY not in stored, stored


@pytest.mark.parametrize("kind", [Pause, Stop, Continue])
def test_no_secret_is_stored_that_an_order_without_words_was_made_with(kind: type[Pause | Stop | Continue]) -> None:
    name = kind.__name__.lower()
    order = Ordered(kind=order_named(name), value=kind(reason=SECRET))
    assert CANARY not in msgspec.json.encode([p for _, p in order.apply(desk(), WHO)]).decode()


def test_a_theory_that_is_known_is_tested_without_the_secret_in_the_words() -> None:
    order = deepen(POOL, SECRET)
    assert CANARY not in repr(order.value)
    assert CANARY not in msgspec.json.encode([p for _, p in order.apply(desk(after("reject 1")), WHO)]).decode()
