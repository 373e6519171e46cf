"""Which changes could have set the incident off: their time against the onset, what they touch, what they do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from compass.analysis.diffs import Effect, effects
from compass.analysis.graph import ServiceGraph
from compass.domain.entity import EntityRef
from compass.domain.incident import Change, Onset
from compass.domain.time import NS_PER_S

HALF_AGE_S = 30 * 60.0
"""A change this old at the onset has half the weight of one at the onset: a slow, smooth decay without a peak."""
AFTER_WEIGHT = 0.3
AFTER_HALF_S = 60.0
"""An onset is an estimate: a change shortly after it keeps a little weight and is left to the time-order plan."""


class Timing(StrEnum):
    """A change's interval against the onset's."""

    BEFORE = "before"
    OVERLAPS = "overlaps"
    AFTER = "after"


class Reach(StrEnum):
    """How the changed entity relates to what is abnormal."""

    SELF = "self"  # it is abnormal itself
    BELOW = "below"  # something abnormal depends on it
    HOST = "host"  # something abnormal runs on or in it
    NONE = "none"  # nothing abnormal is explained by it
    UNKNOWN = "unknown"  # no entity, or nothing abnormal is known yet


REACH_WEIGHT = {Reach.SELF: 1.0, Reach.HOST: 0.9, Reach.BELOW: 0.8, Reach.UNKNOWN: 0.7, Reach.NONE: 0.4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """One change as a candidate trigger.

    `lead_s` is onset − change (negative: after it), `weight` in [0, 1] falls with age alone, `strength` in [0, 1]
    also knows the reach. `nearest` is the abnormal entity it would explain, the strongest one first.
    """

    change: Change
    timing: Timing
    lead_s: float
    weight: float
    reach: Reach
    strength: float
    effects: tuple[Effect, ...]
    nearest: EntityRef | None = None


def timing_of(change: Change, onset: Onset) -> Timing:
    """Before or after only when the intervals do not overlap."""
    if change.at.surely_before(onset.instant):
        return Timing.BEFORE
    return Timing.AFTER if onset.instant.surely_before(change.at) else Timing.OVERLAPS


def weight_of(change: Change, onset: Onset) -> float:
    """Prior weight by age: 1 at the onset, 1 / (1 + age / 30 min) before it, small and quickly falling after it."""
    timing = timing_of(change, onset)
    if timing is Timing.OVERLAPS:
        return 1.0
    if timing is Timing.BEFORE:
        return 1.0 / (1.0 + (onset.instant.earliest_ns - change.at.latest_ns) / NS_PER_S / HALF_AGE_S)
    gap_s = (change.at.earliest_ns - onset.instant.latest_ns) / NS_PER_S
    return AFTER_WEIGHT / (1.0 + gap_s / AFTER_HALF_S)


def relate(
    changes: Iterable[Change], onset: Onset, graph: ServiceGraph, abnormal: Mapping[EntityRef, float],
    detected_ns: int | None = None,
) -> tuple[Related, ...]:  # fmt: skip
    """Every change with its timing, reach and effects; strongest first, then by id.

    `abnormal` maps entities to how abnormal they are in [0, 1]. Changes that surely came after `detected_ns` (the
    page) are left out: they are often the response to it.
    """
    found = []
    for change in changes:
        if detected_ns is not None and change.at.earliest_ns > detected_ns:
            continue
        reach, nearest = _reach(change.entity, graph, abnormal)
        weight = weight_of(change, onset)
        found.append(
            Related(
                change=change, timing=timing_of(change, onset), lead_s=(onset.instant.ns - change.at.ns) / NS_PER_S,
                weight=weight, reach=reach, strength=weight * REACH_WEIGHT[reach], effects=effects(change),
                nearest=nearest,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda r: (-round(r.strength, 9), r.change.id, r.change.at.ns)))


def _reach(
    entity: EntityRef | None, graph: ServiceGraph, abnormal: Mapping[EntityRef, float]
) -> tuple[Reach, EntityRef | None]:
    if entity is None or not abnormal:
        return Reach.UNKNOWN, None
    ranked = sorted(abnormal, key=lambda e: (-abnormal[e], e.key))
    own = graph.owner(entity)
    for other in ranked:
        if graph.owner(other) == own:
            return Reach.SELF, other
    above = graph.upstream(own)
    for other in ranked:
        if graph.owner(other) in above:
            return Reach.BELOW, other
    for other in ranked:
        if graph.explains(entity, other):
            return Reach.HOST, other
    return Reach.NONE, None
