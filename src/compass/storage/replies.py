"""Kept replies of language models, in PostgreSQL. The twin is in `compass.storage.memory`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from compass.ports.replies import KeptReply
from compass.storage.connections import Connections
from compass.storage.queries import load_queries

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReplyRow:
    reply: str
    model: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeyedRow(_ReplyRow):
    key: str


class PostgresReplies:
    """Implements `compass.ports.replies.Replies` over a schema that is up to date. `at` is the database's clock."""

    def __init__(self, connections: Connections, team: str = "default") -> None:
        self._connections = connections
        self._team = team
        self._queries = load_queries()

    async def find(self, key: str) -> KeptReply | None:
        from psycopg.rows import class_row

        async def look(connection: Connection) -> _ReplyRow | None:
            async with connection.cursor(row_factory=class_row(_ReplyRow)) as cursor:
                await cursor.execute(self._queries["find_reply"], {"team": self._team, "key": key})
                return await cursor.fetchone()

        row = await self._connections.run(look)
        return KeptReply(text=row.reply, model=row.model, at=row.at.astimezone(UTC)) if row else None

    async def find_all(self, keys: Sequence[str]) -> Mapping[str, KeptReply]:
        """In one statement; where `keys` is empty nothing is asked."""
        from psycopg.rows import class_row

        if not keys:
            return {}

        async def look(connection: Connection) -> list[_KeyedRow]:
            async with connection.cursor(row_factory=class_row(_KeyedRow)) as cursor:
                await cursor.execute(self._queries["find_replies"], {"team": self._team, "keys": list(keys)})
                return await cursor.fetchall()

        rows = await self._connections.run(look)
        return {
            row.key: KeptReply(text=row.reply, model=row.model, at=row.at.astimezone(UTC)) for row in rows
        }  # fmt: skip

    async def keep(self, key: str, reply: KeptReply) -> None:
        values = {"team": self._team, "key": key, "reply": reply.text, "model": reply.model}

        async def insert(connection: Connection) -> None:
            await connection.execute(self._queries["keep_reply"], values)

        await self._connections.run(insert)
