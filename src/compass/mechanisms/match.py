"""Holds one mechanism against the signs around one entity: matched, contradicted, or not measured.

Absence counts only where it was looked for: a NORMAL observation with complete coverage contradicts, anything
else about a sign that was not seen says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.mechanism import Mechanism, Pattern, Relation
from compass.domain.observation import QUALITY_WEIGHT, Observation, Verdict
from compass.domain.sign import matches
from compass.mechanisms.neighbours import Neighbours, neighbours_of

OTHER_SIGNS_SHARE = 0.3  # as the likelihood table's share for evidence of one group
Cells = Mapping[tuple[str, int], tuple[Observation, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIndex:
    """Observations by (sign, entity number): anomalies, and normal results under complete coverage.

    `by_peer` holds both for observations that name the entity as their other end. `signs` are those on the board.
    """

    neighbours: Neighbours
    anomalies: Cells
    normals: Cells
    peer_anomalies: Cells
    peer_normals: Cells
    by_sign: Mapping[str, tuple[Observation, ...]]  # anomalies
    normal_by_sign: Mapping[str, tuple[Observation, ...]]
    signs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternMatch:
    """What the board says about one pattern. `matched`: strongest first. `normal`: measured and not abnormal.

    `measured` is the share of the pattern's alternatives that a normal result speaks about.
    """

    pattern: Pattern
    matched: tuple[Observation, ...]
    normal: tuple[Observation, ...] = ()
    measured: float = 0.0

    @property
    def contradicted(self) -> bool:
        """Looked for with complete coverage, and nothing of it is there."""
        return not self.matched and bool(self.normal)

    @property
    def strength(self) -> float:
        """In [0, 1]: see `combined_strength`."""
        return combined_strength(self.matched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One mechanism at one entity."""

    mechanism: Mechanism
    entity: EntityRef
    requires: tuple[PatternMatch, ...]
    expects: tuple[PatternMatch, ...]
    forbids: tuple[PatternMatch, ...]

    @property
    def suggesting(self) -> frozenset[str]:
        """Ids of the observations that match what is required."""
        return frozenset(o.id for p in self.requires for o in p.matched)


def effective_strength(observation: Observation) -> float:
    """Strength tempered by how directly the observation bears on the claim."""
    return observation.strength * QUALITY_WEIGHT[observation.quality]


def combined_strength(observations: Iterable[Observation]) -> float:
    """The strongest, and a share of each other sign's strongest, as a noisy-or.

    More of one kind of sign say no more (ten pods with the same sign are one fact), and signs read from one series
    count once. Other kinds count in part: the alternatives of a pattern are views of the same thing.
    """
    best: dict[str, float] = {}
    series: set[str] = set()
    for observation in sorted(observations, key=lambda o: (-effective_strength(o), o.id)):
        if observation.sign not in best and observation.series not in series:
            best[observation.sign] = effective_strength(observation)
        series.add(observation.series)
    missed = 1.0
    for place, strength in enumerate(best.values()):  # strongest first
        missed *= 1.0 - min(1.0, max(0.0, strength)) * (OTHER_SIGNS_SHARE if place else 1.0)
    return 1.0 - missed


def index(board: Board) -> SignIndex:
    """Sort the board's observations once, for every mechanism and entity to look up."""
    neighbours = neighbours_of(board)
    cells: dict[str, dict[tuple[str, int], list[Observation]]] = {"a": {}, "n": {}, "pa": {}, "pn": {}}
    by_sign: dict[str, list[Observation]] = {}
    normal_by_sign: dict[str, list[Observation]] = {}
    for observation in sorted(board.observations.values(), key=lambda o: (-effective_strength(o), o.id)):
        if observation.verdict is Verdict.ANOMALY:
            kind = "a"
            by_sign.setdefault(observation.sign, []).append(observation)
        elif observation.verdict is Verdict.NORMAL and observation.coverage.complete:
            kind = "n"
            normal_by_sign.setdefault(observation.sign, []).append(observation)
        else:
            continue
        cells[kind].setdefault((observation.sign, neighbours.numbers[observation.entity]), []).append(observation)
        if observation.peer is not None:
            key = (observation.sign, neighbours.numbers[observation.peer])
            cells["p" + kind].setdefault(key, []).append(observation)
    frozen = {kind: {key: tuple(found) for key, found in held.items()} for kind, held in cells.items()}
    return SignIndex(
        neighbours=neighbours, anomalies=frozen["a"], normals=frozen["n"], peer_anomalies=frozen["pa"],
        peer_normals=frozen["pn"], by_sign={k: tuple(v) for k, v in by_sign.items()},
        normal_by_sign={k: tuple(v) for k, v in normal_by_sign.items()},
        signs=frozenset(by_sign) | frozenset(normal_by_sign),
    )  # fmt: skip


def signs_of(pattern: Pattern, signs: frozenset[str]) -> tuple[str, ...]:
    """The signs on the board that a pattern asks for, its prefixes spelt out."""
    found: list[str] = []
    for word in pattern.signs:
        if word.endswith(".*"):
            found += sorted(sign for sign in signs if matches(word, sign))
        elif word in signs:
            found.append(word)
    return tuple(dict.fromkeys(found))


def evaluate(mechanism: Mechanism, entity: EntityRef, board: Board | SignIndex) -> Match:
    """What the board says for and against `mechanism` at `entity`. Pass a SignIndex when asking more than once.

    An entity that the board does not know matches nothing.
    """
    signs = board if isinstance(board, SignIndex) else index(board)
    return Match(
        mechanism=mechanism, entity=entity,
        requires=tuple(match_pattern(p, entity, signs) for p in mechanism.requires),
        expects=tuple(match_pattern(p, entity, signs) for p in mechanism.expects),
        forbids=tuple(match_pattern(p, entity, signs) for p in mechanism.forbids),
    )  # fmt: skip


def match_pattern(pattern: Pattern, entity: EntityRef, signs: SignIndex) -> PatternMatch:
    """One pattern at one entity."""
    words = signs_of(pattern, signs.signs)
    number = signs.neighbours.numbers.get(entity)
    if not words or number is None:
        return PatternMatch(pattern=pattern, matched=())
    matched = _look(pattern.at, words, number, signs, anomalies=True)
    if matched:
        return PatternMatch(pattern=pattern, matched=matched)
    normal = _look(pattern.at, words, number, signs, anomalies=False)
    spoken = {o.sign for o in normal}
    covered = sum(any(matches(word, sign) for sign in spoken) for word in pattern.signs)
    return PatternMatch(pattern=pattern, matched=(), normal=normal, measured=covered / len(pattern.signs))


def _look(
    relation: Relation, words: tuple[str, ...], number: int, signs: SignIndex, *, anomalies: bool
) -> tuple[Observation, ...]:
    """Observations of any of `words` at `relation`, strongest first, each once."""
    around = signs.neighbours
    found: dict[str, Observation] = {}
    if relation is Relation.ANY:
        held = signs.by_sign if anomalies else signs.normal_by_sign
        for word in words:
            found.update((o.id, o) for o in held.get(word, ()))
    else:
        if relation is Relation.PEER:
            cells = signs.peer_anomalies if anomalies else signs.peer_normals
            reach = around.inside[number]
        else:
            cells = signs.anomalies if anomalies else signs.normals
            reach = around.reach(relation, number)
        for word in words:
            for i in reach:
                found.update((o.id, o) for o in cells.get((word, i), ()))
    kept = found.values() if relation is not Relation.CALLER else _about(found.values(), number, around)
    return tuple(sorted(kept, key=lambda o: (-effective_strength(o), o.id)))


def _about(observations: Iterable[Observation], number: int, around: Neighbours) -> list[Observation]:
    """Without those in which a caller speaks of another callee: a fact about an edge is about both its ends.

    A peer inside the caller itself (the one pod that shows it) names no other end.
    """

    def outermost(entity: EntityRef) -> int:
        return around.top(around.numbers[entity])

    mine = around.top(number)
    return [o for o in observations if o.peer is None or outermost(o.peer) in (mine, outermost(o.entity))]
