"""Which entries hold where: what contains a thing, the nearest of one id, and the day they run out."""

from __future__ import annotations

from datetime import date

import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.team import Level, Reach
from compass.domain.time import from_rfc3339
from compass.projections.team.reach import covers, holding, holding_anywhere, in_force
from tests.support.boards import LEDGER, ORDERS
from tests.support.knowing import about, normal, of_instance, of_service

WORKLOAD = EntityRef(kind=EntityKind.WORKLOAD, name="orders-api", namespace="shop")
POD = EntityRef(kind=EntityKind.POD, name="orders-api-1", namespace="shop")
INSIDE = {POD: WORKLOAD, WORKLOAD: ORDERS}
NOW_NS = from_rfc3339("2026-11-26T10:00:00Z") or 0


@pytest.mark.parametrize(
    ("reach", "entity", "holds"),
    [
        (Reach(), LEDGER, True),
        (Reach(level=Level.TEAM, name="payments"), LEDGER, True),
        (of_service("orders"), ORDERS, True),
        (of_service("orders"), POD, True),
        (of_service("orders-api"), POD, True),
        (of_service("orders"), LEDGER, False),
        (of_service("orders", "shop"), POD, True),
        (of_service("orders", "other"), POD, False),
        (of_instance("orders-api-1"), POD, True),
        (of_instance("orders"), ORDERS, False),
        (Reach(namespace="other"), ORDERS, False),
        (Reach(namespace="shop"), ORDERS, True),
    ],
)
def test_what_a_reach_covers(reach: Reach, entity: EntityRef, holds: bool) -> None:
    assert covers(reach, entity, INSIDE) is holds


def test_containment_in_a_circle_ends() -> None:
    assert not covers(of_service("orders"), POD, {POD: WORKLOAD, WORKLOAD: POD})


def test_the_nearest_reach_of_one_id_replaces_the_others_there_and_nowhere_else() -> None:
    everywhere, here, other = (
        normal(about("cpu.up")),
        normal(about("gc.up"), of_service("orders")),
        normal(about("cpu.up"), id="other"),
    )
    assert holding((everywhere, other, here), POD, INSIDE, NOW_NS) == (other, here)
    assert holding((everywhere, other, here), LEDGER, INSIDE, NOW_NS) == (everywhere, other)


def test_an_entry_that_ran_out_replaces_none() -> None:
    everywhere = normal(about("cpu.up"))
    over = normal(about("gc.up"), of_service("orders"), until=date(2026, 11, 26))
    assert holding((everywhere, over), POD, INSIDE, NOW_NS) == (everywhere,)


def test_an_entry_holds_up_to_the_day_it_names() -> None:
    assert in_force(normal(about("cpu.up"), until=date(2026, 11, 27)), NOW_NS)
    assert not in_force(normal(about("cpu.up"), until=date(2026, 11, 26)), NOW_NS)


def test_entries_that_hold_for_any_of_several_stay_in_their_order() -> None:
    one, two = normal(about("cpu.up"), of_service("ledger")), normal(about("cpu.up"), of_service("orders"), id="b")
    nobody = normal(about("cpu.up"), of_service("nobody"), id="c")
    assert holding_anywhere((two, nobody, one), (LEDGER, ORDERS), {}, NOW_NS) == (two, one)
