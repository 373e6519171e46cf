"""*What* is happening and *where*: symptoms, affected and unaffected parts, who notices."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import RUNS_ON
from compass.domain.observation import CLEAR, Observation, Verdict
from compass.projections.view import Checked, Fact, Situation

# Signs a user or a caller would notice, the most telling first. The rest is about the inside.
SYMPTOMS = (
    "errors.up", "success.down", "latency.up", "client_latency.up", "trace.errors_up", "traffic.down",
    "k8s.unready", "k8s.replicas_missing", "release.edge_errors", "log.errors_up",
)  # fmt: skip
AFFECTED_FROM = CLEAR
_OF_REQUESTS = {
    "latency.up": "latency", "errors.up": "errors", "success.down": "success ratio", "traffic.up": "traffic",
    "traffic.down": "traffic", "release.edge_errors": "failing calls", "db.latency_up": "statement latency",
    "db.traffic_up": "statements", "cache.hit_down": "cache hits", "retries.up": "retries", "rate_limited": "refusals",
}  # fmt: skip
_OTHERWISE = frozenset({"log.novel", "log.surge", "log.gone", "log.path_changed", "trace.structure_changed"})
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


def request_signal(sign: str) -> str:
    """What of requests the sign speaks about, in a word or two; empty when it is not about requests to its entity."""
    if sign in _OF_REQUESTS:
        return _OF_REQUESTS[sign]
    return {"trace": "traces", "log": "logs"}.get(sign.split(".")[0], "")


def situation(board: Board) -> Situation:
    """Affected: symptoms above AFFECTED_FROM. Unaffected only where a signal of requests was measured and is normal."""
    worst: dict[EntityRef, float] = {}
    normal: dict[EntityRef, set[str]] = {}
    abnormal: dict[EntityRef, set[str]] = {}
    for o in board.observations.values():
        entity = owner_of(board, o.entity)
        if entity.kind not in NOISE_FREE or o.verdict is Verdict.UNKNOWN:
            continue
        if o.verdict is Verdict.ANOMALY and o.strength >= AFFECTED_FROM:
            abnormal.setdefault(entity, set()).add(o.sign)
            if o.sign in SYMPTOMS:
                worst[entity] = max(worst.get(entity, 0.0), o.strength)
        elif request_signal(o.sign):
            normal.setdefault(entity, set()).add(request_signal(o.sign))
    first, doors = paged(board), {paged(board), *entry_points(board)}
    affected = sorted(worst, key=lambda e: (e != first, -worst[e], e))
    strained = sorted(e for e in abnormal if e not in worst and not all(map(only_changed, abnormal[e])))
    checked = []
    for entity in sorted(normal.keys() - worst.keys() - set(strained)):
        otherwise = abnormal.get(entity, set())
        # What its own programs write does not show that the requests of users come through.
        words = normal[entity] - {request_signal(sign) for sign in otherwise} - ({"logs"} if entity in doors else set())
        if words:
            other = sorted(sign for sign in otherwise if not sign.startswith("change."))
            checked.append(Checked(entity=entity, normal=tuple(sorted(words)), otherwise=tuple(other)))
    unaffected = [c.entity for c in checked]
    return Situation(
        symptoms=_symptoms(board), affected=tuple(affected), unaffected=tuple(unaffected),
        notices=_notices(board, set(affected)), strained=tuple(strained), checked=tuple(checked),
        unmeasured=tuple(sorted(_known(board) - {*affected, *strained, *unaffected})),
    )  # fmt: skip


def only_changed(sign: str) -> bool:
    """It behaves otherwise, or was changed; that alone is no harm."""
    return sign in _OTHERWISE or sign.startswith("change.")


def _known(board: Board) -> set[EntityRef]:
    ends = (e for d in board.dependencies if d.kind != RUNS_ON for e in (d.caller, d.callee))
    listed = (*board.entities, *ends, *(o.entity for o in board.observations.values()))
    return {owner for owner in (owner_of(board, e) for e in listed) if owner.kind in NOISE_FREE}


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
