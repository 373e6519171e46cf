"""Which entries of the team's knowledge hold for a thing: those that reach it, the nearest of one id, none that ran
out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.team import LEVELS, Entry, Level, Reach
from compass.domain.time import to_datetime

E = TypeVar("E", bound=Entry)
SERVICES = frozenset({EntityKind.SERVICE, EntityKind.WORKLOAD})
"""Kinds that a service's name may stand for: where telemetry knows no service, its workload is what bears the name."""
INSTANCES = frozenset({
    EntityKind.POD, EntityKind.NODE, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, EntityKind.VOLUME,
})  # fmt: skip
_RANK = {level: rank for rank, level in enumerate(LEVELS)}


def in_force(entry: Entry, now_ns: int) -> bool:
    """Whether the entry has not run out. `until` is a day in UTC; from its midnight on the entry holds no more."""
    return entry.until is None or to_datetime(now_ns).date() < entry.until


def covers(reach: Reach, entity: EntityRef, containment: Mapping[EntityRef, EntityRef]) -> bool:
    """Whether what is written for `reach` holds for `entity`, by what contains it (child → parent).

    A team's entries are only ever applied to that team's investigations: here they reach everything.
    """
    return _covers(reach, chain(entity, containment))


def _covers(reach: Reach, line: list[EntityRef]) -> bool:
    if reach.level in (Level.GLOBAL, Level.TEAM):
        return not reach.namespace or any(_within(one, reach.namespace) for one in line)
    kinds = SERVICES if reach.level is Level.SERVICE else INSTANCES
    return any(
        one.kind in kinds and one.name == reach.name and (not reach.namespace or _within(one, reach.namespace))
        for one in line
    )


def _within(entity: EntityRef, namespace: str) -> bool:
    return entity.namespace == namespace or (entity.kind is EntityKind.NAMESPACE and entity.name == namespace)


def chain(entity: EntityRef, containment: Mapping[EntityRef, EntityRef]) -> list[EntityRef]:
    """The entity and what contains it, innermost first."""
    line = [entity]
    while (parent := containment.get(line[-1])) is not None and parent not in line:
        line.append(parent)
    return line


def holding(
    entries: Iterable[E], entity: EntityRef, containment: Mapping[EntityRef, EntityRef], now_ns: int
) -> tuple[E, ...]:
    """The entries of one kind that hold for `entity`: of one id only those with the nearest reach, in their order."""
    line = chain(entity, containment)
    able = [one for one in entries if _covers(one.reach, line) and in_force(one, now_ns)]
    nearest: dict[str, int] = {}
    for one in able:
        nearest[one.id] = max(nearest.get(one.id, 0), _RANK[one.reach.level])
    return tuple(one for one in able if _RANK[one.reach.level] == nearest[one.id])


def holding_anywhere(
    entries: Iterable[E], entities: Iterable[EntityRef], containment: Mapping[EntityRef, EntityRef], now_ns: int
) -> tuple[E, ...]:
    """The entries that hold for any of `entities`, in their order."""
    given = tuple(entries)
    found = {id(one) for entity in entities for one in holding(given, entity, containment, now_ns)} if given else set()
    return tuple(one for one in given if id(one) in found)
