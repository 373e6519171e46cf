"""*What* is happening and *where*: symptoms, affected and unaffected parts, who notices."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import RUNS_ON
from compass.domain.observation import Observation, Verdict
from compass.projections.view import Fact, Situation

# Signs a user or a caller would notice. The rest is about the inside.
SYMPTOMS = (
    "errors.up", "success.down", "latency.up", "client_latency.up", "trace.errors_up", "traffic.down",
    "k8s.unready", "k8s.replicas_missing", "release.edge_errors", "log.errors_up",
)  # fmt: skip
AFFECTED_FROM = 0.5  # strength: six robust standard deviations on the scale of agents.observe
NOISE_FREE = frozenset({EntityKind.SERVICE, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE})


def owner_of(board: Board, entity: EntityRef) -> EntityRef:
    """The service (or the outermost known thing short of node and namespace) that contains `entity`."""
    seen = {entity}
    current = entity
    while current.kind not in NOISE_FREE:
        parent = board.containment.get(current)
        if parent is None or parent in seen or parent.kind in (EntityKind.NODE, EntityKind.NAMESPACE):
            break
        seen.add(parent)
        current = parent
    return current


def entry_points(board: Board) -> tuple[EntityRef, ...]:
    """Services that call others and that nobody calls: where users come in."""
    calls = [d for d in board.dependencies if d.kind != RUNS_ON]
    callers = {d.caller for d in calls}
    callees = {d.callee for d in calls}
    return tuple(sorted(e for e in callers - callees if e.kind is EntityKind.SERVICE))


def paged(board: Board) -> EntityRef | None:
    """The entity that the page named, when the telemetry knows it."""
    name = board.incident.service if board.incident else None
    return next((e for e in board.entities if e.name == name and e.kind is EntityKind.SERVICE), None)


def situation(board: Board) -> Situation:
    """Affected: symptoms above AFFECTED_FROM. Unaffected: measured, and nothing abnormal beyond noise."""
    worst: dict[EntityRef, float] = {}
    measured: set[EntityRef] = set()
    abnormal: set[EntityRef] = set()
    for o in board.observations.values():
        entity = owner_of(board, o.entity)
        if entity.kind not in NOISE_FREE or o.verdict is Verdict.UNKNOWN:
            continue
        measured.add(entity)
        if o.verdict is Verdict.ANOMALY and o.strength >= AFFECTED_FROM:
            abnormal.add(entity)
        if o.verdict is Verdict.ANOMALY and o.sign in SYMPTOMS:
            worst[entity] = max(worst.get(entity, 0.0), o.strength)
    first = paged(board)
    affected = sorted((e for e, s in worst.items() if s >= AFFECTED_FROM), key=lambda e: (e != first, -worst[e], e))
    unaffected = sorted(measured - abnormal)
    return Situation(
        symptoms=_symptoms(board), affected=tuple(affected), unaffected=tuple(unaffected),
        notices=_notices(board, set(affected)),
    )  # fmt: skip


def _symptoms(board: Board) -> tuple[Fact, ...]:
    """What users feel first: the paged service, then entry points, then by strength."""
    first, doors = paged(board), set(entry_points(board))

    def order(o: Observation) -> tuple[bool, bool, bool, int, float, str]:
        entity = owner_of(board, o.entity)
        measured_again = o.agent not in board.specialists  # a specialist's own words read better
        return entity != first, entity not in doors, measured_again, SYMPTOMS.index(o.sign), -o.strength, o.id

    seen = [o for o in board.anomalies() if o.sign in SYMPTOMS and o.strength >= AFFECTED_FROM]
    seen.sort(key=order)
    return tuple(Fact(label=board.observation_labels.get(o.id, "E?"), observation=o) for o in seen)


def _notices(board: Board, affected: set[EntityRef]) -> tuple[EntityRef, ...]:
    doors = [e for e in entry_points(board) if e in affected]
    first = paged(board)
    return tuple(dict.fromkeys([*([first] if first else []), *doors]))
