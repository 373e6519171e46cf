"""Versions of a team's knowledge in PostgreSQL. The twin is in `compass.storage.memory_team`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from compass.domain.team import TeamKnowledge
from compass.domain.team_version import TeamVersion
from compass.ports.errors import StorageError
from compass.ports.team import OutrunError
from compass.storage.connections import Connections
from compass.storage.queries import load_queries
from compass.storage.team_rows import decoded, encode, entries_in

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[tuple[object, ...]]

T = TypeVar("T")
FILE = Path(__file__).with_name("team.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class _VersionRow:
    number: int
    at: datetime
    by: str
    commit: str
    digest: str
    entries: int
    restores: int | None

    def version(self) -> TeamVersion:
        return TeamVersion(
            number=self.number, at=self.at.astimezone(UTC), by=self.by, commit=self.commit, digest=self.digest,
            entries=self.entries, restores=self.restores,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _DataRow(_VersionRow):
    data: str


class PostgresTeamStore:
    """Implements `compass.ports.team.TeamStore` over a schema that is up to date. `at` is the database's clock."""

    def __init__(self, connections: Connections, team: str = "default") -> None:
        self._connections = connections
        self._team = team
        self._queries = load_queries(FILE)

    async def latest(self) -> TeamVersion | None:
        rows = await self._all("latest", _VersionRow)
        return rows[0].version() if rows else None

    async def read(self, number: int | None = None) -> TeamKnowledge | None:
        rows = await self._all("read", _DataRow, version=number)
        return decoded(rows[0].data, rows[0].version()) if rows else None

    async def versions(self, limit: int = 50) -> tuple[TeamVersion, ...]:
        return tuple(row.version() for row in await self._all("versions", _VersionRow, limit=limit))

    async def apply(
        self, knowledge: TeamKnowledge, *, based_on: int, by: str, restores: int | None = None
    ) -> TeamVersion:
        """One insert, on condition that `based_on` is the latest. Who was faster is looked up after it took nothing: by
        then somebody may have applied yet another."""
        values = {
            "based_on": based_on, "by": by, "commit": knowledge.commit, "digest": knowledge.digest,
            "entries": entries_in(knowledge), "restores": restores, "data": encode(knowledge),
        }  # fmt: skip
        # Tried once: after a lost connection nobody knows whether it is kept, and a second try would outrun itself.
        rows = await self._all("apply", _VersionRow, patient=False, **values)
        if rows:
            return rows[0].version()
        latest = await self.latest()
        if latest is None:
            raise StorageError(f"there is no version {based_on} to build on", where="team knowledge")
        raise OutrunError(latest, based_on)

    async def _all(self, name: str, row_type: type[T], *, patient: bool = True, **values: object) -> Sequence[T]:
        from psycopg.rows import class_row

        async def fetch(connection: Connection) -> Sequence[T]:
            async with connection.cursor(row_factory=class_row(row_type)) as cursor:
                await cursor.execute(self._queries[name], {"team": self._team, **values})
                return await cursor.fetchall()

        return await self._connections.run(fetch, patient=patient)
