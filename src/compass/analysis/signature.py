"""What an incident looks like, without times, numbers or (in its signs) names: what later incidents are compared by."""

from __future__ import annotations

from compass.analysis.graph import ServiceGraph, build_graph
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.learned import Signature
from compass.domain.observation import Observation, Verdict
from compass.domain.sign import CRITICAL, SIGNS

PAGED, DEPENDENCY, DEPENDANT, ELSEWHERE = "paged", "dependency", "dependant", "elsewhere"
MOST_WORDS = 24
"""Facts that the words of a signature are made of: the strongest ones; a long tail would drown them."""


def signature_of(board: Board) -> Signature:
    """The signature of what was measured to be abnormal; what the page or an alert only says is left out.

    A sign stands once for each role (see `Signature`), at its greatest strength, rounded so that equal data gives equal
    signatures. Without a paged service that the telemetry knows, the role is that of the first entry point hit.
    """
    graph = build_graph(board.dependencies, board.containment)
    seen = [
        o for o in board.observations.values() if o.verdict is Verdict.ANOMALY and not o.told and o.sign != CRITICAL
    ]
    centre = _centre(board, graph, seen)
    signs: dict[str, float] = {}
    for o in seen:
        key = f"{o.sign}@{_role(graph, centre, o.entity)}"
        signs[key] = max(signs.get(key, 0.0), round(o.strength, 3))
    services = {graph.owner(o.entity).key for o in seen if not o.sign.startswith("change.")}
    return Signature(
        signs=dict(sorted(signs.items())), services=tuple(sorted(services)), words=_words(graph, centre, seen)
    )


def _centre(board: Board, graph: ServiceGraph, seen: list[Observation]) -> EntityRef | None:
    name = board.incident.service if board.incident is not None else None
    known = [e for e in board.entities if e.name == name and e.kind is EntityKind.SERVICE]
    if known:
        return known[0]
    hit = {graph.owner(o.entity) for o in seen}
    return next((e for e in graph.entry_points() if e in hit), None)


def _role(graph: ServiceGraph, centre: EntityRef | None, entity: EntityRef) -> str:
    if centre is None:
        return ELSEWHERE
    owner, start = graph.owner(entity), graph.owner(centre)
    if owner == start:
        return PAGED
    if owner in graph.downstream(start):
        return DEPENDENCY
    return DEPENDANT if owner in graph.upstream(start) else ELSEWHERE


def _words(graph: ServiceGraph, centre: EntityRef | None, seen: list[Observation]) -> str:
    """What a person would say of it: what signs mean, where, and the statements that were logged.

    No free text of the page: it names times, numbers and links, and whoever wrote the alert decides what it says.
    """
    said: list[str] = []
    for o in sorted(seen, key=lambda o: (-o.strength, o.sign, o.entity.key, o.id)):
        owner = graph.owner(o.entity)
        meaning = SIGNS.get(o.sign, o.sign)
        said.append(f"{meaning} at {owner.kind.value} {owner.name} ({_role(graph, centre, o.entity)})")
        said += o.statements[:2]
    return "; ".join(list(dict.fromkeys(said))[:MOST_WORDS])
