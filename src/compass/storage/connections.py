"""A handful of connections, one an operation, opened when needed and replaced when they break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from compass.ports.errors import StorageError

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[tuple[object, ...]]

T = TypeVar("T")

Connect = Callable[[], Awaitable["Connection"]]

_PAUSES_S = (0.05, 0.5, 2.0)
"""Before the second, third and fourth attempt: PostgreSQL restarts its workers within a second of a crash."""


class Connections:
    """At most `limit` connections at once. `connect` opens one, and may start a server to do so."""

    def __init__(self, connect: Connect, where: str, limit: int = 2) -> None:
        self._connect = connect
        self._where = where
        self._slots = asyncio.Semaphore(limit)
        self._idle: list[Connection] = []
        self._closed = False

    async def run(self, operation: Callable[[Connection], Awaitable[T]], *, patient: bool = True) -> T:
        """Run an operation that may safely be run again: it is repeated when the connection breaks.

        Without `patient` it is tried once. Raises StorageError once the attempts are
        used up, or for what the database refuses.
        """
        from psycopg import Error, OperationalError

        pauses = _PAUSES_S if patient else ()
        for pause_s in (*pauses, None):
            try:
                async with self._one() as connection:
                    return await operation(connection)
            except OperationalError as error:  # lost connection, restart, deadlock: passing
                if pause_s is None:
                    raise self._failed(error, hint="is it running and reachable?") from error
                await asyncio.sleep(pause_s)
            except Error as error:
                raise self._failed(error) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    @asynccontextmanager
    async def dedicated(self) -> AsyncIterator[Connection]:
        """A connection of its own, closed at the end: for LISTEN, which may wait for hours."""
        self._check_open()
        connection = await self._connect()
        try:
            yield connection
        finally:
            await connection.close()

    async def close(self) -> None:
        """Close what is idle; running operations finish and close theirs."""
        self._closed = True
        while self._idle:
            await self._idle.pop().close()

    @asynccontextmanager
    async def _one(self) -> AsyncIterator[Connection]:
        self._check_open()
        async with self._slots:
            connection = await self._take()
            try:
                yield connection
            finally:
                await self._give_back(connection)

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return await self._connect()

    async def _give_back(self, connection: Connection) -> None:
        from psycopg.pq import TransactionStatus

        # A cancelled operation may leave a connection in the middle of something: never reuse such a one.
        usable = connection.info.transaction_status == TransactionStatus.IDLE
        if self._closed or not usable:
            await connection.close()
        else:
            self._idle.append(connection)

    def _failed(self, error: Exception, hint: str = "") -> StorageError:
        text = " ".join(str(error).split()) or type(error).__name__
        return StorageError(f"the database failed: {text}", where=self._where, hint=hint)

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError("the chronicle is closed", where=self._where)
