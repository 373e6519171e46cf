"""What an on-call engineer types at 3 a.m.: a sentence that begins like an order is none until the person says so."""

from __future__ import annotations

import pytest

from compass.domain.board import Board
from compass.domain.commanded import SetAside
from compass.investigation.commanding import Back, Choice, Ordered, understand
from compass.investigation.commanding.escalate import SOMEBODY, Escalate
from compass.investigation.commanding.look import Look
from compass.investigation.commanding.plain import said_of
from compass.investigation.commanding.reject import Reject
from compass.investigation.commanding.test import Test
from compass.investigation.commanding.words import denies, parted
from compass.projections.board import fold_all
from tests.support.boards import ORDERS, events
from tests.support.commanding import DELAY, FRONTEND, PAYMENTS, POOL, SLOW, desk, listed

SEEN = (
    "not enough memory on orders", "not responding: payments", "it's not responding on payments",
    "not sure, maybe payments", "not payments' fault", "not only payments", "not just payments, orders too",
    "isn't payments the problem?", "it's not the network it's the db", "not again, payments is down",
    "not the network, its the db", "i think it's not payments", "i dont think its the network",
    "i don't think it is the pool", "no way its the pool", "ignore what payments logs", "skip to payments 5xx",
    "check if payments is up", "only payments is slow", "look, payments is dead",
    "check constraint violation on orders",
    "took 5 s on payments", "checks fail on payments", "look at payments, maybe orders", "focus: payments has 5xx",
    "drop rate is up on web", "drop in traffic at frontend", "drops on the network", "tests are failing on payments",
    "try restarting payments", "verify payments is up", "call latency to payments is up",
    "page load is slow on frontend", "page faults on ledger", "notify service is down", "calls to payments are slow",
    "u sure?", "u sure its the db", "s the pool", "p 5 pods down", "r the pods ok", "c is slow", "stop?", "pause?",
    "undo the deploy", "undo the last deploy on payments", "restore from backup", "take back the release",
    "bring back payments", "reject 3?", "should i reject 3?", "escalate to bob?", "h2 is wrong", "H2 no", "2 is wrong",
    "1 is nonsense", "2?", "1 or 2?", "2 and 3", "reject 1, 2", "reject 1 and 2", "don't reject 3", "do not test 2",
    "dont stop", "never escalate", "hold on, payments is down", "wait a minute", "enough memory on payments",
    "payments is fine", "payments disk is not full", "stop payments", "end of month batch", "cancel that order",
)  # fmt: skip
ORDERED = (
    ("not the network", Look(avoid_areas=("network",))), ("not the db, its fine", Look(avoid_areas=("database",))),
    ("not the network, the switch is new", Look(avoid_areas=("network",))),
    ("it is not payments", Look(avoid=(PAYMENTS,))), ("ignore payments for now", Look(avoid=(PAYMENTS,))),
    ("ignore the payments pods please", Look(avoid=(PAYMENTS,))), ("ignroe payments", Look(avoid=(PAYMENTS,))),
    ("look at the logs of payments", Look(look=(PAYMENTS,))), ("look at payments, please", Look(look=(PAYMENTS,))),
    ("could you look at payments?", Look(look=(PAYMENTS,))), ("check payments", Look(look=(PAYMENTS,))),
    ("only the db", Look(look_areas=("database",))), ("look everywhere", Look(everywhere=True)),
    ("look at everything again", Look(everywhere=True)), ("look at everything but payments", Look(avoid=(PAYMENTS,))),
    ("look at payments not at the db", Look(look=(PAYMENTS,), avoid_areas=("database",))),
    ("look at orders, not payments", Look(look=(ORDERS,), avoid=(PAYMENTS,))),
    ("look at the frontend but not the network", Look(look=(FRONTEND,), avoid_areas=("network",))),
    ("not payments but orders", Look(look=(ORDERS,), avoid=(PAYMENTS,))),
    ("look at 2", Test(hypothesis=SLOW)), ("check H2", Test(hypothesis=SLOW)), ("2", Test(hypothesis=SLOW)),
    ("can you test 2?", Test(hypothesis=SLOW)), ("not 3", Reject(hypothesis=DELAY)),
    ("its not the pool", Reject(hypothesis=POOL)), ("reject the pool theory", Reject(hypothesis=POOL)),
    ("rule out the network theory because the switch is new", Reject(hypothesis=DELAY, reason="the switch is new")),
    ("reject 1 because nothing is working there", Reject(hypothesis=POOL, reason="nothing is working there")),
    ("escalate now", Escalate(to=SOMEBODY)), ("escalate please", Escalate(to=SOMEBODY)),
    ("escalate this to sev1", Escalate(to="sev1")), ("page the dba on call", Escalate(to="dba on call")),
    ("loop in the payments team", Escalate(to="payments team")),
    ("escalate - the dba: everything is down", Escalate(to="dba", reason="everything is down")),
    ("hand over to ada because all of prod is down", Escalate(to="ada", reason="all of prod is down")),
)  # fmt: skip


def aside() -> Board:
    """One theory is set aside: what takes it back by mistake is seen."""
    return fold_all(events([SetAside(hypothesis=DELAY.id, by="human")], first_seq=90), listed())


@pytest.mark.parametrize("text", SEEN)
def test_a_sentence_is_answered_and_ordered_by_nobody_yet(text: str) -> None:
    parsed = understand(
        text, desk(aside() if text.startswith(("u ", "undo", "restore", "take", "bring")) else listed())
    )
    assert not isinstance(parsed, Ordered) or parsed.asks, parsed


@pytest.mark.parametrize(("text", "value"), ORDERED)
def test_an_order_that_says_nothing_else_is_given_at_once(text: str, value: object) -> None:
    parsed = understand(text, desk())
    assert isinstance(parsed, Ordered), parsed
    given = parsed.value
    if isinstance(given, Look):
        assert given.said
        given = Look(
            look=given.look, avoid=given.avoid, look_areas=given.look_areas, avoid_areas=given.avoid_areas,
            everywhere=given.everywhere,
        )  # fmt: skip
    assert given == value


def test_the_choice_names_the_order_first_and_then_the_same_words_as_a_theory() -> None:
    choice = understand("not enough memory on orders", desk())
    assert isinstance(choice, Choice)
    first, *others = choice.options
    assert first.text == "order: look not at service shop/orders"
    assert isinstance(first.order.value, Look)
    assert others
    assert all(one.order.name in ("theory", "test") for one in others)
    assert len({one.text for one in choice.options}) == len(choice.options), "each says what only it is"


def test_what_is_said_of_an_account_may_mean_two_things() -> None:
    choice = understand("H2 is wrong, the plan is old", desk())
    assert isinstance(choice, Choice)
    assert [one.order.value for one in choice.options] == [
        Test(hypothesis=SLOW, reason="is wrong, the plan is old"),
        Reject(hypothesis=SLOW, reason="is wrong, the plan is old"),
    ]


def test_what_is_fine_may_be_left_out() -> None:
    choice = understand("payments is fine", desk())
    assert isinstance(choice, Choice)
    assert Look(avoid=(PAYMENTS,), said="payments is fine") in [one.order.value for one in choice.options]


def test_an_order_that_is_denied_orders_nothing_and_says_so() -> None:
    back = understand("please don't stop", desk())
    assert isinstance(back, Back)
    assert "Nothing is ordered" in back.lines[0]


@pytest.mark.parametrize(
    "text", ["everything is down, call someone!!", "stop everything is down", "look everything is down"]
)
def test_a_cry_stays_a_cry(text: str) -> None:
    parsed = understand(text, desk())
    assert isinstance(parsed, Back)
    assert parsed.panic


@pytest.mark.parametrize(
    "text",
    ["everything is fine", "everything works again", "all is working now", "nothing is down", "nothing is broken",
     "production is out of disk", "all nodes of orders are out of memory"],
)  # fmt: skip
def test_good_news_and_what_says_what_is_wrong_are_no_cry(text: str) -> None:
    parsed = understand(text, desk())
    assert not (isinstance(parsed, Back) and parsed.panic)
    assert not isinstance(parsed, Ordered) or parsed.asks


@pytest.mark.parametrize(
    "text", ["nothing works", "nothing is working", "everything is not working", "prod is donw", "all pods are gone"]
)
def test_that_all_is_gone_is_a_cry(text: str) -> None:
    parsed = understand(text, desk())
    assert isinstance(parsed, Back)
    assert parsed.panic


@pytest.mark.parametrize(
    ("text", "head", "reason"),
    [("the db, its fine", "the db", "its fine"), ("payments because x", "payments", "x"), ("payments", "payments", ""),
     (", payments", ", payments", ""), ("10:30 peak", "10:30 peak", ""), ("db - too slow", "db", "too slow")],
)  # fmt: skip
def test_a_reason_stands_behind_a_mark_or_a_because(text: str, head: str, reason: str) -> None:
    assert parted(text) == (head, reason)


@pytest.mark.parametrize(
    ("text", "no"), [("isn’t full", True), ("was not full", True), ("knot", False), ("can't", True), ("nothing", False)]
)
def test_what_is_denied(text: str, no: bool) -> None:
    assert denies(text) is no


def test_what_words_say_besides_naming() -> None:
    assert said_of("the payments pods", desk()).clear
    assert said_of("the pool of orders", desk(), POOL).clear
    assert said_of("payments is slow", desk()).more == ("is", "slow")
    assert not said_of("payments, orders", desk()).clear
