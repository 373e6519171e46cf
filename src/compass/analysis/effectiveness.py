"""Whether being reminded of a pattern helped: what people said of the incidents that were reminded of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from compass.analysis.history import HALF_LIFE_DAYS
from compass.analysis.patterns import PatternCount
from compass.analysis.proportion import wilson
from compass.analysis.standing import PUT_AWAY
from compass.domain.entity import EntityRef
from compass.domain.knowledge import PastIncident
from compass.domain.learned import PatternVerdict

STALE_DAYS = 4 * HALF_LIFE_DAYS
"""Since when nobody has seen a pattern that is stale: each of its lessons counts less than a sixteenth by then."""
EVEN = 0.5
"""The share of right reminders at which being reminded is a toss-up."""


class Effect(StrEnum):
    """What the reminders say so far, with 95 % confidence."""

    HELPS = "helps"
    MISLEADS = "misleads"
    UNKNOWN = "unknown"  # too few to say


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternEffect:
    """A pattern's record. Of `recalled` incidents that were reminded of it, memory proposed the theory in `proposed`;
    of `judged` people said what they were: `right` were it, and `misled` were not though it led. `share` of right ones
    among the judged, with its 95 % interval [`low`, `high`] (Wilson); None where nobody has judged any."""

    pattern: PatternCount
    recalled: int
    proposed: int
    judged: int
    right: int
    misled: int
    share: float | None
    low: float
    high: float
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Prunable:
    """A pattern that may go, and why, each in words."""

    pattern: PatternCount
    because: tuple[str, ...]


def effects_of(patterns: Sequence[PatternCount], incidents: Iterable[PastIncident]) -> tuple[PatternEffect, ...]:
    """The record of each pattern, in their order."""
    reminded: dict[tuple[str, EntityRef], list[tuple[bool, bool, bool | None]]] = {}
    for incident in incidents:
        for one in incident.recalled:
            was = _was(one.mechanism, one.entity, incident)
            reminded.setdefault((one.mechanism, one.entity), []).append((one.proposed, one.led, was))
    return tuple(_effect(one, reminded.get((one.mechanism, one.entity), [])) for one in patterns)


def _effect(pattern: PatternCount, reminded: Sequence[tuple[bool, bool, bool | None]]) -> PatternEffect:
    judged = [was for _, _, was in reminded if was is not None]
    right = sum(judged)
    low, high = wilson(right, len(judged))
    effect = Effect.HELPS if low > EVEN else Effect.MISLEADS if high < EVEN else Effect.UNKNOWN
    return PatternEffect(
        pattern=pattern, recalled=len(reminded), proposed=sum(proposed for proposed, _, _ in reminded),
        judged=len(judged), right=right, misled=sum(1 for _, led, was in reminded if led and was is False),
        share=right / len(judged) if judged else None, low=low, high=high, effect=effect,
    )  # fmt: skip


def _was(mechanism: str, entity: EntityRef, incident: PastIncident) -> bool | None:
    """Whether people said that it was this pattern; a thing is known again by its kind and name, as in a recall. None
    where their word leaves it open: no mechanism (words of their own), or this one and no part of the system."""
    cause = incident.cause
    if cause is None or not cause.mechanism:
        return None
    if cause.mechanism != mechanism:
        return False
    return None if cause.entity is None else (cause.entity.kind, cause.entity.name) == (entity.kind, entity.name)


def prunable(effects: Iterable[PatternEffect], now: datetime, stale_days: float = STALE_DAYS) -> tuple[Prunable, ...]:
    """What may go: patterns that are stale, that surely mislead, or that were one incident and never met again.

    What people validated stays, and so does what was never right: it only warns. What is put away is gone already.
    """
    found = []
    for one in effects:
        pattern, age = one.pattern, now - one.pattern.last
        verdict = pattern.judgement.verdict if pattern.judgement is not None else PatternVerdict.OPEN
        if not pattern.right or verdict is PatternVerdict.VALIDATED or verdict in PUT_AWAY:
            continue
        because = []
        if age > timedelta(days=stale_days):
            because.append(f"stale: last seen {age.days} days ago")
        if one.effect is Effect.MISLEADS:
            because.append(f"misleads: right in {one.right} of {one.judged} incidents that were reminded of it")
        if len(pattern.incidents) == 1 and not one.recalled and age > timedelta(days=HALF_LIFE_DAYS):
            because.append(f"never seen again: one incident, {age.days} days ago, and none was reminded of it since")
        if because:
            found.append(Prunable(pattern=pattern, because=tuple(because)))
    return tuple(found)
