"""How well an entity explains where it hurts: its place relative to the paged service and to what suffers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compass.analysis.trouble import REQUESTS_SHOW, Trouble
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Relation
from compass.domain.observation import Observation
from compass.domain.sign import SUFFERING
from compass.mechanisms.match import SignIndex, effective_strength
from compass.mechanisms.neighbours import Neighbours

SYMPTOMS = SUFFERING | {"log.timeout", "log.connection_refused", "log.unavailable", "log.cancelled"}
"""Signs of suffering rather than of a cause."""
SAME = 1.0
BELOW = 1.0  # the paged service depends on it
DECAY = 0.05  # per further call: a little, since effects travel far
HOST = 0.7
ABOVE = -0.4  # it depends on the paged service: load or retries may come from there, most else not
UNRELATED = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeness:
    """In [−1, 1] by entity; 0 where nothing can be said. `paged` are the entities that were paged for."""

    paged: tuple[EntityRef, ...]
    values: Mapping[EntityRef, float]

    def of(self, entity: EntityRef) -> float:
        return self.values.get(entity, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suffering:
    """What suffers: the strongest symptom by top, and which tops call (transitively) each top."""

    worst: Mapping[int, Observation]
    upstream: Mapping[int, frozenset[int]]

    def explained(self, tops: frozenset[int]) -> tuple[float, tuple[Observation, ...]] | None:
        """The share of what suffers at or above any of `tops`; None when nothing suffers.

        Weighed by squared strength: many faint symptoms are the noise of a large system.
        """
        total = sum(effective_strength(o) ** 2 for o in self.worst.values())
        if total <= 0:
            return None
        reached = frozenset(tops).union(*(self.upstream.get(top, frozenset()) for top in tops))
        explained = tuple(o for top, o in sorted(self.worst.items()) if top in reached)
        return sum(effective_strength(o) ** 2 for o in explained) / total, explained


def closeness_of(board: Board, around: Neighbours) -> Closeness:
    """Closeness to the paged service, for every entity known.

    Nothing is said when the page named no service that is known, or when that service has no known dependencies:
    then an entity without a path to it is not unrelated but unplaced.
    """
    service = board.incident.service if board.incident is not None else None
    paged = [i for i, e in enumerate(around.entities) if service and e.name == service and not around.is_host[i]]
    tops = sorted({around.top(i) for i in paged})
    if not tops:
        return Closeness(paged=(), values={})
    below = around.distances(tops, Relation.CALLEE)
    above = around.distances(tops, Relation.CALLER)
    placed = len(below) > 1
    by_top: dict[int, float] = {}
    for i in range(len(around.entities)):
        if not around.is_host[i]:
            by_top[around.top(i)] = _value(around.top(i), below, above, placed)
    values: dict[EntityRef, float] = {}
    for i, entity in enumerate(around.entities):
        if around.is_host[i]:
            run = [by_top[around.top(m)] for m in around.members[i] if not around.is_host[m]]
            values[entity] = _host_value(entity, run, placed)
        else:
            values[entity] = by_top[around.top(i)]
    return Closeness(paged=tuple(around.entities[i] for i in tops), values=values)


def _value(top: int, below: Mapping[int, int], above: Mapping[int, int], placed: bool) -> float:
    if top in below:
        return SAME if below[top] == 0 else max(0.0, BELOW - DECAY * (below[top] - 1))
    if top in above:
        return ABOVE
    return UNRELATED if placed else 0.0


def _host_value(entity: EntityRef, members: list[float], placed: bool) -> float:
    """A host is as close as the closest of what it runs, less for being further from it; a cluster is everybody's."""
    if members:
        closest = max(members)
        return HOST * closest if closest > 0 else closest
    return HOST if entity.kind is EntityKind.CLUSTER or not placed else 0.0


def suffering_of(signs: SignIndex, kinds: frozenset[Trouble] = frozenset(Trouble)) -> Suffering:
    """Symptoms of `kinds` on the board, by top-level entity: what fails does not have to explain what is slow.

    A symptom that names its callee is still the caller's suffering.
    """
    around = signs.neighbours
    worst: dict[int, Observation] = {}
    other = frozenset[str]().union(*(REQUESTS_SHOW[kind] for kind in frozenset(Trouble) - kinds))
    for sign in SYMPTOMS:
        if sign in other:
            continue
        for observation in signs.by_sign.get(sign, ()):
            number = around.numbers[observation.entity]
            if around.is_host[number]:
                continue
            top = around.top(number)
            known = worst.get(top)
            if known is None or _rank(observation) < _rank(known):
                worst[top] = observation
    upstream: dict[int, set[int]] = {}
    for top in sorted(worst):
        for callee in around.distances([top], Relation.CALLEE):
            upstream.setdefault(callee, set()).add(top)
    return Suffering(worst=worst, upstream={top: frozenset(found) for top, found in upstream.items()})


def _rank(observation: Observation) -> tuple[float, str]:
    return -effective_strength(observation), observation.id
