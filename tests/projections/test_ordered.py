"""What people ordered, as it stands after each order."""

from __future__ import annotations

from functools import reduce

from compass.domain import commanded as o
from compass.domain.board import Orders
from compass.domain.entity import EntityKind, EntityRef
from compass.projections.ordered import fold_orders

ORDERS = EntityRef(kind=EntityKind.SERVICE, name="orders")


def after(*payloads: object) -> Orders:
    return reduce(lambda orders, payload: fold_orders(payload, orders), payloads, Orders())


def test_a_theory_set_aside_stays_so_until_it_is_restored() -> None:
    aside = o.SetAside(hypothesis="h1", by="human", reason="we looked")
    assert after(aside).aside == {"h1": "we looked"}
    assert after(aside, o.SetAside(hypothesis="h1", by="human", restored=True)).aside == {}


def test_a_new_scope_replaces_the_old_one() -> None:
    first = o.ScopeSet(by="human", look=(ORDERS,))
    assert after(first).look == (ORDERS,)
    assert after(first, o.ScopeSet(by="human", avoid=(ORDERS,))) == Orders(avoid=(ORDERS,))


def test_a_pause_ends_with_an_order_to_go_on_or_to_stop() -> None:
    pause = o.CommandGiven(command=o.Command.PAUSE)
    assert after(pause).paused
    assert not after(pause, o.CommandGiven(command=o.Command.CONTINUE)).paused
    assert not after(pause, o.CommandGiven(command=o.Command.STOP)).paused
    assert after(pause, o.CommandGiven(command=o.Command.TEST, argument="h1")).paused


def test_requests_answers_and_escalations_are_kept() -> None:
    asked = o.DataRequested(id="d1", hypothesis="h1", question="how many connections?")
    given = o.DataGiven(request="d1", by="human", text="10", bearing=o.Bearing.SUPPORTS)
    seen = after(asked, given, o.Escalated(by="human", to="database team"))
    assert seen.requested == {"d1": asked}
    assert seen.given == {"d1": given}
    assert seen.escalated == ("database team",)
