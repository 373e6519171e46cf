"""The approximate index over vectors (HNSW of pgvector), built once there are enough of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compass.storage.connections import Connections

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[tuple[object, ...]]

INDEX_FROM = 20_000
"""Vectors from which searching by the index pays (docs/learning.md has the measurement); below it every vector is
compared, which is exact."""
_LOCK = 0x6E656172  # "near"
_WHILE_BUILDING = ("maintenance_work_mem = '256MB'", "max_parallel_maintenance_workers = 0")
"""A graph that does not fit into memory takes many times as long; workers would share that memory in /dev/shm, which
is too small in many containers."""
_WIDEST, _WIDEST_HALF = 2000, 4000
"""Dimensions that pgvector's HNSW can hold of `vector` and of `halfvec`."""


class NearIndex:
    """The index of one number of dimensions, for every team in the database."""

    def __init__(self, connections: Connections, dimensions: int) -> None:
        self._connections = connections
        self._name = f"past_vector_near_{dimensions}"
        self._dimensions = dimensions
        self.kind = "vector" if dimensions <= _WIDEST else "halfvec"
        self._ready = False

    async def ready(self) -> bool:
        """Whether it is there and whole."""
        if not self._ready:
            self._ready = await self._connections.run(self._valid) is True
        return self._ready

    async def ensure(self) -> None:
        """Build it where it is missing, without holding up anybody else; another process that builds it is left to."""
        if self._dimensions <= _WIDEST_HALF and not await self.ready():
            await self._connections.run(self._build_if_allowed)

    async def _valid(self, connection: Connection) -> bool | None:
        """None: there is none. False: it was left half built."""
        statement = (
            b"select i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid"
            b" where i.indrelid = 'compass.past_vector'::regclass and c.relname = %(name)s"
        )
        row = await (await connection.execute(statement, {"name": self._name})).fetchone()
        return None if row is None else bool(row[0])

    async def _build_if_allowed(self, connection: Connection) -> None:
        from psycopg.errors import InsufficientPrivilege

        try:
            await self._build(connection)
        except InsufficientPrivilege:
            return  # the tables are another user's: every vector is compared then, which is exact and slower

    async def _build(self, connection: Connection) -> None:
        row = await (await connection.execute(b"select pg_try_advisory_lock(%(n)s)", {"n": _LOCK})).fetchone()
        if row is None or not row[0]:
            return
        try:
            if await self._valid(connection) is False:
                await connection.execute(f"drop index concurrently if exists compass.{self._name}".encode())
            for setting in _WHILE_BUILDING:
                await connection.execute(f"set {setting}".encode())
            # Each vector has the dimensions of its embedder: those of another number are in an index of their own.
            shape = f"{self.kind}({self._dimensions})"
            await connection.execute(
                f"create index concurrently if not exists {self._name} on compass.past_vector"
                f" using hnsw ((embedding::{shape}) {self.kind}_cosine_ops)"
                f" where dimensions = {self._dimensions}".encode()
            )
        finally:
            for setting in _WHILE_BUILDING:
                await connection.execute(f"reset {setting.split(' ')[0]}".encode())
            await connection.execute(b"select pg_advisory_unlock(%(n)s)", {"n": _LOCK})
