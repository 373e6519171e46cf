"""What earlier incidents like this one say about a mechanism at an entity: decayed counts, as log units of the prior.

They enter once, are shown, capped, and can be undone (DESIGN §4, §5).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

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


def counts_of(
    lessons: Iterable[Lesson], signature: Signature, rarity: Rarity, now: datetime
) -> tuple[HistoryCount, ...]:
    """Decayed counts by mechanism and entity, of lessons that are not undone, in order of both.

    A lesson counts 0.5^(age / half-life) x the likeness of its incident's signs to `signature`: what a quite other
    incident turned out to be says nothing here. A lesson from the future (clocks differ) is as good as new.
    """
    right: dict[tuple[str, EntityRef], float] = {}
    wrong: dict[tuple[str, EntityRef], float] = {}
    behind: dict[tuple[str, EntityRef], list[tuple[float, str]]] = {}
    for lesson in lessons:
        if lesson.undone or not lesson.mechanism:
            continue
        age = max(0.0, (now - lesson.at).total_seconds() / 86400.0)
        weight = 0.5 ** (age / HALF_LIFE_DAYS) * likeness(lesson.signature, signature, rarity)
        if weight < NEGLIGIBLE:
            continue
        key = lesson.mechanism, lesson.entity
        side = right if lesson.right else wrong
        side[key] = side.get(key, 0.0) + weight
        behind.setdefault(key, []).append((weight, lesson.id))
    return tuple(
        HistoryCount(
            mechanism=mechanism, entity=entity, right=round(right.get((mechanism, entity), 0.0), 4),
            wrong=round(wrong.get((mechanism, entity), 0.0), 4),
            lessons=tuple(one for _, one in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:MOST_LESSONS]),
        )
        for (mechanism, entity), found in sorted(behind.items())
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
    return f"history of incidents like this (decayed): it {said} ({numbers})"
