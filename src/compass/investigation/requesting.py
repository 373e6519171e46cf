"""What COMPASS asks a person for: data that a leading account rests on and that nothing connected shows. Pure.

What would be seen if the theory holds, and if not, is written down before anybody looks. COMPASS runs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.commanded import DataRequested
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.entity import EntityKind
from compass.domain.hypothesis import Hypothesis
from compass.domain.ids import id_of
from compass.domain.mechanism import Mechanism, Relation
from compass.domain.observation import Quality, Verdict
from compass.domain.proposed import Standing, is_proposal, standing_of
from compass.domain.sign import SIGNS, matches
from compass.domain.telemetry import HealthStatus
from compass.investigation.stores import STORES, store_command
from compass.projections.filler import Filler

LEADING, WORTH = 3, 0.05
"""How many of the list are asked about, and the belief from which one is worth a person's time."""
_COMMANDS: Mapping[str, str] = {
    "log": "kubectl logs deployment/{entity} -n {namespace} --since=30m --tail=200",
    "k8s": "kubectl get pods,events -n {namespace} -o wide", "restarts": "kubectl get pods -n {namespace} -o wide",
    "replicas": "kubectl get deployment {entity} -n {namespace} -o wide",
    "cpu": "kubectl top pod -n {namespace} --containers", "memory": "kubectl top pod -n {namespace} --containers",
    "change": "kubectl rollout history deployment/{entity} -n {namespace}",
    "release": "kubectl rollout history deployment/{entity} -n {namespace}",
}  # fmt: skip
"""By the first word of a sign: commands that only read, for what runs on Kubernetes."""
_PODS = frozenset({EntityKind.POD, EntityKind.CONTAINER, EntityKind.NAMESPACE})
_OF_STORES = frozenset({"db", "locks", "replication"})
_SETTLED = frozenset({Outcome.SURVIVED, Outcome.REFUTED})


def requests_of(board: Board, mechanisms: Mapping[str, Mechanism]) -> list[tuple[str, c.Payload]]:
    """New requests: one for each leading account, and for each untestable proposal, that rests on a gap."""
    found: list[tuple[str, c.Payload]] = []
    every = {**board.advice.stated, **mechanisms}
    for hypothesis in _asked_about(board):
        mechanism = every.get(hypothesis.mechanism)
        request = _request(hypothesis, mechanism, board) if mechanism is not None else None
        if request is not None and request.id not in board.orders.requested:
            found.append((f"request/{request.id}", request))
    return found


def _asked_about(board: Board) -> Iterable[Hypothesis]:
    """Only where attempts were made: before that, COMPASS can look itself."""
    if board.posterior is None or board.round < 2:
        return
    heads = {a.id: a.head for a in board.accounts}
    aside = board.orders.aside
    leading = [heads[key] for key, belief in board.posterior.ranked() if belief >= WORTH and heads[key] not in aside]
    for key in leading[:LEADING]:
        own = [a for a in board.attempts.values() if a.hypothesis == key and a.trigger is None]
        if own and _rests_on_a_gap(own):
            yield board.hypotheses[key]
    for hypothesis in board.hypotheses.values():
        proposed = is_proposal(hypothesis) and hypothesis.id not in aside and hypothesis.id not in leading
        if proposed and standing_of(hypothesis, board) is Standing.UNTESTABLE:
            yield hypothesis


def _rests_on_a_gap(own: list[DisproofAttempt]) -> bool:
    """Nothing direct settled it, and something was tried that could not be measured or read clearly."""
    direct = any(a.outcome in _SETTLED and a.quality is Quality.DIRECT for a in own)
    return not direct or any(a.outcome is Outcome.AMBIGUOUS for a in own)


def _request(hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> DataRequested | None:
    sign = _unmeasured(hypothesis, mechanism, board)
    if sign is None:
        return None
    fill = Filler(hypothesis.entity, None)
    told = SIGNS.get(sign, sign)
    check = fill(mechanism.check[0]) if mechanism.check else ""
    return DataRequested(
        id=id_of("r", hypothesis.id, sign), hypothesis=hypothesis.id,
        question=check or f"Is this so at {hypothesis.entity}: {told}?", command=_command(sign, hypothesis, board),
        if_true=f"{told}, since about the onset", if_false=f"no sign of it: as before the onset ({told})",
    )  # fmt: skip


def _unmeasured(hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> str | None:
    """The first sign that must be seen at the place itself and was not measured; else the first that must."""
    measured = (o for o in board.observations.values() if o.verdict is not Verdict.UNKNOWN)
    seen = {o.sign for o in measured if o.entity == hypothesis.entity}
    wanted = [
        sign for p in (*mechanism.requires, *mechanism.expects) if p.at is Relation.SELF
        for sign in p.signs if sign in SIGNS
    ]  # fmt: skip
    unseen = (sign for sign in wanted if not any(matches(sign, known) for known in seen))
    return next(unseen, wanted[0] if wanted else None)


def _command(sign: str, hypothesis: Hypothesis, board: Board) -> str:
    """A command that only reads and fits what is known of the place, or nothing. Names are quoted for a shell."""
    place = hypothesis.entity
    if place.kind in STORES or sign.split(".")[0] in _OF_STORES:
        return store_command(sign, place, board)
    if not _on_kubernetes(board):
        return ""
    fill = Filler(place, None)
    if place.kind is EntityKind.NODE:
        return fill.command("kubectl describe node {entity}")
    return fill.command(_COMMANDS.get(sign.split(".")[0], ""))


def _on_kubernetes(board: Board) -> bool:
    """Whether anything says that the system runs there: its objects were read, or something is known by its pods or its
    namespace."""
    read = any(one.part == "kubernetes" and one.status is HealthStatus.OK for one in board.health)
    known = (*board.entities, *(h.entity for h in board.hypotheses.values()))
    return read or any(one.namespace or one.kind in _PODS for one in known)
