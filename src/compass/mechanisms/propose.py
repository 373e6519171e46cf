"""Turns anomalies into hypotheses: a mechanism at an entity, wherever everything it requires is seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.ids import id_of
from compass.domain.mechanism import Mechanism, Pattern, Relation
from compass.domain.observation import Observation
from compass.domain.time import Instant
from compass.mechanisms.loader import Catalogue
from compass.mechanisms.match import Match, SignIndex, evaluate, index, match_pattern, signs_of
from compass.mechanisms.symptoms import Closeness, closeness_of

LIMIT_PER_MECHANISM = 5
LIMIT_TOTAL = 60
PROPOSED_BY = "mechanisms"
SUPPORT_SHARE = 0.15  # how much of a lead comes from what is expected beside what is required
FORBIDDEN_SHARE = 0.3
CLOSENESS_SHARE = 0.1
MIN_LEAD = 0.08  # what only the words of the page suggest is no lead


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    match: Match
    lead: float
    score: float
    id: str


def propose(
    board: Board,
    catalogue: Catalogue,
    limit_per_mechanism: int = LIMIT_PER_MECHANISM,
    limit_total: int = LIMIT_TOTAL,
) -> tuple[Hypothesis, ...]:
    """New hypotheses, best lead first; those on the board are not proposed again, and count towards the limits.

    The label is left empty: the lead gives it. A board without an incident gives none.
    """
    if board.incident is None:
        return ()
    signs = index(board)
    closeness = closeness_of(board, signs.neighbours)
    candidates: list[_Candidate] = []
    for mechanism in catalogue.mechanisms:
        found = [c for m in instances(mechanism, signs) if (c := _candidate(m, closeness)).lead >= MIN_LEAD]
        found.sort(key=lambda c: (-c.score, c.id))
        candidates += found[:limit_per_mechanism]
    candidates.sort(key=lambda c: (-c.score, c.id))
    new = [c for c in candidates[:limit_total] if c.id not in board.hypotheses]
    return tuple(_hypothesis(candidate, board) for candidate in new)


def hypothesis_id(mechanism: str, entity: EntityRef) -> str:
    """One theory has one id, whoever proposes it and whenever."""
    return id_of("h", mechanism, entity.key)


def instances(mechanism: Mechanism, signs: SignIndex) -> tuple[Match, ...]:
    """The mechanism at every entity where all it requires is seen, in the order of the entities."""
    candidates: set[int] | None = None
    for pattern in mechanism.requires:
        if pattern.at is Relation.ANY:
            continue
        seen = _candidates(pattern, mechanism, signs)
        candidates = seen if candidates is None else candidates & seen
        if not candidates:
            return ()
    entities = [signs.neighbours.entities[i] for i in sorted(candidates or ())]
    return tuple(
        evaluate(mechanism, entity, signs)
        for entity in entities
        if all(match_pattern(pattern, entity, signs).matched for pattern in mechanism.requires)
    )


def lead_of(match: Match) -> float:
    """In [0, 1]: strength of what is required, by weight, and a little of what is expected where it was measured."""
    total = sum(p.pattern.weight for p in match.requires)
    base = sum(p.pattern.weight * p.strength for p in match.requires) / total if total else 0.0
    asked = [p for p in match.expects if p.matched or p.normal]
    weight = sum(p.pattern.weight for p in asked)
    if not weight:
        return base
    support = sum(p.pattern.weight * p.strength for p in asked) / weight
    return (1.0 - SUPPORT_SHARE) * base + SUPPORT_SHARE * support


def _candidates(pattern: Pattern, mechanism: Mechanism, signs: SignIndex) -> set[int]:
    """Entities of a kind the mechanism strikes for which some anomaly stands where the pattern looks."""
    around = signs.neighbours
    found: set[int] = set()
    for word in signs_of(pattern, signs.signs):
        for observation in signs.by_sign.get(word, ()):
            if pattern.at is Relation.PEER:
                starts: Iterable[int] = (around.numbers[observation.peer],) if observation.peer is not None else ()
            else:
                starts = around.seen_from(pattern.at, around.numbers[observation.entity])
            for start in starts:
                outermost = _resolve(start, mechanism, signs)
                if outermost is not None:
                    found.add(outermost)
    return found


def _resolve(number: int, mechanism: Mechanism, signs: SignIndex) -> int | None:
    """The outermost container of an entity that the mechanism can strike: a pod's sign speaks of its service."""
    around = signs.neighbours
    for i in reversed(around.chain[number]):
        if around.entities[i].kind in mechanism.strikes:
            return i
    return None


def _candidate(match: Match, closeness: Closeness) -> _Candidate:
    lead = lead_of(match)
    against = max((p.pattern.weight * p.strength for p in match.forbids), default=0.0)
    score = lead - FORBIDDEN_SHARE * against + CLOSENESS_SHARE * closeness.of(match.entity)
    identity = hypothesis_id(match.mechanism.id, match.entity)
    return _Candidate(match=match, lead=lead, score=round(score, 9), id=identity)


def _hypothesis(candidate: _Candidate, board: Board) -> Hypothesis:
    match, lead = candidate.match, round(min(1.0, max(0.0, candidate.lead)), 6)
    return Hypothesis(
        id=candidate.id, label="", mechanism=match.mechanism.id, entity=match.entity, onset=_onset(match, board),
        proposed_by=PROPOSED_BY, suggested_by=match.suggesting, lead=lead,
    )  # fmt: skip


def _onset(match: Match, board: Board) -> Instant:
    """The earliest time that what is required is known to have begun, else the incident's."""
    required: list[Observation] = [o for p in match.requires for o in p.matched]
    times = [o.since for o in required if o.since is not None]
    if times:
        return min(times)
    if board.onset is not None:
        return board.onset.instant
    if board.incident is None:
        raise ValueError("the board has no incident yet")
    return Instant(ns=board.incident.detected_ns)
