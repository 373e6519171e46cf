"""What earlier incidents like this one say about a mechanism at an entity: decayed counts, as log units of the prior.

They enter once, are shown, capped, and can be undone (DESIGN §4, §5).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from compass.analysis.similarity import Rarity, likeness
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.knowledge import Lesson
from compass.domain.learned import HistoryCount, Signature

HALF_LIFE_DAYS = 180.0
CAP = math.log(3.0)
"""History moves no account by more than a factor of three, either way (DESIGN §4)."""
NEGLIGIBLE = 0.01
MOST_LESSONS = 8

_Key = tuple[str, EntityRef]


def counts_of(
    lessons: Iterable[Lesson], signature: Signature, rarity: Rarity, now: datetime
) -> tuple[HistoryCount, ...]:
    """Decayed counts by mechanism and entity, of lessons that are not undone, in order of both.

    A lesson counts 0.5^(age / half-life) x how much more alike the signs of its incident are to `signature` than those
    of incidents that say nothing of the same mechanism and entity: incidents of one system share much whatever they
    turned out to be. Corrected for chance as in Cohen, Educational and Psychological Measurement 20 (1960):
    (likeness - usual) / (1 - usual), where more is left than nothing. A lesson from the future (clocks differ) is as
    good as new.
    """
    about: dict[_Key, list[Lesson]] = {}
    alike: dict[UUID, float] = {}
    for lesson in lessons:
        if lesson.undone or not lesson.mechanism:
            continue
        about.setdefault((lesson.mechanism, lesson.entity), []).append(lesson)
        if lesson.investigation not in alike:
            alike[lesson.investigation] = likeness(lesson.signature, signature, rarity)
    found = (_count(key, about[key], alike, now) for key in sorted(about))
    return tuple(count for count in found if count.lessons)


def _count(key: _Key, lessons: Sequence[Lesson], alike: Mapping[UUID, float], now: datetime) -> HistoryCount:
    """Of one mechanism and entity; `alike` by incident, all that taught anything among them."""
    own = {lesson.investigation for lesson in lessons}
    others = len(alike) - len(own)
    usual = max(0.0, math.fsum(alike.values()) - math.fsum(alike[of] for of in own)) / others if others else 0.0
    sides: dict[bool, list[float]] = {True: [], False: []}
    behind: list[tuple[float, str]] = []
    for lesson in lessons:
        age = max(0.0, (now - lesson.at).total_seconds() / 86400.0)
        beyond = (alike[lesson.investigation] - usual) / (1.0 - usual) if usual < 1.0 else 0.0
        weight = 0.5 ** (age / HALF_LIFE_DAYS) * beyond
        if weight >= NEGLIGIBLE:
            sides[lesson.right].append(weight)
            behind.append((weight, lesson.id))
    mechanism, entity = key
    return HistoryCount(
        mechanism=mechanism, entity=entity, right=round(math.fsum(sides[True]), 4),
        wrong=round(math.fsum(sides[False]), 4),
        lessons=tuple(one for _, one in sorted(behind, key=lambda pair: (-pair[0], pair[1]))[:MOST_LESSONS]),
    )  # fmt: skip


def log_factor(count: HistoryCount) -> float:
    """log((1 + right) / (1 + wrong)), within the cap: the ratio of two counts with one pseudo-count each."""
    return max(-CAP, min(CAP, math.log((1.0 + count.right) / (1.0 + count.wrong))))


def history_of(hypotheses: Iterable[Hypothesis], counts: Iterable[HistoryCount]) -> Mapping[str, HistoryCount]:
    """The count that speaks about each hypothesis, by hypothesis id; those nothing is known of are left out."""
    known = {(count.mechanism, count.entity): count for count in counts}
    found = {h.id: known.get((h.mechanism, h.entity)) for h in hypotheses}
    return {key: count for key, count in found.items() if count is not None}


def words(count: HistoryCount) -> str:
    """What "why?" shows: how often, and from which lessons."""
    numbers = ", ".join(dict.fromkeys(one.split("/")[0] for one in count.lessons))
    parts = []
    if count.right:
        parts.append(f"was it {count.right:.1f} times")
    if count.wrong:
        parts.append(f"was put first and was not it {count.wrong:.1f} times")
    said = " and ".join(parts) or "says nothing"
    validated = ", a pattern that a person validated" if count.validated else ""
    return f"history of incidents like this (decayed): it {said} ({numbers}){validated}"
