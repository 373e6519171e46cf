"""What people's orders leave to be worked on. Orders bound future work; they hide nothing that was observed."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Hypothesis

_PLACES = frozenset({EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER})


def worked_on(hypothesis: Hypothesis, owner: str, board: Board) -> bool:
    """Whether a theory is still worked on: not set aside, and within the scope or expressly asked for by a person.

    `owner` is the specialist whose mechanism it is.
    """
    if hypothesis.id in board.orders.aside:
        return False
    return hypothesis.id in board.asked or in_scope(hypothesis.entity, owner, board)


def looked_into(area: str, board: Board) -> bool:
    """Whether people want a field of work looked into at all. Wanting a place wants it by whatever field."""
    orders = board.orders
    if area in orders.avoid_areas:
        return False
    return not orders.look_areas or area in orders.look_areas or bool(orders.look)


def in_scope(entity: EntityRef, owner: str, board: Board) -> bool:
    """Whether people want a place and a field of work looked at. What is to be left out wins over what is wanted.

    Leaving out a thing leaves out what it contains; wanting one wants what it contains and what contains it.
    """
    orders = board.orders
    chain = _chain(entity, board)
    if owner in orders.avoid_areas or any(_same(one, part) for one in orders.avoid for part in chain):
        return False
    if not orders.look and not orders.look_areas:
        return True
    wanted = any(_same(one, part) for one in orders.look for part in chain)
    wanted = wanted or any(_same(entity, part) for one in orders.look for part in _chain(one, board))
    return wanted or owner in orders.look_areas


def _chain(entity: EntityRef, board: Board) -> list[EntityRef]:
    line = [entity]
    while (parent := board.containment.get(line[-1])) is not None and parent not in line:
        line.append(parent)
    return line


def _same(a: EntityRef, b: EntityRef) -> bool:
    """One thing, also where one source calls it a service and another a workload or data store."""
    if a == b:
        return True
    if a.name != b.name or a.kind in _PLACES or b.kind in _PLACES:
        return False
    return a.namespace == b.namespace or not a.namespace or not b.namespace
