"""Where a finding counts: a container, pod or workload stands for what serves others through it."""

from __future__ import annotations

from collections.abc import Mapping

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef

_SERVING = frozenset({
    EntityKind.SERVICE, EntityKind.WORKLOAD, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE,
    EntityKind.EXTERNAL,
})  # fmt: skip
_DEEPEST = 8


def counted_as(entity: EntityRef, containment: Mapping[EntityRef, EntityRef]) -> EntityRef:
    """The entity that a finding counts for: a container or pod counts as its workload or service; others as they are.

    `containment` maps child to parent.
    """
    best, here = entity, entity
    for _ in range(_DEEPEST):
        parent = containment.get(here)
        if parent is None:
            break
        here = parent
        if here.kind in _SERVING:
            best = here
    return best


def is_serving(kind: str) -> bool:
    """Whether things of this kind are what a label calls a service: something that answers others."""
    return kind in _SERVING


def belief_by_place(board: Board) -> dict[EntityRef, float]:
    """The probability that the head of the right account is at each place, most first; empty without a posterior.

    The sum over all theories about one place: where it began is often clearer than what it was.
    """
    if board.posterior is None:
        return {}
    shares: dict[EntityRef, float] = {}
    for account in board.accounts:
        place = counted_as(board.hypotheses[account.head].entity, board.containment)
        shares[place] = shares.get(place, 0.0) + board.posterior.accounts.get(account.id, 0.0)
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0].key)))
