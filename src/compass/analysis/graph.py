"""Who depends on whom: callers, callees, what lies above or below, and what could explain what.

`caller → callee` means the caller needs the callee, so trouble travels against the arrow, from callee to caller.
Cycles are ordinary (two services that call each other) and every walk visits an entity once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import RUNS_ON, Dependency

_Edges = Mapping[EntityRef, tuple[EntityRef, ...]]
MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """Dependencies and containment. Build it with `build_graph`; neighbours are sorted, so walks are deterministic."""

    nodes: tuple[EntityRef, ...]
    out: _Edges = field(default_factory=dict)
    into: _Edges = field(default_factory=dict)
    parent: Mapping[EntityRef, EntityRef] = field(default_factory=dict)
    members: _Edges = field(default_factory=dict)
    places: _Edges = field(default_factory=dict)  # what runs on what

    def callees(self, entity: EntityRef) -> tuple[EntityRef, ...]:
        """What it depends on, directly."""
        return self.out.get(entity, ())

    def callers(self, entity: EntityRef) -> tuple[EntityRef, ...]:
        """What depends on it, directly."""
        return self.into.get(entity, ())

    def downstream(self, entity: EntityRef, depth: int = MAX_DEPTH) -> dict[EntityRef, int]:
        """Everything it depends on, with the number of calls in between (1 = direct); itself left out."""
        return _walk(self.out, entity, depth)

    def upstream(self, entity: EntityRef, depth: int = MAX_DEPTH) -> dict[EntityRef, int]:
        """Everything that depends on it, with the number of calls in between; itself left out."""
        return _walk(self.into, entity, depth)

    def distance(self, caller: EntityRef, callee: EntityRef) -> int | None:
        """Fewest calls from `caller` down to `callee`; 0 for the same entity, None when it never gets there."""
        return 0 if caller == callee else self.downstream(caller).get(callee)

    def owner(self, entity: EntityRef) -> EntityRef:
        """The service (or, without one, the outermost workload) that the entity is part of; nodes own nothing.

        An entity without a parent of that sort is its own owner.
        """
        best, here = entity, entity
        for _ in range(MAX_DEPTH):
            above = self.parent.get(here)
            if above is None or above.kind not in _OWNERS or above == entity:
                break
            best = here = above
            if above.kind is EntityKind.SERVICE:
                break
        return best

    def hosts(self, entity: EntityRef) -> tuple[EntityRef, ...]:
        """What contains or runs it, nearest first."""
        found: list[EntityRef] = []
        here = entity
        while len(found) < MAX_DEPTH:
            above = self.parent.get(here)
            if above is None or above in found or above == entity:
                break
            found.append(above)
            here = above
        on = (place for part in (entity, *found) for place in self.places.get(part, ()))
        return tuple(dict.fromkeys([*found, *on]))

    def contained(self, entity: EntityRef) -> tuple[EntityRef, ...]:
        """Everything in or on it, directly or not, sorted."""
        return tuple(sorted(_walk(self.members, entity, MAX_DEPTH), key=lambda e: e.key))

    def explains(self, cause: EntityRef, effect: EntityRef) -> bool:
        """Whether trouble at `cause` can show at `effect`: the same owner, a host of it, or somewhere below it."""
        start, end = self.owner(cause), self.owner(effect)
        if start == end or cause in self.hosts(effect) or effect in self.hosts(cause):
            return True
        if end in self.upstream(start):
            return True
        # a node or namespace strikes what it holds, and through that their callers
        return any(end == part or end in self.upstream(part) for part in map(self.owner, self.contained(cause)))

    def entry_points(self) -> tuple[EntityRef, ...]:
        """Entities that call others and that nothing calls; when all are called (a cycle), those with most callees."""
        calling = [node for node in self.nodes if self.out.get(node)]
        tops = [node for node in calling if not self.into.get(node)]
        if not tops and calling:
            most = max(len(self.out[node]) for node in calling)
            tops = [node for node in calling if len(self.out[node]) == most]
        return tuple(sorted(tops, key=lambda e: e.key))

    def symptom_order(self, paged: EntityRef | None) -> tuple[EntityRef, ...]:
        """Entities by nearness to where it hurts: the paged one (else the entry points), then what it calls."""
        starts = [self.owner(paged)] if paged is not None else list(self.entry_points())
        rank: dict[EntityRef, int] = {}
        for start in starts:
            for entity, depth in {start: 0, **self.downstream(start)}.items():
                rank[entity] = min(depth, rank.get(entity, depth))
        far = MAX_DEPTH + 1
        return tuple(sorted({*self.nodes, *starts}, key=lambda e: (rank.get(e, far), e.key)))


_OWNERS = (
    EntityKind.SERVICE, EntityKind.WORKLOAD, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, EntityKind.POD,
)  # fmt: skip


def build_graph(
    dependencies: Iterable[Dependency], containment: Mapping[EntityRef, EntityRef] | None = None
) -> ServiceGraph:
    """A graph from dependencies of any origin (spans, topology, edge series). Self-calls and repeats are dropped."""
    out: dict[EntityRef, set[EntityRef]] = {}
    into: dict[EntityRef, set[EntityRef]] = {}
    parent = dict(sorted((containment or {}).items(), key=lambda pair: (pair[0].key, pair[1].key)))
    members: dict[EntityRef, set[EntityRef]] = {}
    for child, above in parent.items():
        if child != above:
            members.setdefault(above, set()).add(child)
    places: dict[EntityRef, set[EntityRef]] = {}
    for dependency in dependencies:
        if dependency.kind == RUNS_ON:
            places.setdefault(dependency.caller, set()).add(dependency.callee)
            members.setdefault(dependency.callee, set()).add(dependency.caller)
        elif dependency.caller != dependency.callee:
            out.setdefault(dependency.caller, set()).add(dependency.callee)
            into.setdefault(dependency.callee, set()).add(dependency.caller)
    nodes = tuple(sorted({*out, *into}, key=lambda e: e.key))
    return ServiceGraph(
        nodes=nodes, out=_frozen(out), into=_frozen(into), parent=parent, members=_frozen(members),
        places=_frozen(places),
    )  # fmt: skip


def _frozen(edges: Mapping[EntityRef, set[EntityRef]]) -> dict[EntityRef, tuple[EntityRef, ...]]:
    return {node: tuple(sorted(edges[node], key=lambda e: e.key)) for node in sorted(edges, key=lambda e: e.key)}


def _walk(edges: _Edges, start: EntityRef, depth: int) -> dict[EntityRef, int]:
    """Breadth first, so every depth is the smallest one."""
    found = {start: 0}
    level = [start]
    for distance in range(1, depth + 1):
        following: list[EntityRef] = []
        for node in level:
            for neighbour in edges.get(node, ()):
                if neighbour not in found:
                    found[neighbour] = distance
                    following.append(neighbour)
        if not following:
            break
        level = following
    del found[start]
    return found
