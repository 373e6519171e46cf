"""What a team's past adds up to: patterns that came back, incidents never solved, and what could not be seen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from compass.analysis.similarity import Rarity, likeness, rarity_of
from compass.analysis.standing import PUT_AWAY, standing
from compass.domain.entity import EntityRef
from compass.domain.knowledge import Judgement, KnownGap, Lesson, PastIncident, PastStatus

ALIKE = 0.5
"""Likeness of signs from which two unsolved incidents are of one pattern."""
HID_WORTH = 3.0
"""A gap that hid a cause counts as much as this many that were only named: somebody looked in vain because of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternCount:
    """A mechanism at an entity, over the team's past. `right` and `wrong` are plain counts of lessons; `fixes` what
    resolved it, the latest first; `incidents` are their ids, the latest first. `number` is its place among all, by
    which people name it; `judgement` the word of a person that holds."""

    number: int = 0
    mechanism: str
    entity: EntityRef
    right: int
    wrong: int
    last: datetime
    fixes: tuple[str, ...]
    incidents: tuple[UUID, ...]
    judgement: Judgement | None = None

    @property
    def put_away(self) -> bool:
        """Whether people said that it is none, or pruned it."""
        return self.judgement is not None and self.judgement.verdict in PUT_AWAY

    @property
    def success(self) -> float:
        """How often it was right where people said something about it, in [0, 1]."""
        return self.right / (self.right + self.wrong)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Unsolved incidents that look alike, latest first; `signs` are what all of them show, the most telling first."""

    incidents: tuple[PastIncident, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedGap:
    """One thing that could not be seen: in how many incidents, in how many of them a person said that it hid the cause,
    what it hides, and what would close it."""

    gap: str
    hides: tuple[str, ...]
    suggestion: str
    incidents: int
    hid: int
    last: datetime

    @property
    def score(self) -> float:
        return self.incidents + HID_WORTH * self.hid


def patterns_of(
    lessons: Iterable[Lesson], incidents: Iterable[PastIncident], judgements: Iterable[Judgement] = ()
) -> tuple[PatternCount, ...]:
    """Patterns by how often they were right, then by when last, those that were put away at the end. Lessons that are
    undone count nothing."""
    lessons = tuple(lessons)
    stands = standing(judgements, lessons)
    fixes = {one.investigation: one.fix for one in incidents if one.fix}
    grouped: dict[tuple[str, EntityRef], list[Lesson]] = {}
    for lesson in lessons:
        if not lesson.undone and lesson.mechanism:
            grouped.setdefault((lesson.mechanism, lesson.entity), []).append(lesson)
    found = []
    for (mechanism, entity), own in grouped.items():
        latest = sorted(own, key=lambda one: (one.at, one.id), reverse=True)
        right = [one for one in latest if one.right]
        known = [fixes[one.investigation] for one in right if one.investigation in fixes]
        found.append(PatternCount(
            mechanism=mechanism, entity=entity, right=len(right), wrong=len(latest) - len(right), last=latest[0].at,
            fixes=tuple(dict.fromkeys(known)), incidents=tuple(dict.fromkeys(one.investigation for one in latest)),
            judgement=stands.get((mechanism, entity)),
        ))  # fmt: skip
    found.sort(key=lambda p: (p.put_away, -p.right, p.wrong, -p.last.timestamp(), p.mechanism, p.entity))
    return tuple(replace(one, number=number) for number, one in enumerate(found, start=1))


def clusters_of(incidents: Sequence[PastIncident]) -> tuple[Cluster, ...]:
    """Unsolved incidents in groups in which each is like some other (single linkage at ALIKE), the largest first."""
    unsolved = (one for one in incidents if one.status is PastStatus.UNSOLVED)
    open_ = sorted(unsolved, key=lambda one: (one.at, one.number), reverse=True)
    rarity = rarity_of(one.signature for one in incidents)
    groups: list[list[PastIncident]] = []
    for incident in open_:
        near = [group for group in groups if any(_alike(incident, other, rarity) for other in group)]
        merged = [one for group in near for one in group] + [incident]
        groups = [group for group in groups if group not in near] + [merged]
    found = [Cluster(incidents=tuple(group), signs=_shared(group, rarity)) for group in groups]
    return tuple(sorted(found, key=lambda c: (-len(c.incidents), -c.incidents[0].at.timestamp())))


def ranked_gaps(gaps: Iterable[KnownGap]) -> tuple[RankedGap, ...]:
    """Gaps by how often and how badly they hid something, the worst first."""
    grouped: dict[str, list[KnownGap]] = {}
    for gap in gaps:
        grouped.setdefault(gap.gap, []).append(gap)
    found = []
    for name, own in grouped.items():
        latest = sorted(own, key=lambda gap: (gap.at, gap.hides), reverse=True)
        said = next((gap.suggestion for gap in latest if gap.suggestion), "")
        found.append(RankedGap(
            gap=name, hides=tuple(dict.fromkeys(gap.hides for gap in latest if gap.hides)), suggestion=said,
            incidents=len({gap.investigation for gap in own}),
            hid=len({gap.investigation for gap in own if gap.hid_cause}), last=latest[0].at,
        ))  # fmt: skip
    return tuple(sorted(found, key=lambda gap: (-gap.score, gap.gap)))


def _alike(one: PastIncident, other: PastIncident, rarity: Rarity) -> bool:
    return likeness(one.signature, other.signature, rarity) >= ALIKE


def _shared(group: Sequence[PastIncident], rarity: Rarity) -> tuple[str, ...]:
    common = set(group[0].signature.signs).intersection(*(one.signature.signs for one in group[1:]))
    least = {key: min(one.signature.signs[key] for one in group) for key in common}
    return tuple(sorted(common, key=lambda key: (-least[key] * rarity.of(key), key)))
