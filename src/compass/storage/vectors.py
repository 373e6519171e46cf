"""Past incidents by the likeness of their words, in PostgreSQL: with pgvector where there is, with numpy where not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from compass.domain.knowledge import Neighbour, PastIncident
from compass.ports.knowledge import Embedder
from compass.storage.connections import Connections
from compass.storage.knowledge_rows import decode, texts_of
from compass.storage.near_index import INDEX_FROM, NearIndex
from compass.storage.queries import load_queries

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from compass.ports.knowledge import Vectors as Array

    Connection = AsyncConnection[tuple[object, ...]]

T = TypeVar("T")

FILE = Path(__file__).with_name("knowledge.sql")
COMPARED = 10_000
"""Without pgvector this many of the latest incidents are compared: their vectors come over the wire every time."""
_BATCH = 256
_EF_SEARCH = 200
_HEADER, _ELEMENT = 20, 8
"""Bytes of an array as PostgreSQL sends it (array_send): five int32, then each float behind its length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _DataRow:
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _NearRow:
    data: str
    cosine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _VectorRow:
    id: UUID
    vector: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _CountRow:
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _VersionRow:
    version: str


class Vectors:
    """The vectors of one embedder. What another one made is not looked at, and replaced batch by batch.

    `index_from` vectors or more are searched by an index (None: never); without `pgvector` none is, and numpy compares.
    """

    def __init__(
        self, connections: Connections, team: str, embedder: Embedder, *, index_from: int | None = INDEX_FROM,
        pgvector: bool = True,
    ) -> None:  # fmt: skip
        self._connections = connections
        self._embedder = embedder
        self._queries = load_queries(FILE)
        self._values: Mapping[str, object] = {"team": team, "embedder": embedder.name, "version": embedder.version}
        self._index = NearIndex(connections, embedder.dimensions)
        self._index_from = index_from
        self._pgvector = None if pgvector else ""  # None: not asked yet

    async def nearest(self, words: str, limit: int) -> tuple[Neighbour, ...]:
        """Nearest first, among those that have a vector. Raises EmbeddingError where the words cannot be embedded."""
        number = await self._number() if words else 0
        if not number:
            return ()
        wanted = (await asyncio.to_thread(self._embedder.embed, [words]))[0]
        if await self._support():
            return await self._by_pgvector(wanted, limit, number)
        return await self._by_numpy(wanted, limit)

    async def prepare(self) -> None:
        if await self._number():
            await self._support()
            await asyncio.to_thread(self._embedder.embed, [""])

    async def embed(self, limit: int) -> int:
        """Make at most `limit` of the vectors that are missing; how many are missing then.

        Raises EmbeddingError; what was made before stays.
        """
        left = limit
        while left > 0:
            rows = await self._all("without_vector", _DataRow, limit=min(left, _BATCH))
            if not rows:
                break
            await self._embed([decode(PastIncident, row.data) for row in rows])
            left -= len(rows)
        if await self._support() and self._many(await self._number()):
            await self._index.ensure()
        return await self._count("count_without_vector")

    async def _embed(self, incidents: Sequence[PastIncident]) -> None:
        texts = texts_of(incidents)
        vectors = await asyncio.to_thread(self._embedder.embed, [words for _, words in texts])
        values = {
            **self._values,
            "investigations": [investigation for investigation, _ in texts],
            "words": [words for _, words in texts],
            "vectors": [f"{{{numbers_of(vector)}}}" for vector in vectors],
        }

        async def keep(connection: Connection) -> None:
            await connection.execute(self._queries["keep_vectors"], values)

        await self._connections.run(keep)

    async def _by_pgvector(self, wanted: Array, limit: int, number: int) -> tuple[Neighbour, ...]:
        indexed = self._many(number) and await self._index.ready()
        statement = _near(self._embedder.dimensions, self._index.kind if indexed else "")
        values = {**self._values, "wanted": f"[{numbers_of(wanted)}]", "limit": limit}

        async def search(connection: Connection) -> Sequence[_NearRow]:
            async with connection.transaction():
                if indexed:
                    # Other teams' and other embedders' rows are passed over without losing this one's (pgvector 0.8).
                    await connection.execute(f"set local hnsw.ef_search = {max(_EF_SEARCH, limit)}".encode())
                    if _at_least(self._pgvector or "", (0, 8)):
                        await connection.execute(b"set local hnsw.iterative_scan = strict_order")
                return await fetch(connection, statement, _NearRow, values)

        rows = await self._connections.run(search)
        return tuple(Neighbour(incident=decode(PastIncident, row.data), cosine=row.cosine) for row in rows)

    async def _by_numpy(self, wanted: Array, limit: int) -> tuple[Neighbour, ...]:
        import numpy as np

        rows = await self._all("latest_vectors", _VectorRow, limit=COMPARED)
        cosines = await asyncio.to_thread(cosines_of, [row.vector for row in rows], wanted)
        order = np.argsort(-cosines, kind="stable")[:limit]
        ids = [rows[place].id for place in order]
        found = (decode(PastIncident, row.data) for row in await self._all("some_incidents", _DataRow, ids=ids))
        incidents = {incident.investigation: incident for incident in found}
        return tuple(
            Neighbour(incident=incidents[rows[place].id], cosine=float(cosines[place]))
            for place in order
            if rows[place].id in incidents  # forgotten by somebody in between
        )

    async def _support(self) -> str:
        if self._pgvector is None:
            self._pgvector = (await self._all("vector_support", _VersionRow))[0].version
        return self._pgvector

    async def _number(self) -> int:
        """How many vectors there are, at most as many as an index is searched from."""
        return (await self._all("vectors", _CountRow, limit=max(1, self._index_from or 1)))[0].number

    def _many(self, number: int) -> bool:
        return self._index_from is not None and number >= self._index_from

    async def _count(self, name: str) -> int:
        return (await self._all(name, _CountRow))[0].number

    async def _all(self, name: str, row_type: type[T], **values: object) -> Sequence[T]:
        async def work(connection: Connection) -> Sequence[T]:
            return await fetch(connection, self._queries[name], row_type, {**self._values, **values})

        return await self._connections.run(work)


async def fetch(
    connection: Connection, statement: bytes, row_type: type[T], values: Mapping[str, object]
) -> Sequence[T]:
    from psycopg.rows import class_row

    async with connection.cursor(row_factory=class_row(row_type), binary=True) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


def _near(dimensions: int, kind: str) -> bytes:
    """The search: by the index where its type `kind` is given (what is ordered by has to be the index's expression,
    with its number of dimensions written out), and over every vector where not."""
    shape = f"{kind}({dimensions})"
    distance = f"v.embedding::{shape} <=> %(wanted)s::{shape}" if kind else "v.embedding <=> %(wanted)s::vector"
    return f"""
        select p.data::text as data, 1 - near.distance as cosine
        from (
            select v.investigation, {distance} as distance
            from compass.past_vector v
            where v.team = %(team)s and v.embedder = %(embedder)s and v.version = %(version)s
              and v.dimensions = {dimensions}
            order by {distance} limit %(limit)s
        ) near
        join compass.past_incident p on p.team = %(team)s and p.investigation = near.investigation
        order by near.distance, near.investigation
    """.encode()  # noqa: S608  # numbers and a name of this module, no text of anybody


def numbers_of(vector: Array) -> str:
    return ",".join(map(repr, vector.tolist()))


def cosines_of(sent: Sequence[bytes], wanted: Array) -> Array:
    """Cosines of unit vectors. Those of another length than `wanted` count as not alike."""
    import numpy as np

    size = _HEADER + len(wanted) * _ELEMENT
    cosines = np.zeros(len(sent), dtype=np.float32)
    places = [place for place, data in enumerate(sent) if len(data) == size]
    if places:
        elements = np.dtype([("length", ">i4"), ("value", ">f4")])
        joined = np.frombuffer(b"".join(sent[place][_HEADER:] for place in places), dtype=elements)["value"]
        cosines[places] = joined.astype(np.float32).reshape(len(places), len(wanted)) @ wanted
    return cosines


def _at_least(version: str, wanted: tuple[int, ...]) -> bool:
    parts = tuple(int(part) for part in version.split(".") if part.isdigit())
    return parts >= wanted
