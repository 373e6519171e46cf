from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.place import belief_by_place, counted_as, is_serving
from tests.support.boards import ORDERS, WEB, believed, theory

POD = EntityRef(kind=EntityKind.POD, name="orders-1")
CONTAINER = EntityRef(kind=EntityKind.CONTAINER, name="orders-1/app")
NODE = EntityRef(kind=EntityKind.NODE, name="n1")


def test_what_runs_for_a_service_counts_as_the_service() -> None:
    containment = {CONTAINER: POD, POD: ORDERS}
    assert [counted_as(e, containment) for e in (CONTAINER, POD, ORDERS)] == [ORDERS] * 3
    assert counted_as(POD, {POD: NODE}) == POD
    assert counted_as(NODE, {}) == NODE


def test_a_ring_of_parents_ends() -> None:
    assert counted_as(ORDERS, {ORDERS: WEB, WEB: ORDERS}) in (ORDERS, WEB)


def test_only_what_answers_others_is_serving() -> None:
    assert is_serving("service")
    assert is_serving("database")
    assert not is_serving("pod")
    assert not is_serving("node")


def test_a_place_has_the_belief_of_all_its_theories() -> None:
    pool, slow, pod = theory("pool", ORDERS, "H1"), theory("slow", WEB, "H2"), theory("slow", POD, "H3")
    board = replace(believed({slow: 0.3, pool: 0.25, pod: 0.2}), containment={POD: ORDERS})
    assert belief_by_place(board) == {ORDERS: pytest.approx(0.45), WEB: pytest.approx(0.3)}
    assert list(belief_by_place(board)) == [ORDERS, WEB]
    assert belief_by_place(Board()) == {}
