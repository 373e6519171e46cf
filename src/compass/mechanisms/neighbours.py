"""Who stands where around an entity: what it contains, calls, is called by, and runs on.

Entities are numbered so that look-ups are cheap. A pod's calls are its service's calls: call edges are kept
between *tops* (the outermost application-level container known: pod → workload → service).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Relation

HOST_KINDS = frozenset({EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER})
_MAX_DEPTH = 16  # container → pod → workload → service → namespace → cluster, with room

Reach = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """All tuples are indexed by entity number; numbers follow the entities' order, so nothing depends on arrival.

    `chain[i]`: i and its application-level ancestors, innermost first (only i for nodes, namespaces, clusters).
    `inside[i]`: i and everything contained in it. `hosts[i]`: nodes, namespaces and clusters that hold any of it.
    `callers` and `callees` hold tops; `is_host[i]` marks nodes, namespaces and clusters.
    """

    entities: tuple[EntityRef, ...]
    numbers: Mapping[EntityRef, int]
    chain: Reach
    inside: Reach
    hosts: Reach
    members: Reach
    callers: Reach
    callees: Reach
    is_host: tuple[bool, ...]

    def top(self, number: int) -> int:
        return self.chain[number][-1]

    def reach(self, relation: Relation, number: int) -> tuple[int, ...]:
        """Entities in which a sign at `relation` of entity `number` is looked for (PEER and ANY have none)."""
        if relation is Relation.SELF:
            return self.inside[number]
        if relation is Relation.HOST:
            return self.hosts[number]
        if relation is Relation.MEMBER:
            return self.members[number]
        if relation in (Relation.CALLER, Relation.CALLEE):
            edges = self.callers if relation is Relation.CALLER else self.callees
            return tuple(sorted({i for top in edges[self.top(number)] for i in self.inside[top]}))
        return ()

    def seen_from(self, relation: Relation, number: int) -> tuple[int, ...]:
        """The inverse of `reach`: entities for which a sign at entity `number` stands at `relation`."""
        if relation is Relation.SELF:
            return self.chain[number]
        if relation is Relation.HOST:
            return self.members[number]
        if relation is Relation.MEMBER:
            return self.hosts[number]
        if relation in (Relation.CALLER, Relation.CALLEE):
            edges = self.callees if relation is Relation.CALLER else self.callers
            return edges[self.top(number)]
        return ()

    def distances(self, start: Iterable[int], towards: Relation) -> dict[int, int]:
        """Hops from any of `start` along CALLEE or CALLER edges, between tops; `start` itself is at 0."""
        edges = self.callees if towards is Relation.CALLEE else self.callers
        hops = {self.top(i): 0 for i in sorted(start)}
        waiting = deque(hops)
        while waiting:
            here = waiting.popleft()
            for there in edges[here]:
                if there not in hops:
                    hops[there] = hops[here] + 1
                    waiting.append(there)
        return hops


def neighbours_of(board: Board) -> Neighbours:
    """Everything the board knows of, related by its containment and dependencies."""
    entities = tuple(sorted(_known(board)))
    numbers = {entity: i for i, entity in enumerate(entities)}
    parents = _without_circles([numbers.get(board.containment.get(e, e)) for e in entities])
    is_host = tuple(e.kind in HOST_KINDS for e in entities)
    chain = tuple(_chain(i, parents, is_host) for i in range(len(entities)))
    inside: list[set[int]] = [set() for _ in entities]
    for i, line in enumerate(chain):
        for ancestor in line:
            inside[ancestor].add(i)
    hosts = _hosts(board, entities, numbers, parents, chain, is_host)
    whole = [set().union(*(hosts[j] for j in inside[i])) for i in range(len(entities))]
    members: list[set[int]] = [set() for _ in entities]
    for i, held in enumerate(whole):
        for host in held:
            members[host].add(i)
    callers, callees = _calls(board, numbers, chain, is_host)
    return Neighbours(
        entities=entities, numbers=numbers, chain=chain, inside=_frozen(inside), hosts=_frozen(whole),
        members=_frozen(members), callers=_frozen(callers), callees=_frozen(callees), is_host=is_host,
    )  # fmt: skip


def _frozen(sets: list[set[int]]) -> Reach:
    return tuple(tuple(sorted(s)) for s in sets)


def _known(board: Board) -> set[EntityRef]:
    known = set(board.entities) | set(board.containment) | set(board.containment.values())
    for dependency in board.dependencies:
        known |= {dependency.caller, dependency.callee}
    for observation in board.observations.values():
        known.add(observation.entity)
        if observation.peer is not None:
            known.add(observation.peer)
    known |= {hypothesis.entity for hypothesis in board.hypotheses.values()}
    return known


def _without_circles(parents: list[int | None]) -> list[int | None]:
    """Containment may be hostile. Of each circle the lowest-numbered entity is taken to be outermost."""
    straight = list(parents)
    done: set[int] = set()
    for start in range(len(straight)):
        path: dict[int, int] = {}  # entity → its place on the way up
        here: int | None = start
        while here is not None and here not in done and here not in path:
            path[here] = len(path)
            here = straight[here]
        if here is not None and here in path:
            straight[min(i for i, place in path.items() if place >= path[here])] = None
        done.update(path)
    return straight


def _chain(start: int, parents: list[int | None], is_host: tuple[bool, ...]) -> tuple[int, ...]:
    """`start` and its application-level ancestors, innermost first."""
    line = [start]
    parent = parents[start]
    while not is_host[start] and parent is not None and not is_host[parent] and len(line) < _MAX_DEPTH:
        line.append(parent)
        parent = parents[parent]
    return tuple(line)


def _hosts(
    board: Board,
    entities: tuple[EntityRef, ...],
    numbers: Mapping[EntityRef, int],
    parents: list[int | None],
    chain: Reach,
    is_host: tuple[bool, ...],
) -> list[set[int]]:
    """Hosts of each entity and of what contains it: by containment, by a dependency on a node, by its namespace."""
    direct: list[set[int]] = [set() for _ in entities]
    for i, entity in enumerate(entities):
        parent = parents[i]
        if parent is not None and is_host[parent]:
            direct[i].add(parent)
        if entity.namespace and entity.kind is not EntityKind.NAMESPACE:
            for cluster in sorted({entity.cluster, ""}):
                for inside in ("", entity.namespace):  # sources differ in whether a namespace is in itself
                    named = EntityRef(
                        kind=EntityKind.NAMESPACE, name=entity.namespace, namespace=inside, cluster=cluster
                    )
                    direct[i] |= {numbers[named]} if named in numbers else set()
    for dependency in board.dependencies:
        caller, callee = numbers[dependency.caller], numbers[dependency.callee]
        if is_host[callee] and caller != callee:
            direct[caller].add(callee)
    result: list[set[int]] = []
    for i, line in enumerate(chain):
        held = set().union(*(direct[j] for j in line))
        for _ in range(_MAX_DEPTH):  # a node's cluster holds the node's pods too
            more = set().union(*(direct[h] for h in held)) - held
            if not more:
                break
            held |= more
        result.append(held - {i})
    return result


def _calls(
    board: Board, numbers: Mapping[EntityRef, int], chain: Reach, is_host: tuple[bool, ...]
) -> tuple[list[set[int]], list[set[int]]]:
    callers: list[set[int]] = [set() for _ in chain]
    callees: list[set[int]] = [set() for _ in chain]
    for dependency in board.dependencies:
        caller, callee = chain[numbers[dependency.caller]][-1], chain[numbers[dependency.callee]][-1]
        if caller != callee and not is_host[caller] and not is_host[callee]:
            callees[caller].add(callee)
            callers[callee].add(caller)
    return callers, callees
