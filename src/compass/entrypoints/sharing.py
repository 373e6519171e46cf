"""What a team learned, handed on: to a file, from a file, to another database. Nothing of it happens by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson
from compass.exports.anonymous import Anonymiser
from compass.exports.learned import MOST, merged
from compass.ports.errors import EmbeddingError
from compass.ports.knowledge import Knowledge

_AT_ONCE = 1000
"""Vectors made between two looks at how many are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """`taken` were new or said more than what was there, `replaced` of those stood there under another id, `known` said
    nothing new. `unembedded` wait for their vectors; `problem` is why, where an embedder failed."""

    taken: int
    replaced: int
    known: int
    unembedded: int = 0
    problem: str = ""


async def everything(knowledge: Knowledge) -> tuple[Learned, ...]:
    """All that is known, oldest first, without lessons that were undone."""
    lessons: dict[UUID, list[Lesson]] = defaultdict(list)
    gaps: dict[UUID, list[KnownGap]] = defaultdict(list)
    judgements: dict[UUID, list[Judgement]] = defaultdict(list)
    incidents = await knowledge.incidents(MOST)
    for judgement in await knowledge.judgements():
        judgements[judgement.investigation].append(judgement)
    for lesson in await knowledge.lessons():
        lessons[lesson.investigation].append(lesson)
    for gap in await knowledge.gaps():
        gaps[gap.investigation].append(gap)
    return tuple(
        Learned(
            incident=one, lessons=tuple(lessons[one.investigation]), gaps=tuple(gaps[one.investigation]),
            judgements=tuple(judgements[one.investigation]),
        )
        for one in reversed(incidents)
    )  # fmt: skip


def anonymised(learned: Sequence[Learned], key: bytes, mechanisms: Collection[str]) -> tuple[Learned, ...]:
    """The same under pseudonyms: see `compass.exports.anonymous`."""
    hide = Anonymiser(key, mechanisms, learned)
    return tuple(hide(one) for one in learned)


def from_elsewhere(one: Learned, source: str) -> Learned:
    """What was this database's own, words about patterns too, is somebody's over there: `source` says whose."""
    return replace(
        one, incident=replace(one.incident, source=one.incident.source or source),
        judgements=tuple(replace(word, source=word.source or source) for word in one.judgements),
    )  # fmt: skip


async def take_in(knowledge: Knowledge, incoming: Sequence[Learned]) -> Imported:
    """Merge what somebody else learned into what is known here, all of it or nothing. It can be done again: what is
    known stays one."""
    plan = merged(await knowledge.incidents(MOST), incoming)
    await knowledge.learn(plan.kept, instead_of=plan.replaced)
    taken = Imported(taken=len(plan.kept), replaced=len(plan.replaced), known=plan.known)
    left, problem = await embed_all(knowledge)
    return Imported(taken=taken.taken, replaced=taken.replaced, known=taken.known, unembedded=left, problem=problem)


async def embed_all(knowledge: Knowledge) -> tuple[int, str]:
    """Make every vector that is missing, or another embedder's: how many are missing still, and why."""
    left = before = -1
    try:
        while left != 0:
            left = await knowledge.embed(_AT_ONCE)
            if left == before:  # somebody else adds as fast, or their words changed meanwhile
                return left, ""
            before = left
    except EmbeddingError as error:
        return max(left, 0), str(error)
    return 0, ""
