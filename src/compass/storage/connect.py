"""Opening a chronicle: a PostgreSQL given by URL, or the embedded one, started on demand."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from compass.ports.clock import Clock
from compass.ports.errors import ConfigurationError
from compass.ports.knowledge import Embedder

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from compass.storage.connections import Connections
    from compass.storage.embedded import EmbeddedServer
    from compass.storage.postgres import PostgresChronicle

    Connection = AsyncConnection[tuple[object, ...]]

_CONNECT_TIMEOUT_S = 10


async def open_chronicle(
    *,
    clock: Clock,
    database_url: str | None = None,
    data_dir: Path | None = None,
    team: str = "default",
    server_user: str | None = None,
    embedder: Embedder | None = None,
) -> PostgresChronicle:
    """A chronicle ready for use, its schema up to date.

    `database_url` names any PostgreSQL from version 14 on; without it the embedded
    server of `data_dir` (default: see `places.default_data_dir`) is used, and started
    if it is not running. Past incidents are found again by `embedder`.

    Raises ConfigurationError for settings that cannot work and StorageError when
    the database cannot be reached or is newer than this COMPASS.
    """
    from compass.storage.migrate import ensure_schema
    from compass.storage.postgres import PostgresChronicle

    _, connections = connections_of(database_url=database_url, data_dir=data_dir, server_user=server_user)
    try:
        await connections.run(ensure_schema, patient=False)
    except BaseException:
        await connections.close()
        raise
    return PostgresChronicle(connections, clock, team, embedder=embedder)


def connections_of(
    *, database_url: str | None, data_dir: Path | None, server_user: str | None = None
) -> tuple[str, Connections]:
    """Where the database is, in words without user or password, and connections to it, none opened yet."""
    from compass.storage.connections import Connections

    if database_url:
        where, connect = _describe(database_url), _given(database_url)
    else:
        where, connect = "embedded database", _embedded(open_server(data_dir, server_user=server_user))
    return where, Connections(connect, where)


def open_server(data_dir: Path | None = None, *, server_user: str | None = None) -> EmbeddedServer:
    """The embedded server of a data folder, for `compass database`; starts nothing."""
    from compass.storage.embedded import EmbeddedServer
    from compass.storage.places import default_data_dir

    return EmbeddedServer(data_dir or default_data_dir(os.environ, os.geteuid()), server_user=server_user)


def _given(database_url: str) -> Callable[[], Awaitable[Connection]]:
    async def connect() -> Connection:
        return await _connect(database_url)

    return connect


def _embedded(server: EmbeddedServer) -> Callable[[], Awaitable[Connection]]:
    """Attach when the server runs; otherwise start it. Also how a server that was killed comes back."""

    async def connect() -> Connection:
        from psycopg import OperationalError

        address = server.attach()
        if address is not None:
            try:
                return await _connect(address.conninfo)
            except OperationalError:
                pass  # it went away this moment, or is still recovering
        address = await asyncio.to_thread(server.start)
        return await _connect(address.conninfo)

    return connect


async def _connect(conninfo: str) -> Connection:
    from psycopg import AsyncConnection, IsolationLevel

    connection = await AsyncConnection.connect(
        conninfo,
        autocommit=True,
        prepare_threshold=None,  # poolers between COMPASS and a given PostgreSQL may not keep statements
        connect_timeout=_CONNECT_TIMEOUT_S,
        application_name="compass",
    )
    await connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
    # A runner that is frozen inside a transaction (Ctrl-Z, a paused machine) must not keep its row locked for others.
    await connection.execute("SET idle_in_transaction_session_timeout = '15s'")
    return connection


def _describe(database_url: str) -> str:
    """Host and database for error messages, without user or password. Raises ConfigurationError when unreadable."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(database_url)
    except ProgrammingError:
        # The driver's message may repeat what was given, password and all.
        raise ConfigurationError(
            "not a PostgreSQL URL",
            where="COMPASS_DATABASE_URL",
            hint="an example that works: postgresql://user:password@host:5432/compass",
        ) from None
    return f"database {parts.get('dbname', '')} on {parts.get('host', 'this machine')}"
