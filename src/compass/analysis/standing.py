"""What people's words make of patterns: which hold as validated, which propose and count no more. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compass.domain.entity import EntityRef
from compass.domain.knowledge import Judgement, Lesson
from compass.domain.learned import PatternVerdict

PatternKey = tuple[str, EntityRef]
"""A mechanism and the entity it struck."""
PUT_AWAY = frozenset({PatternVerdict.REJECTED, PatternVerdict.PRUNED})


def latest_words(judgements: Iterable[Judgement]) -> dict[PatternKey, Judgement]:
    """By pattern the latest word of this database, else the latest that was imported; also one that takes back."""
    return {
        (one.mechanism, one.entity): one
        for one in sorted(judgements, key=lambda one: (not one.source, one.at, one.id))
    }  # fmt: skip


def standing(judgements: Iterable[Judgement], lessons: Iterable[Lesson] = ()) -> Mapping[PatternKey, Judgement]:
    """By pattern the word that holds: the latest of this database, else the latest that was imported; nothing where it
    was taken back. What was pruned stands again once a later lesson says that it was it: it was seen again."""
    latest = latest_words(judgements)
    again = {
        (lesson.mechanism, lesson.entity)
        for lesson in lessons
        if lesson.right
        and not lesson.undone
        and (held := latest.get((lesson.mechanism, lesson.entity))) is not None
        and held.verdict is PatternVerdict.PRUNED
        and lesson.at > held.at
    }
    return {
        key: one for key, one in latest.items() if one.verdict is not PatternVerdict.OPEN and key not in again
    }  # fmt: skip


def counting(lessons: Iterable[Lesson], stands: Mapping[PatternKey, Judgement]) -> tuple[Lesson, ...]:
    """The lessons that may enter a history term: those of no pattern that people put away."""
    return tuple(one for one in lessons if verdict_on((one.mechanism, one.entity), stands) not in PUT_AWAY)


def verdict_on(key: PatternKey, stands: Mapping[PatternKey, Judgement]) -> PatternVerdict:
    """What holds of one pattern."""
    found = stands.get(key)
    return found.verdict if found is not None else PatternVerdict.OPEN
