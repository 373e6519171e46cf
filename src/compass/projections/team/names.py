"""What a name that a team wrote down stands for in this system."""

from __future__ import annotations

from collections.abc import Collection

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef


def known_entities(board: Board) -> tuple[EntityRef, ...]:
    """Everything that this board names, in order."""
    ends = (end for d in board.dependencies for end in (d.caller, d.callee))
    inside = (ref for pair in board.containment.items() for ref in pair)
    seen = (o.entity for o in board.observations.values())
    return tuple(sorted({*board.entities, *ends, *inside, *seen}))


def named(
    name: str, known: Collection[EntityRef], *, kinds: Collection[EntityKind] = (), namespace: str = ""
) -> EntityRef | None:
    """The one thing of that name, of `kinds` (none: any; the first kind that there is one of) and in `namespace` ("":
    any). None where there is none, or where it could be several: nothing is said of the wrong one."""
    same = [one for one in known if one.name == name and (not namespace or one.namespace == namespace)]
    for kind in kinds:
        of_kind = [one for one in same if one.kind is kind]
        if of_kind:
            return of_kind[0] if len(of_kind) == 1 else None
    return same[0] if len(same) == 1 and not kinds else None
