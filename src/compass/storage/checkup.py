"""Whether the database works: what `compass doctor` asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """`where` is in words, without user or password; `server` the version of PostgreSQL. Migrations by their names:
    `now` were applied by this check, `skipped` wait for an extension that the server does not offer."""

    where: str
    server: str
    applied: int
    now: tuple[str, ...]
    skipped: tuple[str, ...]


async def check_database(
    *, database_url: str | None, data_dir: Path | None, server_user: str | None = None
) -> Checkup:  # fmt: skip
    """Connect as every command does: the embedded server is started when it is needed, the schema brought up to date.

    Raises ConfigurationError for settings that cannot work and StorageError for what the database refuses.
    """
    from compass.storage.connect import connections_of
    from compass.storage.migrate import ensure_schema, recorded_migrations

    where, connections = connections_of(database_url=database_url, data_dir=data_dir, server_user=server_user)

    async def look(connection: Connection) -> Checkup:
        now = await ensure_schema(connection)
        known = await recorded_migrations(connection)
        number = connection.info.server_version
        return Checkup(
            where=where, server=f"{number // 10000}.{number % 10000}", now=now,
            applied=sum(one.status == "applied" for one in known),
            skipped=tuple(one.name for one in known if one.status == "skipped"),
        )  # fmt: skip

    try:
        return await connections.run(look, patient=False)
    finally:
        await connections.close()
