"""A team's documents in PostgreSQL. The twin is in `compass.storage.memory_documents`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from compass.domain.documents import Document, DocumentHead, FoundPassage, FoundPassages, KeptDocument, Passage, Wanted
from compass.ports.knowledge import Embedder
from compass.storage.connections import Connections
from compass.storage.knowledge_rows import decode, encode
from compass.storage.passage_rows import (
    CANDIDATES,
    TOLD,
    Ranked,
    embedded,
    fused,
    strong_of,
    text_for,
    wanted_stems,
    weak_of,
)
from compass.storage.queries import load_queries
from compass.storage.vectors import cosines_of, fetch, numbers_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from compass.ports.knowledge import Vectors

    Connection = AsyncConnection[tuple[object, ...]]

T = TypeVar("T")

FILE = Path(__file__).with_name("documents.sql")
COMPARED = 20_000
"""Without pgvector this many vectors are compared, in the order of the documents' names: they come over the wire."""
_BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptRow:
    data: str
    added_at: datetime
    passages: int
    embedded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _PassageRow:
    data: str
    document: str
    position: int
    heading: list[str]
    first_line: int
    last_line: int
    text: str

    def read(self) -> tuple[DocumentHead, Passage]:
        passage = Passage(
            position=self.position, heading=tuple(self.heading), first_line=self.first_line, last_line=self.last_line,
            text=self.text,
        )  # fmt: skip
        return decode(DocumentHead, self.data), passage


@dataclass(frozen=True, slots=True, kw_only=True)
class _VectorRow:
    document: str
    position: int
    vector: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _CountRow:
    number: int


class PostgresDocuments:
    """Implements `compass.ports.documents.Documents` over a schema that is up to date.

    `embedder` None: found by words alone. Without `pgvector` vectors are compared here.
    """

    def __init__(
        self, connections: Connections, team: str = "default", embedder: Embedder | None = None, *,
        pgvector: bool = True,
    ) -> None:  # fmt: skip
        self._connections = connections
        self._embedder = embedder
        self._queries = load_queries(FILE)
        known = {"embedder": embedder.name, "version": embedder.version} if embedder else {}
        self._values: Mapping[str, object] = {"team": team, "embedder": "", "version": "", **known}
        self._pgvector = None if pgvector else False  # None: not asked yet

    async def change(
        self, keep: Sequence[Document] = (), drop: Sequence[str] = (), restate: Sequence[DocumentHead] = ()
    ) -> None:
        """Of several documents of one name in `keep`, the last counts. One in `restate` whose content is another by now
        (its digest) is left alone."""
        chosen = list({one.head.name: one for one in keep}.values())
        heads = [encode(one.head) for one in chosen]
        # Stems of thousands of passages take seconds: neither the event loop nor an open transaction waits for them.
        passages = [(one.head, passage) for one in chosen for passage in one.passages]
        columns = await asyncio.to_thread(_columns, passages)
        restated = [encode(head) for head in restate]

        async def work(connection: Connection) -> None:
            async with connection.transaction():
                if drop:
                    await self._execute(connection, "drop_documents", names=list(drop))
                if chosen:
                    await self._execute(connection, "keep_documents", data=heads)
                    await self._execute(connection, "drop_passages", names=[one.head.name for one in chosen])
                    await self._execute(connection, "keep_passages", **columns)
                if restated:
                    await self._execute(connection, "restate_documents", data=restated)

        if drop or chosen or restated:
            await self._connections.run(work)

    async def kept(self) -> tuple[KeptDocument, ...]:
        return tuple(
            KeptDocument(
                head=decode(DocumentHead, row.data), passages=row.passages, embedded=row.embedded,
                added_at=row.added_at.astimezone(UTC),
            )
            for row in await self._all("kept", _KeptRow)
        )  # fmt: skip

    async def find(self, wanted: Sequence[Wanted], limit: int = 10) -> FoundPassages:
        searched = await self._count("count")
        if not searched or not wanted:
            return FoundPassages(found=tuple(() for _ in wanted), searched=searched)
        vectors, problem = await embedded(self._embedder, wanted)
        found = await asyncio.gather(*(
            self._found(one, None if vectors is None else vectors[place], limit) for place, one in enumerate(wanted)
        ))  # fmt: skip
        return FoundPassages(found=tuple(found), searched=searched, problem=problem)

    async def _found(self, wanted: Wanted, vector: Vectors | None, limit: int) -> tuple[FoundPassage, ...]:
        scope = {"services": _listed(wanted.services), "limit": CANDIDATES}
        stems = wanted_stems(wanted)
        by_words = await self._all("by_words", Ranked, words=stems, told=TOLD, **scope) if stems else ()
        tagged: Sequence[Ranked] = ()
        if wanted.mechanisms:
            tagged = await self._all("tagged", Ranked, mechanisms=sorted(wanted.mechanisms), **scope)
        near = await self._near(vector, scope) if vector is not None else ()
        rankings = (by_words, tagged, near)
        keys = list(dict.fromkeys(one.key for ranking in rankings for one in ranking))
        rows = await self._all(
            "some_passages", _PassageRow, documents=[document for document, _ in keys],
            positions=[position for _, position in keys],
        )  # fmt: skip
        passages = {(row.document, row.position): row.read() for row in rows}
        said, cosines = ({one.key: one.value for one in ranking} for ranking in (by_words, near))
        return fused(rankings, said, cosines, {one.key for one in tagged}, passages, limit)

    async def _near(self, vector: Vectors, scope: Mapping[str, object]) -> Sequence[Ranked]:
        import numpy as np

        if await self._support():
            values = {"vector": f"[{numbers_of(vector)}]", "dimensions": len(vector)}
            near = await self._all("by_pgvector", Ranked, **{**scope, **values})
            return [one for one in near if one.value > 0]  # less is not alike at all
        rows = await self._all("vectors", _VectorRow, **{**scope, "limit": COMPARED})
        cosines = await asyncio.to_thread(cosines_of, [row.vector for row in rows], vector)
        order = np.argsort(-cosines, kind="stable")[:CANDIDATES]
        return [
            Ranked(document=rows[at].document, position=rows[at].position, value=float(cosines[at]))
            for at in order
            if cosines[at] > 0
        ]

    async def prepare(self) -> None:
        if self._embedder is not None and await self._count("count"):
            await asyncio.to_thread(self._embedder.embed, [""])

    async def embed(self, limit: int = 256) -> int:
        if self._embedder is None:
            return 0
        left = limit
        while left > 0:
            rows = await self._all("without_vector", _PassageRow, limit=min(left, _BATCH))
            if not rows:
                break
            await self._embed(self._embedder, rows)
            left -= len(rows)
        return await self._count("count_without_vector")

    async def _embed(self, embedder: Embedder, rows: Sequence[_PassageRow]) -> None:
        vectors = await asyncio.to_thread(embedder.embed, [text_for(*row.read()) for row in rows])
        values = {
            "documents": [row.document for row in rows], "positions": [row.position for row in rows],
            "texts": [row.text for row in rows], "vectors": [f"{{{numbers_of(vector)}}}" for vector in vectors],
        }  # fmt: skip

        async def keep(connection: Connection) -> None:
            await self._execute(connection, "keep_vectors", **values)

        await self._connections.run(keep)

    async def _support(self) -> bool:
        if self._pgvector is None:
            self._pgvector = bool(await self._count("vector_support"))
        return self._pgvector

    async def _execute(self, connection: Connection, name: str, **values: object) -> None:
        await connection.execute(self._queries[name], {**self._values, **values})

    async def _all(self, name: str, row_type: type[T], **values: object) -> Sequence[T]:
        async def work(connection: Connection) -> Sequence[T]:
            return await fetch(connection, self._queries[name], row_type, {**self._values, **values})

        return await self._connections.run(work)

    async def _count(self, name: str) -> int:
        return (await self._all(name, _CountRow))[0].number


def _columns(passages: Sequence[tuple[DocumentHead, Passage]]) -> dict[str, object]:
    return {
        "documents": [head.name for head, _ in passages],
        "positions": [passage.position for _, passage in passages],
        "headings": [json.dumps(passage.heading) for _, passage in passages],
        "firsts": [passage.first_line for _, passage in passages],
        "lasts": [passage.last_line for _, passage in passages],
        "texts": [passage.text for _, passage in passages],
        "strongs": [strong_of(head, passage) for head, passage in passages],
        "weaks": [weak_of(head, passage) for head, passage in passages],
    }


def _listed(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)
