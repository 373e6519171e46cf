"""What a team learned, in memory: the twin for tests and dry runs, gone with the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from compass.domain.entity import EntityRef
from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson, Neighbour, PastIncident
from compass.domain.learned import Signature
from compass.ports.knowledge import Embedder
from compass.storage.knowledge_rows import (
    OPENED,
    RECALLED,
    TEACHES,
    cleaned,
    entity_key,
    last_of_each,
    replaces,
    texts_of,
    unreminded,
    with_kept_signature,
)
from compass.storage.ledger import Row

if TYPE_CHECKING:
    from compass.ports.knowledge import Vectors


class MemoryKnowledge:
    """Implements `compass.ports.knowledge.Knowledge`; `events` are the rows of the chronicle it is derived from."""

    def __init__(self, events: Callable[[], Iterable[Row]], embedder: Embedder | None = None) -> None:
        self._events = events
        self._embedder = embedder
        self._taught: dict[UUID, Learned] = {}
        self._vectors: dict[UUID, Vectors] = {}

    async def learn(self, learned: Sequence[Learned], instead_of: Collection[UUID] = ()) -> None:
        """Nothing comes back of an investigation that was forgotten here; what another team handed on (`source`) may
        have the same id and is kept. A vector goes when the words change that it was made of."""
        chosen = [cleaned(one) for one in last_of_each(learned)]
        for of in instead_of:
            if of in self._taught and self._taught[of].incident.source:
                await self.forget(of)
        erased = [row for row in self._events() if row.erased_at is not None and row.kind in {OPENED, RECALLED}]
        forgotten = {row.investigation for row in erased if row.kind == OPENED}
        less = {row.investigation for row in erased if row.kind == RECALLED}
        for one in chosen:
            of, own = one.incident.investigation, not one.incident.source
            if own and of in forgotten:
                continue
            if own and of in less:
                one = unreminded(one)  # its chronicle was read before
            old = self._taught[of].incident if of in self._taught else None
            if not replaces(old, one.incident):
                continue
            kept = with_kept_signature(old, one)
            if old is not None and old.signature.words != kept.incident.signature.words:
                self._vectors.pop(of, None)
            self._taught[of] = kept

    async def behind(self) -> tuple[UUID, ...]:
        seqs = {of: one.incident.seq for of, one in self._taught.items() if not one.incident.source}
        behind = {
            row.investigation
            for row in self._events()
            if row.kind in TEACHES and row.erased_at is None and row.seq > seqs.get(row.investigation, 0)
        }
        return tuple(sorted(behind))

    async def nearest(self, signature: Signature, limit: int = 50) -> tuple[Neighbour, ...]:
        """Every vector is compared. Equal cosines stand in order of id."""
        import numpy as np

        near: list[Neighbour] = []
        if self._embedder is not None and signature.words and self._vectors:
            wanted = (await asyncio.to_thread(self._embedder.embed, [signature.words]))[0]
            ids = sorted(self._vectors)
            cosines = np.stack([self._vectors[of] for of in ids]) @ wanted
            best = np.argsort(-cosines, kind="stable")[:limit]
            near = [
                Neighbour(incident=self._taught[ids[place]].incident, cosine=float(cosines[place])) for place in best
            ]
        found = {one.incident.investigation for one in near}
        others = [one for one in await self.incidents(len(self._taught)) if one.investigation not in found]
        return (*near, *(Neighbour(incident=one, cosine=0.0) for one in others[: limit - len(near)]))

    async def prepare(self) -> None:
        if self._embedder is not None and self._vectors:
            await asyncio.to_thread(self._embedder.embed, [""])

    async def embed(self, limit: int = 256) -> int:
        if self._embedder is None:
            return 0
        texts = texts_of([one for one in await self.incidents() if one.investigation not in self._vectors])
        if chosen := texts[:limit]:
            vectors = await asyncio.to_thread(self._embedder.embed, [words for _, words in chosen])
            self._vectors |= {of: vector for (of, _), vector in zip(chosen, vectors, strict=True)}
        return len(texts) - len(chosen)

    async def incidents(self, limit: int = 1000) -> tuple[PastIncident, ...]:
        incidents = sorted((one.incident for one in self._taught.values()), key=lambda one: one.investigation)
        return tuple(sorted(incidents, key=lambda one: one.at, reverse=True)[:limit])

    async def lessons(self, entities: Sequence[EntityRef] | None = None) -> tuple[Lesson, ...]:
        wanted = None if entities is None else {entity_key(one) for one in entities}
        found = [
            lesson
            for one in self._taught.values()
            for lesson in one.lessons
            if not lesson.undone and (wanted is None or entity_key(lesson.entity) in wanted)
        ]
        return tuple(sorted(found, key=lambda lesson: (lesson.at, lesson.id)))

    def stands(self, lesson: str) -> bool:
        """Whether there is a lesson of that id, be it undone."""
        return any(known.id == lesson for one in self._taught.values() for known in one.lessons)

    async def gaps(self) -> tuple[KnownGap, ...]:
        found = [gap for one in self._taught.values() for gap in one.gaps]
        return tuple(sorted(found, key=lambda gap: (gap.at, gap.investigation)))

    async def judgements(self) -> tuple[Judgement, ...]:
        found = [judgement for one in self._taught.values() for judgement in one.judgements]
        return tuple(sorted(found, key=lambda one: (one.at, one.id)))

    async def taught(self, investigation: UUID) -> Learned | None:
        return self._taught.get(investigation)

    async def count(self) -> int:
        return len(self._taught)

    def forget_reminded(self, investigation: UUID) -> None:
        """Which patterns it was reminded of, where what it was reminded by is to be forgotten."""
        if (one := self._taught.get(investigation)) is not None:
            self._taught[investigation] = unreminded(one)

    async def forget(self, investigation: UUID) -> None:
        self._taught.pop(investigation, None)
        self._vectors.pop(investigation, None)
