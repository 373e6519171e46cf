"""Erasure in PostgreSQL. The twin is in `compass.storage.memory_erasing`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from compass.ports.erasure import Erasable
from compass.storage.connections import Connections
from compass.storage.queries import load_queries
from compass.storage.quoted import MAY_QUOTE, SPEAKS, TEACHES_LESSONS, names_of, quotes_of
from compass.storage.references import FORGOTTEN, in_use, no_such, reminded_in_use

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[tuple[object, ...]]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _HeldRow:
    id: UUID
    number: int
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _IdRow:
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class _DataRow:
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _NamesRow:
    number: int
    keys: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlaceRow:
    investigation: UUID
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _CountRow:
    number: int


class PostgresErasure:
    """Implements `compass.ports.erasure.Erasure`. PostgreSQL frees the old bytes on disk at its next vacuum."""

    def __init__(self, connections: Connections, team: str = "default") -> None:
        self._connections = connections
        self._team = team
        self._queries = load_queries(Path(__file__).with_name("erasing.sql"))

    async def forget(self, investigation: UUID) -> int:
        """What others hold of it goes first, while its own payloads still say what was quoted. Its row is locked
        meanwhile, so that no runner can begin, and those of all that were reminded of it, so that nobody learns what he
        had read of them before. None of them may have a runner: it would go on quoting what it holds in memory. Who
        gives one of them an order from a screen that he has had open since before can do that, and nothing finds it
        afterwards."""

        async def work(connection: Connection) -> int:
            async with connection.transaction():
                names, reminded = await self._lock_reminded(connection, investigation)
                await self._execute(connection, "take_leases", reminded=reminded)
                await self._forget_quoted(connection, investigation, reminded)
                await self._execute(connection, "forget_replies", investigation=investigation)
                for name in ("forget_reminded", "forget_recalled"):
                    await self._execute(connection, name, reminded=reminded, names=names)
                await self._execute(connection, "forget_taught", investigation=investigation)
                erased = await self._erase(connection, investigation, None)
                await self._execute(connection, "blank", investigation=investigation, title=FORGOTTEN)
                return erased

        return await self._connections.run(work)

    async def _lock_reminded(self, connection: Connection, investigation: UUID) -> tuple[list[bytes], list[UUID]]:
        """Lock it and those that were reminded of it: by which names, and which they are. Who is locked can only be
        known for certain behind the lock."""
        locked: set[UUID] = set()
        while True:
            names = await self._names(connection, investigation)
            rows = await self._fetch(connection, "reminded", _IdRow, investigation=investigation, names=names)
            wanted = {investigation, *(row.id for row in rows)}
            if wanted <= locked:
                return names, sorted(wanted - {investigation})
            await self._lock(connection, investigation, wanted)
            locked |= wanted

    async def _names(self, connection: Connection, investigation: UUID) -> list[bytes]:
        """None where there is no such investigation."""
        rows = await self._fetch(
            connection, "names", _NamesRow, investigation=investigation, kinds=list(TEACHES_LESSONS)
        )
        return [name for row in rows for name in names_of(investigation, row.number, row.keys)]

    async def _forget_quoted(self, connection: Connection, investigation: UUID, reminded: list[UUID]) -> None:
        """Words of it that were shown in other investigations: the whole of each such payload goes."""
        spoken = await self._fetch(connection, "spoken", _DataRow, investigation=investigation, kinds=list(SPEAKS))
        if not (texts := quotes_of(row.data for row in spoken)):
            return
        found = await self._fetch(
            connection, "quoting", _PlaceRow, investigation=investigation, kinds=list(MAY_QUOTE),
            shown=[text.shown for text in texts], own=[text.own for text in texts], reminded=reminded,
        )  # fmt: skip
        if not found:
            return
        places = {"investigations": [row.investigation for row in found], "seqs": [row.seq for row in found]}
        for name in ("forget_quoting_replies", "forget_quoting"):
            await self._execute(connection, name, **places)

    async def erase(self, investigation: UUID, kinds: Collection[str]) -> int:
        async def work(connection: Connection) -> int:
            async with connection.transaction():
                await self._lock(connection, investigation, {investigation})
                return await self._erase(connection, investigation, kinds)

        return await self._connections.run(work)

    async def erasable(self, before: datetime, kinds: Collection[str] | None = None) -> tuple[Erasable, ...]:
        async def look(connection: Connection) -> Sequence[Erasable]:
            return await self._fetch(connection, "erasable", Erasable, before=before, kinds=_listed(kinds))

        rows = await self._connections.run(look)
        return tuple(replace(row, last_event_at=row.last_event_at.astimezone(UTC)) for row in rows)

    async def _lock(self, connection: Connection, investigation: UUID, wanted: Collection[UUID]) -> None:
        """Nothing is appended to, or learned from, any of `wanted` until the transaction ends. Raises NotFoundError
        for the one investigation, StaleRunnerError where a runner works on any."""
        rows = await self._fetch(connection, "lock_for_erasing", _HeldRow, ids=sorted(wanted))
        found = {row.id: row for row in rows}
        if investigation not in found:
            raise no_such(investigation)
        if found[investigation].held:
            raise in_use(investigation)
        for row in rows:
            if row.held:
                raise reminded_in_use(row.number, investigation)

    async def _erase(self, connection: Connection, investigation: UUID, kinds: Collection[str] | None) -> int:
        values = {"investigation": investigation, "kinds": _listed(kinds)}
        return (await self._fetch(connection, "erase_kinds", _CountRow, **values))[0].number

    async def _execute(self, connection: Connection, name: str, **values: object) -> None:
        await connection.execute(self._queries[name], {"team": self._team, **values})

    async def _fetch(self, connection: Connection, name: str, row_type: type[T], **values: object) -> Sequence[T]:
        from psycopg.rows import class_row

        async with connection.cursor(row_factory=class_row(row_type), binary=True) as cursor:
            await cursor.execute(self._queries[name], {"team": self._team, **values})
            return await cursor.fetchall()


def _listed(kinds: Collection[str] | None) -> list[str] | None:
    return None if kinds is None else sorted(kinds)
