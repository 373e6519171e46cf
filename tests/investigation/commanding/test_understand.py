"""What a person's words are taken to mean, without any model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.investigation.commanding import Back, Choice, Ordered, order_named, orders, understand
from compass.investigation.commanding.look import Look
from compass.investigation.commanding.reject import Reject
from compass.investigation.commanding.slips import distance
from compass.investigation.commanding.test import Test
from compass.investigation.commanding.theory import Theory
from tests.support.boards import ORDERS, service, theory
from tests.support.boards import believed as believed_board
from tests.support.commanding import DELAY, FRONTEND, PAYMENTS, POOL, SLOW, desk, listed


def meant(text: str) -> Ordered:
    parsed = understand(text, desk())
    assert isinstance(parsed, Ordered), parsed
    return parsed


def asked(text: str) -> Choice:
    parsed = understand(text, desk())
    assert isinstance(parsed, Choice), parsed
    return parsed


def test_every_kind_of_order_has_a_name_a_key_and_a_line_of_help() -> None:
    kinds = orders()
    assert len({kind.name for kind in kinds}) == len({kind.key for kind in kinds}) == len(kinds) == 10
    assert all(kind.help and kind.usage.startswith(kind.name) for kind in kinds)
    assert order_named("t") is order_named("theory")


@pytest.mark.parametrize(
    "text", ["2", "h2", "t 2", "test 2", "Test H2", "dig into 2", "please test 2", "it's 2", "tset 2"]
)
def test_a_number_or_a_label_picks_the_theory_to_test(text: str) -> None:
    assert meant(text).value == Test(hypothesis=SLOW)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("reject 3", ""), ("not 3", ""), ("r 3: the switch is new", "the switch is new"),
     ("reject 3 as the switch is new", "the switch is new"), ("reject H3 the switch is new", "the switch is new"),
     ("reject 3, the switch is new", "the switch is new"),
     ("rule out H3, because the switch is new", "the switch is new")],
)  # fmt: skip
def test_a_rejection_takes_a_reason_or_none(text: str, reason: str) -> None:
    assert meant(text).value == Reject(hypothesis=DELAY, reason=reason)


@pytest.mark.parametrize(
    ("text", "order", "reason"),
    [("rule out 1 bad pod", "reject", "bad pod"), ("not 1 pod of payments", "reject", "pod of payments"),
     ("test 1 pod of payments", "test", "pod of payments"), ("reject 1.5 s latency", "reject", "5 s latency")],
)  # fmt: skip
def test_a_number_that_may_count_something_is_no_order_yet(text: str, order: str, reason: str) -> None:
    first, *_ = asked(text).options
    assert first.order.name == order
    assert isinstance(first.order.value, Reject | Test)
    assert (first.order.value.hypothesis, first.order.value.reason) == (POOL, reason)
    assert "account 1, H1" in first.text


def test_a_number_that_no_account_has_acts_on_none_by_itself() -> None:
    choice = asked("reject 500 of orders")
    assert [one.order.value for one in choice.options] == [Reject(hypothesis=POOL)]
    assert isinstance(understand("reject 500 bananas", desk()), Back)


@pytest.mark.parametrize("text", ["3 pods of orders are OOM killed", "it's 1 full disk on payments"])
def test_a_theory_that_begins_with_a_count_is_a_theory(text: str) -> None:
    parsed = understand(text, desk())
    orders_ = [parsed] if isinstance(parsed, Ordered) else [one.order for one in getattr(parsed, "options", ())]
    theories = [one.value for one in orders_ if isinstance(one.value, Theory)]
    assert theories
    assert {one.said.partition(" ")[0] for one in theories} <= {"3", "1"}, "in the person's words"


@pytest.mark.parametrize("text", ["theory 2", "it's 2.", "theory H2 is my bet"])
def test_a_theory_that_is_only_a_reference_is_the_account_there(text: str) -> None:
    assert meant(text).value == Test(hypothesis=SLOW)


@pytest.mark.parametrize("text", ["look at payments", "l payments", "focus on the payments", "only paymnets"])
def test_a_part_to_look_at_is_known_by_its_name_also_misspelt(text: str) -> None:
    value = meant(text).value
    assert isinstance(value, Look)
    assert (value.look, value.avoid) == ((PAYMENTS,), ())


@pytest.mark.parametrize("text", ["ignore frontend", "don't look at the frontend", "not forntend", "IGNORE FRONTEND"])
def test_a_part_to_leave_out(text: str) -> None:
    value = meant(text).value
    assert isinstance(value, Look)
    assert (value.look, value.avoid) == ((), (FRONTEND,))


@pytest.mark.parametrize(("text", "area"), [("not the network", "network"), ("ignore the db", "database")])
def test_a_field_of_work_to_leave_out(text: str, area: str) -> None:
    value = meant(text).value
    assert isinstance(value, Look)
    assert value.avoid_areas == (area,)


def test_a_word_that_is_a_field_and_part_of_a_name_is_no_guess() -> None:
    named = replace(listed(), entities=(*listed().entities, service("card-network")))
    choice = understand("do not look at the network", desk(named))
    assert isinstance(choice, Choice)
    assert [one.text for one in choice.options] == [
        "leave out the field of network",
        "leave out service shop/card-network",
    ]
    first = choice.options[0].order.value
    assert isinstance(first, Look)
    assert first.avoid_areas == ("network",)
    whole = understand("do not look at the card-network", desk(named))
    assert isinstance(whole, Ordered), "its whole name is no field"
    called = replace(listed(), entities=(*listed().entities, service("network")))
    assert isinstance(understand("do not look at the network", desk(called)), Ordered)


def test_what_is_only_a_field_of_work_is_answered_with_a_choice() -> None:
    choice = asked("it's the database")
    assert [option.order.name for option in choice.options] == ["test", "test", "look"]
    assert [option.order.value for option in choice.options[:2]] == [Test(hypothesis=POOL), Test(hypothesis=SLOW)]


def test_a_theory_on_the_board_comes_before_what_else_the_words_may_mean() -> None:
    choice = asked("orders pool is exhausted")
    first, *others = choice.options
    assert first.order.value == Test(hypothesis=POOL, reason="orders pool is exhausted")
    assert others
    assert all(isinstance(option.order.value, Theory) and option.order.asks for option in others)
    assert choice.lines[1].startswith("  1 H1")


@pytest.mark.parametrize(
    "text", ["payments disk full", "I think it's a full disk on payments", "disk full at paymnets"]
)
def test_a_theory_of_ones_own_is_a_mechanism_at_a_part(text: str) -> None:
    order = meant(text)
    assert order.asks
    assert isinstance(order.value, Theory)
    assert (order.value.mechanism.id, order.value.entity) == ("disk_full", PAYMENTS)


def test_words_that_fit_no_mechanism_and_no_part_are_asked_back() -> None:
    parsed = understand("banana", desk())
    assert isinstance(parsed, Back)
    assert "banana" in parsed.lines[0]
    assert "pool is exhausted" in parsed.lines[0]  # an example that works


@pytest.mark.parametrize("text", ["stop", "Stop!", "stop it", "please stop now", "s"])
def test_an_order_that_stands_alone(text: str) -> None:
    assert meant(text).name == "stop"


def test_a_sentence_that_begins_with_stop_is_no_order_to_stop() -> None:
    assert all(option.order.name != "stop" for option in asked("stop the retries").options)


def test_who_to_call_and_why() -> None:
    assert (
        meant("escalate to the database team, they own the schema")
        .show(desk())[0]
        .startswith("Recorded: escalated to database team.")
    )


def test_of_two_parts_that_share_the_word_a_person_chooses() -> None:
    primary, replica = service("ledger-primary"), service("ledger-replica")
    board = believed_board(
        {theory("deadlock", primary, "H1"): 0.5}, entities=(primary, replica, ORDERS), dependencies=()
    )
    parsed = understand("look at ledger", desk(board))
    assert isinstance(parsed, Choice)
    assert len(parsed.options) == 2


@pytest.mark.parametrize(
    "text",
    ["everything is down, help", "HELP!!", "help help help", "EVERYTHING IS DOWN", "evrything is brokn pls help",
     "what do i do", "omg nothing works", "SOS", "everyting down!!!", "???", "heeelp!!"],
)  # fmt: skip
def test_panic_is_answered_with_what_is_known_the_next_key_and_how_to_get_help(text: str) -> None:
    parsed = understand(text, desk())
    assert isinstance(parsed, Back)
    assert parsed.panic
    known, key, help_ = parsed.lines
    assert "web" in known
    assert "H1" in known
    assert "Next: 1 tests it" in key
    assert "escalate" in help_


@pytest.mark.parametrize("text", ["help", "orders pool is down", "the help desk is slow", "all of it is in orders"])
def test_calm_words_are_no_panic(text: str) -> None:
    parsed = understand(text, desk())
    assert not (isinstance(parsed, Back) and parsed.panic)


def test_panic_before_anything_is_known_is_answered_calmly_too() -> None:
    parsed = understand("HELP!!", desk(listed(observations={}, hypotheses={}, accounts=(), posterior=None, round=0)))
    assert isinstance(parsed, Back)
    assert "first look is under way" in parsed.lines[0]


@pytest.mark.parametrize(
    ("a", "b", "slips"), [("pause", "puase", 1), ("orders", "order", 1), ("a", "b", 1), ("x", "x", 0)]
)
def test_slips_between_words(a: str, b: str, slips: int) -> None:
    assert distance(a, b, 3) == distance(b, a, 3) == slips
