"""What a team learned, in PostgreSQL. The twin is in `compass.storage.memory_knowledge`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from compass.domain.entity import EntityRef
from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson, Neighbour, PastIncident
from compass.domain.learned import Signature
from compass.ports.knowledge import Embedder
from compass.storage.connections import Connections
from compass.storage.knowledge_rows import decode, encode, entity_key, last_of_each, unreminded, with_kept_signature
from compass.storage.queries import load_queries
from compass.storage.vectors import FILE, Vectors

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[tuple[object, ...]]

T = TypeVar("T")

_BATCH = 1000
"""Incidents a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _IdRow:
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class _DataRow:
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _PartRow:
    what: str
    position: int
    id: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _CountRow:
    number: int


class PostgresKnowledge:
    """Implements `compass.ports.knowledge.Knowledge` over a schema that is up to date.

    `embedder` None: incidents are found by their latest only. Its texts are embedded off the event loop.
    """

    def __init__(self, connections: Connections, team: str = "default", embedder: Embedder | None = None) -> None:
        self._connections = connections
        self._team = team
        self._queries = load_queries(FILE)
        self._vectors = Vectors(connections, team, embedder) if embedder else None

    async def learn(self, learned: Sequence[Learned], instead_of: Collection[UUID] = ()) -> None:
        """In batches, in one transaction: what was forgotten is looked up inside it, behind a lock, so that nothing
        that is forgotten at the same time comes back."""
        chosen = last_of_each(learned)
        if not chosen and not instead_of:
            return

        async def keep(connection: Connection) -> None:
            async with connection.transaction():
                if instead_of:
                    await self._execute(connection, "drop_imports", ids=sorted(instead_of))
                kept = await self._remembered(connection, chosen)
                for start in range(0, len(kept), _BATCH):
                    await self._keep(connection, kept[start : start + _BATCH])

        await self._connections.run(keep)

    async def _remembered(self, connection: Connection, learned: Sequence[Learned]) -> Sequence[Learned]:
        """Without those of this database that were forgotten after their chronicles were read, and without what one was
        reminded of where that was; until the transaction ends, nothing else of it is."""
        ids = [one.incident.investigation for one in learned if not one.incident.source]
        if not ids:
            return learned
        await self._execute(connection, "lock_investigations", ids=ids)
        gone = {row.id for row in await self._fetch(connection, "forgotten", _IdRow, ids=ids)}
        less = {row.id for row in await self._fetch(connection, "unreminded", _IdRow, ids=ids)}
        return [
            unreminded(one) if one.incident.investigation in less and not one.incident.source else one
            for one in learned
            if one.incident.source or one.incident.investigation not in gone
        ]

    async def _keep(self, connection: Connection, learned: Sequence[Learned]) -> None:
        ids = [one.incident.investigation for one in learned]
        rows = await self._fetch(connection, "lock_incidents", _DataRow, ids=ids)
        old = {row.investigation: row for row in (decode(PastIncident, row.data) for row in rows)}
        learned = [with_kept_signature(old.get(one.incident.investigation), one) for one in learned]
        kept = {row.id for row in await self._fetch(connection, "keep_incidents", _IdRow, **_columns(learned))}
        taught = [one for one in learned if one.incident.investigation in kept]
        for name in ("drop_lessons", "drop_gaps", "drop_judgements"):
            await self._execute(connection, name, ids=list(kept))
        await self._keep_parts(connection, taught)
        # A vector stands for words: it goes when they change, and is made again when somebody embeds.
        others = [
            one.incident.investigation
            for one in taught
            if (was := old.get(one.incident.investigation)) and was.signature.words != one.incident.signature.words
        ]
        if others:
            await self._execute(connection, "drop_vectors", ids=others)

    async def _keep_parts(self, connection: Connection, learned: Sequence[Learned]) -> None:
        lessons = [lesson for one in learned for lesson in one.lessons]
        if lessons:
            await self._execute(
                connection,
                "keep_lessons",
                ids=[lesson.id for lesson in lessons],
                investigations=[lesson.investigation for lesson in lessons],
                ats=[lesson.at for lesson in lessons],
                entities=[entity_key(lesson.entity) for lesson in lessons],
                undone=[lesson.undone for lesson in lessons],
                data=[encode(lesson) for lesson in lessons],
            )
        gaps = [(position, gap) for one in learned for position, gap in enumerate(one.gaps)]
        if gaps:
            await self._execute(
                connection,
                "keep_gaps",
                investigations=[gap.investigation for _, gap in gaps],
                positions=[position for position, _ in gaps],
                ats=[gap.at for _, gap in gaps],
                data=[encode(gap) for _, gap in gaps],
            )

        judgements = [one for each in learned for one in each.judgements]
        if judgements:
            await self._execute(
                connection,
                "keep_judgements",
                ids=[one.id for one in judgements],
                investigations=[one.investigation for one in judgements],
                ats=[one.at for one in judgements],
                data=[encode(one) for one in judgements],
            )

    async def behind(self) -> tuple[UUID, ...]:
        return tuple(row.id for row in await self._all("behind", _IdRow))

    async def nearest(self, signature: Signature, limit: int = 50) -> tuple[Neighbour, ...]:
        near = () if self._vectors is None else await self._vectors.nearest(signature.words, limit)
        if len(near) >= limit:
            return near
        found = {one.incident.investigation for one in near}
        latest = await self.incidents(limit + len(near))
        others = [one for one in latest if one.investigation not in found]
        return (*near, *(Neighbour(incident=one, cosine=0.0) for one in others[: limit - len(near)]))

    async def prepare(self) -> None:
        if self._vectors is not None:
            await self._vectors.prepare()

    async def embed(self, limit: int = 256) -> int:
        return 0 if self._vectors is None else await self._vectors.embed(limit)

    async def incidents(self, limit: int = 1000) -> tuple[PastIncident, ...]:
        return await self._decoded(PastIncident, "incidents", limit=limit)

    async def lessons(self, entities: Sequence[EntityRef] | None = None) -> tuple[Lesson, ...]:
        if entities is None:
            return await self._decoded(Lesson, "lessons")
        return await self._decoded(Lesson, "lessons_about", entities=sorted({entity_key(one) for one in entities}))

    async def gaps(self) -> tuple[KnownGap, ...]:
        return await self._decoded(KnownGap, "gaps")

    async def judgements(self) -> tuple[Judgement, ...]:
        return await self._decoded(Judgement, "judgements")

    async def taught(self, investigation: UUID) -> Learned | None:
        rows = await self._all("taught", _PartRow, investigation=investigation)
        incidents = [decode(PastIncident, row.data) for row in rows if row.what == "incident"]
        if not incidents:
            return None
        return Learned(
            incident=incidents[0],
            lessons=tuple(decode(Lesson, row.data) for row in rows if row.what == "lesson"),
            gaps=tuple(decode(KnownGap, row.data) for row in rows if row.what == "gap"),
            judgements=tuple(decode(Judgement, row.data) for row in rows if row.what == "judgement"),
        )

    async def count(self) -> int:
        return (await self._all("count", _CountRow))[0].number

    async def forget(self, investigation: UUID) -> None:
        """As the port says: what hangs on the row goes with it. PostgreSQL frees the bytes at its next vacuum."""

        async def delete(connection: Connection) -> None:
            await self._execute(connection, "forget", investigation=investigation)

        await self._connections.run(delete)

    # --- the few shapes of a statement -----------------------------------------------------------------

    async def _execute(self, connection: Connection, name: str, **values: object) -> None:
        await connection.execute(self._queries[name], {"team": self._team, **values})

    async def _fetch(self, connection: Connection, name: str, row_type: type[T], **values: object) -> Sequence[T]:
        from psycopg.rows import class_row

        async with connection.cursor(row_factory=class_row(row_type), binary=True) as cursor:
            await cursor.execute(self._queries[name], {"team": self._team, **values})
            return await cursor.fetchall()

    async def _all(self, name: str, row_type: type[T], **values: object) -> Sequence[T]:
        async def fetch(connection: Connection) -> Sequence[T]:
            return await self._fetch(connection, name, row_type, **values)

        return await self._connections.run(fetch)

    async def _decoded(self, kind: type[T], name: str, **values: object) -> tuple[T, ...]:
        return tuple(decode(kind, row.data) for row in await self._all(name, _DataRow, **values))


def _columns(learned: Sequence[Learned]) -> dict[str, list[UUID] | list[datetime] | list[str] | list[int]]:
    incidents = [one.incident for one in learned]
    return {
        "investigations": [one.investigation for one in incidents],
        "ats": [one.at for one in incidents],
        "statuses": [one.status.value for one in incidents],
        "sources": [one.source for one in incidents],
        "seqs": [one.seq for one in incidents],
        "data": [encode(one) for one in incidents],
    }
