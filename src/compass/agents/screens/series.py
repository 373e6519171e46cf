"""Series that several screens share, and what of the board every metric screen needs."""

from __future__ import annotations

from collections.abc import Iterable

from compass.analysis import anomaly, findings
from compass.analysis.anomaly import Scores
from compass.analysis.graph import ServiceGraph, build_graph
from compass.analysis.releases import edge_of
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency
from compass.domain.telemetry import Answer, HealthStatus, ObjectKind, ObjectQuery, SignalKind, SignalQuery
from compass.domain.time import Window
from compass.ports.specialist import Look
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesTable


def whole_window(board: Board) -> Window:
    """Everything that may be read. Raises ValueError before the incident is known."""
    if board.incident is None:
        raise ValueError("the board has no incident yet")
    start = board.incident.window.start_ns
    return Window(start_ns=start, end_ns=max(start, board.incident.now_ns))


async def series_of(look: Look, kinds: frozenset[SignalKind]) -> Answer[SeriesTable]:
    """One query for all of `kinds` over the whole window. Telemetry keeps the answer for others who ask the same, while
    there is room: `shared` would keep all of them to the end."""
    query = SignalQuery(kinds=kinds, window=whole_window(look.board))
    return await look.telemetry.series(query, deadline=look.deadline)


async def objects_of(look: Look, kind: ObjectKind) -> Answer[ObjectTable]:
    """All objects of a kind in the whole window, shared."""
    window = whole_window(look.board)

    async def ask() -> Answer[ObjectTable]:
        return await look.telemetry.objects(ObjectQuery(kind=kind, window=window), deadline=look.deadline)

    return await look.shared.get(f"objects:{window.start_ns}:{window.end_ns}:{kind.value}", ask)


def gap_unless_named(board: Board, part: str, gap: str, hides: str) -> tuple[tuple[str, str], ...]:
    """A gap, unless the source check has already named the whole part as not connected: once is enough."""
    absent = {h.part for h in board.health if h.status is HealthStatus.NOT_CONNECTED}
    return () if part in absent else ((gap, hides),)


def graph_of(board: Board, table: SeriesTable | None = None) -> ServiceGraph:
    """The board's dependencies and containment, with the edges that series name."""
    plain = build_graph((), board.containment)
    edges: Iterable[Dependency] = ()
    if table is not None:
        pairs = {edge_of(row) for row in table.rows if row.peer is not None}
        edges = [Dependency(caller=plain.owner(a), callee=plain.owner(b), seen="series") for a, b in pairs]
    return build_graph([*board.dependencies, *edges], board.containment)


def scores_of(board: Board, table: SeriesTable, graph: ServiceGraph) -> Scores:
    """Every row since the onset against its baseline. Raises ValueError before there is an onset."""
    return anomaly.screen(table, board.baseline, board.during, findings.borrow_groups(table, graph))


def paged_entity(board: Board) -> EntityRef | None:
    """The entity that the page named, when it is known."""
    if board.incident is None or not board.incident.service:
        return None
    name = board.incident.service
    named = [e for e in board.entities if e.name == name]
    named.sort(key=lambda e: (e.kind is not EntityKind.SERVICE, e.key))
    return named[0] if named else None
