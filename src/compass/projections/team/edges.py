"""Dependencies that a team stated, as edges beside those that were observed; what was observed stands."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency
from compass.domain.team import Dependency as Stated
from compass.projections.team.names import known_entities, named
from compass.projections.team.reach import holding

STATED = "team"
"""Where an edge was learnt that only the team states."""
_CALLERS = (EntityKind.SERVICE, EntityKind.WORKLOAD)
_CALLED = (*_CALLERS, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, EntityKind.EXTERNAL)
"""As what telemetry may know it: the kind that is stated first."""


def with_stated(board: Board) -> Board:
    """The board with the edges that the team states and nothing has shown; the same value where there are none.

    What calls has to be known here: an entry about another system says nothing about this one. What is called need not
    be: that telemetry does not show it is why it is written down.
    """
    if board.team is None or board.incident is None or not board.team.dependencies:
        return board
    known, now_ns = known_entities(board), board.incident.now_ns
    shown = {(d.caller, d.callee) for d in board.dependencies}
    fresh: dict[tuple[EntityRef, EntityRef], Dependency] = {}
    for entry in board.team.dependencies:
        ends = _ends(entry, known)
        if ends is None or ends in shown or ends[0] == ends[1]:
            continue
        if any(entry is one for one in holding(board.team.dependencies, ends[0], board.containment, now_ns)):
            fresh.setdefault(ends, Dependency(caller=ends[0], callee=ends[1], seen=STATED))
    if not fresh:
        return board
    new = {end for pair in fresh for end in pair}
    return replace(
        board, dependencies=(*board.dependencies, *(fresh[key] for key in sorted(fresh))),
        entities=tuple(sorted({*board.entities, *new})),
    )  # fmt: skip


def _ends(entry: Stated, known: tuple[EntityRef, ...]) -> tuple[EntityRef, EntityRef] | None:
    namespace = entry.reach.namespace
    caller = named(entry.caller, known, kinds=_CALLERS, namespace=namespace)
    caller = caller or named(entry.caller, known, namespace=namespace)
    if caller is None:
        return None
    kinds = (entry.kind, *_CALLED)
    there = [one for one in known if one.name == entry.callee and one.kind in kinds]
    callee = named(entry.callee, known, kinds=kinds) or named(
        entry.callee, there, kinds=kinds, namespace=caller.namespace
    )
    if callee is not None:
        return caller, callee
    if there:
        return None  # it could be several
    inside = caller.namespace if entry.kind is not EntityKind.EXTERNAL else ""
    return caller, EntityRef(kind=entry.kind, name=entry.callee, namespace=inside, cluster=caller.cluster)
