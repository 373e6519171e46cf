"""The schema, moved forward only: each migration in one transaction, under one lock, with its checksum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from compass.ports.errors import StorageError
from compass.storage.queries import load_queries

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[tuple[object, ...]]

OLDEST_SERVER = 140000
_LOCK = 0x636F6D70617373  # "compass": every client takes the same advisory lock
_EXTENSION = "-- requires-extension:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file. `extension` is what the server must offer for it; None: it must always succeed."""

    version: int
    name: str
    sql: bytes
    checksum: str
    extension: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A migration as the database remembers it; `status` is applied | skipped."""

    version: int
    name: str
    checksum: str
    status: str


def load_migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """The migrations this COMPASS knows, in order. Raises ValueError when their numbers have a gap."""
    folder = folder or Path(__file__).with_name("migrations")
    found = tuple(_load(path) for path in sorted(folder.glob("[0-9]*.sql")))
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations in {folder.name} are not numbered 1, 2, 3 ...")
    return found


def _load(path: Path) -> Migration:
    sql = path.read_bytes()
    number, _, name = path.stem.partition("_")
    extension = None
    for line in sql.decode("utf-8").splitlines():
        if line.startswith(_EXTENSION):
            extension = line.removeprefix(_EXTENSION).strip()
    return Migration(version=int(number), name=name, sql=sql, checksum=sha256(sql).hexdigest(), extension=extension)


def pending(known: Sequence[Migration], recorded: Sequence[Recorded]) -> tuple[Migration, ...]:
    """What remains to be applied (skipped ones included).

    Raises StorageError for a schema newer than `known` and for a migration that was edited after it was applied.
    """
    by_version = {record.version: record for record in recorded}
    newest = max(by_version, default=0)
    if newest > len(known):
        raise StorageError(
            f"the database's schema is at version {newest}, this COMPASS knows {len(known)}",
            where="database schema",
            hint="upgrade COMPASS; nothing was changed",
        )
    todo: list[Migration] = []
    for migration in known:
        record = by_version.get(migration.version)
        if record is None or record.status == "skipped":
            todo.append(migration)
        elif record.checksum != migration.checksum:
            raise StorageError(
                f"migration {migration.version} ({record.name}) is not the one that was applied",
                where="database schema",
                hint="migrations are never edited: reinstall COMPASS, or use a fresh database",
            )
    return tuple(todo)


async def ensure_schema(connection: Connection, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Bring the schema up to date; returns the names of the migrations applied now.

    One or two short queries when there is nothing to do. Raises StorageError (server
    too old, schema newer than this COMPASS, edited migration, no right to create it).
    """
    known = load_migrations() if migrations is None else migrations
    applier = _Applier(connection, load_queries(), known)
    applier.check_server()
    todo = await applier.todo()
    return await applier.apply() if todo else ()


async def recorded_migrations(connection: Connection) -> tuple[Recorded, ...]:
    """What the database remembers, in order; nothing where the schema was never made."""
    return await _Applier(connection, load_queries(), ()).recorded()


class _Applier:
    def __init__(self, connection: Connection, queries: Mapping[str, bytes], known: Sequence[Migration]) -> None:
        self._connection = connection
        self._queries = queries
        self._known = known

    def check_server(self) -> None:
        version = self._connection.info.server_version
        if version < OLDEST_SERVER:
            raise StorageError(
                f"PostgreSQL {version // 10000} is too old", where="database", hint="COMPASS needs PostgreSQL 14"
            )
        encoding = self._connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StorageError(
                f"the database's encoding is {encoding}", where="database", hint="create it with encoding UTF8"
            )

    async def todo(self) -> tuple[Migration, ...]:
        """Pending migrations that can be applied now: skipped ones only where the server has come to offer them."""
        recorded = await self.recorded()
        todo = pending(self._known, recorded)
        skipped = {record.version for record in recorded if record.status == "skipped"}
        if not skipped.intersection(migration.version for migration in todo):
            return todo
        offered = await self._offered([m.extension for m in todo if m.extension])
        return tuple(m for m in todo if m.version not in skipped or m.extension in offered)

    async def apply(self) -> tuple[str, ...]:
        """Apply one migration a transaction; whoever waited for the lock finds less to do."""
        from psycopg.errors import InsufficientPrivilege

        applied: list[str] = []
        tried: set[int] = set()
        try:
            async with self._connection.transaction():
                await self._lock()
                await self._create_tables()
            while True:
                async with self._connection.transaction():
                    await self._lock()
                    todo = [m for m in await self.todo() if m.version not in tried]
                    if not todo:
                        return tuple(applied)
                    tried.add(todo[0].version)
                    if await self._apply_one(todo[0]):
                        applied.append(todo[0].name)
        except InsufficientPrivilege as error:
            raise StorageError(
                f"this database user may not create the schema: {error.diag.message_primary}",
                where="database schema",
                hint="grant CREATE on the database, or let an administrator connect COMPASS once",
            ) from error

    async def _lock(self) -> None:
        await self._connection.execute(self._queries["lock_migrations"], {"lock": _LOCK})

    async def _create_tables(self) -> None:
        # "if not exists" still needs the right to create, which a user of a finished schema may not have.
        row = await (await self._connection.execute(self._queries["schema_exists"])).fetchone()
        found, ready = row or (False, False)
        if not found:
            await self._connection.execute(self._queries["create_schema"])
        if not ready:
            await self._connection.execute(self._queries["create_schema_migrations"])

    async def recorded(self) -> tuple[Recorded, ...]:
        row = await (await self._connection.execute(self._queries["schema_exists"])).fetchone()
        if row is None or not row[1]:
            return ()
        cursor = await self._connection.execute(self._queries["list_migrations"])
        return tuple(
            Recorded(version=int(str(version)), name=str(name), checksum=str(checksum), status=str(status))
            for version, name, checksum, status in await cursor.fetchall()
        )

    async def _offered(self, extensions: Sequence[str]) -> set[str]:
        cursor = await self._connection.execute(self._queries["available_extensions"], {"names": list(extensions)})
        return {str(name) for (name,) in await cursor.fetchall()}

    async def _apply_one(self, migration: Migration) -> bool:
        skipped = await self._try(migration)
        await self._connection.execute(
            self._queries["record_migration"],
            {
                "version": migration.version,
                "name": migration.name,
                "checksum": migration.checksum,
                "status": "applied" if skipped is None else "skipped",
                "detail": skipped or "",
            },
        )
        return skipped is None

    async def _try(self, migration: Migration) -> str | None:
        """Run the migration; why it was skipped, when what it needs is missing or not allowed."""
        from psycopg.errors import InsufficientPrivilege

        if migration.extension is None:
            await self._connection.execute(migration.sql)
            return None
        if not await self._offered([migration.extension]):
            return f"the server does not offer the extension {migration.extension}"
        try:
            async with self._connection.transaction():
                await self._connection.execute(migration.sql)
        except InsufficientPrivilege as error:
            return error.diag.message_primary or "not allowed"
        return None
