"""A team's documents in memory: the twin for tests and dry runs, gone with the process."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from compass.domain.documents import Document, DocumentHead, FoundPassage, FoundPassages, KeptDocument, Passage, Wanted
from compass.domain.time import to_datetime
from compass.ports.clock import Clock
from compass.ports.knowledge import Embedder
from compass.storage.passage_rows import (
    CANDIDATES,
    TOLD,
    Key,
    Ranked,
    embedded,
    fits,
    fused,
    strong_of,
    text_for,
    wanted_stems,
    weak_of,
)

if TYPE_CHECKING:
    from compass.ports.knowledge import Vectors


class MemoryDocuments:
    """Implements `compass.ports.documents.Documents`."""

    def __init__(self, clock: Clock, embedder: Embedder | None = None) -> None:
        self._clock = clock
        self._embedder = embedder
        self._documents: dict[str, tuple[Document, datetime]] = {}
        self._vectors: dict[Key, Vectors] = {}

    async def change(
        self, keep: Sequence[Document] = (), drop: Sequence[str] = (), restate: Sequence[DocumentHead] = ()
    ) -> None:
        """Nothing in it can fail half-way, which is what makes it one transaction. One in `restate` whose content is
        another by now (its digest) is left alone."""
        now = to_datetime(self._clock.now_ns())
        for name in (*drop, *(one.head.name for one in keep)):
            self._documents.pop(name, None)
            self._vectors = {key: vector for key, vector in self._vectors.items() if key[0] != name}
        for one in keep:
            self._documents[one.head.name] = (one, now)
        for head in restate:
            document, at = self._documents.get(head.name, (None, now))
            if document is not None and document.head.digest == head.digest:
                self._documents[head.name] = (replace(document, head=head), at)

    async def kept(self) -> tuple[KeptDocument, ...]:
        return tuple(
            KeptDocument(
                head=document.head, passages=len(document.passages), added_at=at,
                embedded=sum((name, p.position) in self._vectors for p in document.passages),
            )
            for name, (document, at) in sorted(self._documents.items())
        )  # fmt: skip

    async def find(self, wanted: Sequence[Wanted], limit: int = 10) -> FoundPassages:
        passages = self._passages()
        if not passages or not wanted:
            return FoundPassages(found=tuple(() for _ in wanted), searched=len(passages))
        vectors, problem = await embedded(self._embedder, wanted)
        found = [
            self._found(one, None if vectors is None else vectors[place], passages, limit)
            for place, one in enumerate(wanted)
        ]
        return FoundPassages(found=tuple(found), searched=len(passages), problem=problem)

    def _found(
        self, wanted: Wanted, vector: Vectors | None, passages: Mapping[Key, tuple[DocumentHead, Passage]], limit: int
    ) -> tuple[FoundPassage, ...]:
        fitting = {key: one for key, one in passages.items() if fits(one[0], wanted)}
        by_words = [one for one in _by_words(wanted_stems(wanted), passages) if one.key in fitting][:CANDIDATES]
        tagged = [
            Ranked(document=name, position=position, value=1.0)
            for (name, position), (head, _) in sorted(fitting.items())
            if wanted.mechanisms.intersection(head.scope.mechanisms)
        ][:CANDIDATES]
        near: list[Ranked] = []
        if vector is not None:
            cosines = {key: float(self._vectors[key] @ vector) for key in sorted(fitting) if key in self._vectors}
            ranked = sorted(cosines.items(), key=lambda one: (-one[1], one[0]))[:CANDIDATES]
            near = [Ranked(document=key[0], position=key[1], value=value) for key, value in ranked if value > 0]
        said, near_by = ({one.key: one.value for one in ranking} for ranking in (by_words, near))
        return fused((by_words, tagged, near), said, near_by, {one.key for one in tagged}, passages, limit)

    async def prepare(self) -> None:
        if self._embedder is not None and self._documents:
            await asyncio.to_thread(self._embedder.embed, [""])

    async def embed(self, limit: int = 256) -> int:
        if self._embedder is None:
            return 0
        missing = [(key, one) for key, one in sorted(self._passages().items()) if key not in self._vectors]
        if chosen := missing[:limit]:
            vectors = await asyncio.to_thread(self._embedder.embed, [text_for(*one) for _, one in chosen])
            self._vectors |= {key: vector for (key, _), vector in zip(chosen, vectors, strict=True)}
        return len(missing) - len(chosen)

    def _passages(self) -> dict[Key, tuple[DocumentHead, Passage]]:
        return {
            (name, passage.position): (document.head, passage)
            for name, (document, _) in self._documents.items()
            for passage in document.passages
        }


def _by_words(stems: Sequence[str], passages: Mapping[Key, tuple[DocumentHead, Passage]]) -> list[Ranked]:
    """As `by_words` of documents.sql."""
    strong = {key: set(strong_of(*one).split()) for key, one in passages.items()}
    weak = {key: set(weak_of(*one).split()) for key, one in passages.items()}
    holding = {word: sum(word in strong[key] or word in weak[key] for key in passages) for word in stems}
    weights = {word: math.log(1 + len(passages) / count) if count else math.log(2) for word, count in holding.items()}
    total = sum(weights.values())
    values = {
        key: sum(
            weight * (1.0 if word in strong[key] else TOLD)
            for word, weight in weights.items() if word in strong[key] or word in weak[key]
        ) / total
        for key in passages
    } if total else {}  # fmt: skip
    ranked = sorted(((key, value) for key, value in values.items() if value), key=lambda one: (-one[1], one[0]))
    return [Ranked(document=key[0], position=key[1], value=value) for key, value in ranked]
