"""The chronicle in PostgreSQL (14 or newer), embedded or given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from compass.domain.advice import PastCost, Spent
from compass.domain.chronicle import Event, NewEvent
from compass.domain.failure import Status
from compass.domain.listed import InvestigationSummary
from compass.domain.time import to_datetime
from compass.ports.clock import Clock
from compass.ports.errors import NotFoundError, StaleRunnerError
from compass.ports.knowledge import Embedder
from compass.storage.chronicle_rows import EpochRow, HeadRow, HeldRow, IdRow, NameRow, NumberRow, SummaryRow
from compass.storage.connections import Connections
from compass.storage.documents import PostgresDocuments
from compass.storage.erasing import PostgresErasure
from compass.storage.ids import Uuid7
from compass.storage.knowledge import PostgresKnowledge
from compass.storage.ledger import (
    GENESIS,
    Head,
    Row,
    Stamp,
    check_epoch,
    check_texts,
    clean_title,
    seal,
    to_event,
    verify,
)
from compass.storage.queries import load_queries
from compass.storage.references import no_such, none_yet, only_one, parse_reference
from compass.storage.reminding import forgotten_meanwhile, named_in
from compass.storage.replies import PostgresReplies
from compass.storage.team import PostgresTeamStore

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[tuple[object, ...]]

T = TypeVar("T")

_PAGE = 2000
_MANY = 50
"""Events in one append from which encoding and hashing them is moved off the event loop."""


class PostgresChronicle:
    """Implements `compass.ports.chronicle.Chronicle` over a schema that is up to date.

    Leases and `recorded_at` go by the database's clock, which all runners share;
    `occurred_at` and ids by the `clock` given. `poll_s` is how often a follower
    looks by itself: notifications only wake it earlier. `embedder` is what past incidents are found again by.
    """

    def __init__(
        self, connections: Connections, clock: Clock, team: str = "default", *,
        poll_s: float = 1.0, embedder: Embedder | None = None,
    ) -> None:  # fmt: skip
        self._connections = connections
        self._clock = clock
        self._team = team
        self._poll_s = poll_s
        self._new_id = Uuid7(clock)
        self._queries = load_queries()
        self.replies = PostgresReplies(connections, team)
        self.knowledge = PostgresKnowledge(connections, team, embedder)
        self.team_knowledge = PostgresTeamStore(connections, team)
        self.documents = PostgresDocuments(connections, team, embedder)
        self.erasure = PostgresErasure(connections, team)

    async def create(self, title: str) -> UUID:
        """The id is made before the first try: a commit whose answer was lost is found there, and makes no second
        one."""
        investigation = self._new_id()
        values = {"id": investigation, "title": clean_title(title), "status": Status.RUNNING.value, "digest": GENESIS}

        async def insert(connection: Connection) -> None:
            async with connection.transaction():
                if await self._exists(connection, investigation):
                    return  # the commit succeeded and the connection broke before saying so
                (number,) = await self._row(connection, "take_number") or (1,)
                await self._execute(connection, "insert_investigation", **values, number=number)

        await self._connections.run(insert)
        return investigation

    async def claim(self, investigation: UUID, runner: str, ttl_s: float) -> int:
        """One update, which takes effect for the holder, on a free lease and on one that ran out by the database's
        clock."""

        async def take(connection: Connection) -> int:
            """The epoch. Where the update took nothing: NotFoundError, or StaleRunnerError naming who holds the
            lease."""
            values = {"investigation": investigation, "runner": runner}
            taken = await self._fetch(connection, "claim", EpochRow, **values, ttl_s=ttl_s)
            if taken:
                return taken[0].epoch
            held = await self._row(connection, "holder", investigation=investigation)
            if held is None:
                raise no_such(investigation)
            raise StaleRunnerError(
                f"runner {held[0]} holds the lease",
                where=f"investigation {investigation}",
                hint="wait until it ends, or follow it instead",
            )

        return await self._connections.run(take)

    async def release(self, investigation: UUID, runner: str) -> None:
        async def give_up(connection: Connection) -> None:
            if not await self._ids(connection, "release", investigation=investigation, runner=runner):
                raise no_such(investigation)

        await self._connections.run(give_up)

    async def held(self, investigation: UUID) -> bool:
        """By the database's clock."""

        async def look(connection: Connection) -> Sequence[HeldRow]:
            return await self._fetch(connection, "held", HeldRow, investigation=investigation)

        if not (found := await self._connections.run(look)):
            raise no_such(investigation)
        return found[0].held

    async def append(self, investigation: UUID, epoch: int | None, events: Sequence[NewEvent]) -> tuple[Event, ...]:
        check_texts(events)

        async def commit(connection: Connection) -> tuple[Row, ...]:
            async with connection.transaction():
                return await self._append(connection, investigation, epoch, events)

        # Repeating it after a broken connection is safe: what was committed is known by its keys.
        rows = await self._connections.run(commit)
        return await self._events(rows)

    async def _append(
        self, connection: Connection, investigation: UUID, epoch: int | None, events: Sequence[NewEvent]
    ) -> tuple[Row, ...]:
        locked = await self._head(connection, "lock_head", investigation)
        head = locked.head()
        check_epoch(head, epoch, investigation)
        keys = [event.key for event in events]
        known = await self._rows(connection, "rows_by_key", investigation=investigation, keys=keys)
        by_key = {row.key: row for row in known}
        stamp = Stamp(
            team=self._team,
            investigation=investigation,
            epoch=epoch,
            occurred_at=to_datetime(self._clock.now_ns()),
            recorded_at=locked.now.astimezone(UTC),
        )
        if len(events) < _MANY:
            head, rows = seal(head, stamp, events, by_key, self._new_id)
        else:
            head, rows = await asyncio.to_thread(seal, head, stamp, events, by_key, self._new_id)
        if rows:
            await self._check_named(connection, investigation, [event for event in events if event.key not in by_key])
            await self._insert(connection, stamp, head, rows)
        by_key |= {row.key: row for row in rows}
        return tuple(by_key[key] for key in keys)

    async def _check_named(self, connection: Connection, investigation: UUID, events: Sequence[NewEvent]) -> None:
        """Raises ForgottenError where one that they name was forgotten; until the transaction ends, none is."""
        if not (named := named_in(events)):
            return
        ids, numbers = list(named.ids), [one.number for one in named.lessons]
        await self._execute(connection, "lock_named", investigation=investigation, ids=ids, numbers=numbers)
        keys, lessons = [one.key for one in named.lessons], [one.id for one in named.lessons]
        found = await self._fetch(
            connection, "named_forgotten", NameRow, ids=ids, numbers=numbers, keys=keys, lessons=lessons
        )
        if found:
            raise forgotten_meanwhile([row.name for row in found])

    async def _insert(self, connection: Connection, stamp: Stamp, head: Head, rows: Sequence[Row]) -> None:
        await self._execute(
            connection,
            "insert_rows",
            investigation=stamp.investigation,
            epoch=stamp.epoch,
            occurred_at=stamp.occurred_at,
            recorded_at=stamp.recorded_at,
            seqs=[row.seq for row in rows],
            ids=[row.id for row in rows],
            keys=[row.key for row in rows],
            kinds=[row.kind for row in rows],
            versions=[row.version for row in rows],
            actors=[row.actor for row in rows],
            causes=[row.cause for row in rows],
            payload_digests=[row.payload_digest for row in rows],
            digests=[row.digest for row in rows],
            salts=[row.salt for row in rows],
            data=[row.data for row in rows],
        )
        await self._execute(
            connection,
            "move_head",
            investigation=stamp.investigation,
            next_seq=head.next_seq,
            digest=head.digest,
            status=head.status.value,
            title=head.title,
            recorded_at=stamp.recorded_at,
        )
        await self._execute(connection, "wake", investigation=str(stamp.investigation))

    async def read(self, investigation: UUID, after: int = 0) -> tuple[Event, ...]:
        async def rows_after(connection: Connection) -> Sequence[Row]:
            rows = await self._rows_after(connection, investigation, after)
            if not rows and not await self._exists(connection, investigation):
                raise no_such(investigation)
            return rows

        return await self._events(await self._connections.run(rows_after))

    async def follow(self, investigation: UUID, after: int = 0) -> AsyncIterator[Event]:
        """Over a connection of its own, which listens. When that breaks, another goes on after the last event that was
        given, so that none is lost or given twice."""
        from psycopg import OperationalError

        while True:
            # Reading first both checks the investigation and waits out a restart of the database.
            await self._connections.run(lambda connection: self._head(connection, "head", investigation))
            try:
                async with self._connections.dedicated() as connection:
                    await self._execute(connection, "listen")
                    async for event in self._tail(connection, investigation, after):
                        yield event
                        after = event.seq
                    return
            except OperationalError:
                await asyncio.sleep(self._poll_s)

    async def _tail(self, connection: Connection, investigation: UUID, after: int) -> AsyncIterator[Event]:
        """Committed events as they come, over one connection that listens."""
        while True:
            # The status is read before the events: an end seen there is among the events read next.
            head = (await self._head(connection, "head", investigation)).head()
            rows = await self._rows_after(connection, investigation, after)
            for event in await self._events(rows):
                yield event
                after = event.seq
                if event.kind == "investigation.ended":
                    return
            if head.status is not Status.RUNNING:
                return
            async for _ in connection.notifies(timeout=self._poll_s, stop_after=1):
                pass

    async def list(self, limit: int = 50) -> tuple[InvestigationSummary, ...]:
        async def latest(connection: Connection) -> Sequence[SummaryRow]:
            return await self._fetch(connection, "list_investigations", SummaryRow, limit=limit)

        return tuple(row.summary() for row in await self._connections.run(latest))

    async def number(self, investigation: UUID) -> int:
        async def one(connection: Connection) -> Sequence[NumberRow]:
            return await self._fetch(connection, "number_of", NumberRow, investigation=investigation)

        if not (found := await self._connections.run(one)):
            raise no_such(investigation)
        return found[0].number

    async def spent(self, since: datetime) -> Spent:
        async def total(connection: Connection) -> Sequence[Spent]:
            return await self._fetch(connection, "spent", Spent, since=since)

        return (await self._connections.run(total))[0]

    async def past_costs(self, limit: int = 20) -> tuple[PastCost, ...]:
        async def latest(connection: Connection) -> Sequence[PastCost]:
            return await self._fetch(connection, "past_costs", PastCost, limit=limit)

        return tuple(await self._connections.run(latest))

    async def find(self, reference: str | None) -> UUID:
        """A number first: eight digits or more that are none may still begin an id. NotFoundError for
        nothing, for nothing yet, and for the beginning of several ids."""

        async def look(connection: Connection) -> UUID:
            if reference is None:
                latest = await self._ids(connection, "latest")
                if not latest:
                    raise none_yet()
                return latest[0]
            wanted = parse_reference(reference)
            if wanted.number is not None:
                numbered = await self._ids(connection, "by_number", number=wanted.number)
                if numbered:
                    return numbered[0]
            matches = await self._ids(connection, "by_prefix", prefix=wanted.prefix)
            (last,) = await self._fetch(connection, "last_number", NumberRow)
            return only_one(wanted, matches, last.number)

        return await self._connections.run(look)

    async def erase(self, investigation: UUID, seq: int) -> None:
        """As the port says. PostgreSQL frees the old bytes on disk at its next vacuum."""

        async def replace(connection: Connection) -> None:
            if await self._row(connection, "erase", investigation=investigation, seq=seq) is None:
                raise NotFoundError(f"no event {seq}", where=f"investigation {investigation}")

        await self._connections.run(replace)

    async def verify(self, investigation: UUID) -> int:
        async def load(connection: Connection) -> tuple[Head, Sequence[Row]]:
            async with connection.transaction():
                # The lock keeps head and rows of one moment together; readers are not held up.
                head = (await self._head(connection, "lock_head", investigation)).head()
                return head, await self._rows_after(connection, investigation, 0)

        head, rows = await self._connections.run(load)
        return await asyncio.to_thread(verify, head, rows, investigation)

    async def close(self) -> None:
        await self._connections.close()

    # --- the few shapes of a statement -----------------------------------------------------------------

    async def _execute(self, connection: Connection, name: str, **values: object) -> None:
        await connection.execute(self._queries[name], {"team": self._team, **values})

    async def _row(self, connection: Connection, name: str, **values: object) -> tuple[object, ...] | None:
        cursor = await connection.execute(self._queries[name], {"team": self._team, **values})
        return await cursor.fetchone()

    async def _fetch(self, connection: Connection, name: str, row_type: type[T], **values: object) -> Sequence[T]:
        from psycopg.rows import class_row

        async with connection.cursor(row_factory=class_row(row_type), binary=True) as cursor:
            await cursor.execute(self._queries[name], {"team": self._team, **values})
            return await cursor.fetchall()

    async def _rows(self, connection: Connection, name: str, **values: object) -> Sequence[Row]:
        return await self._fetch(connection, name, Row, **values)

    async def _rows_after(self, connection: Connection, investigation: UUID, after: int) -> Sequence[Row]:
        """All rows, a page at a time: other tasks of the event loop run in between."""
        found: list[Row] = []
        while True:
            values = {"investigation": investigation, "after": after, "until": after + _PAGE}
            page = await self._rows(connection, "rows_between", **values)
            found.extend(page)
            if len(page) < _PAGE:
                return found
            after += _PAGE

    async def _ids(self, connection: Connection, name: str, **values: object) -> tuple[UUID, ...]:
        return tuple(row.id for row in await self._fetch(connection, name, IdRow, **values))

    async def _exists(self, connection: Connection, investigation: UUID) -> bool:
        return bool(await self._ids(connection, "investigation_exists", investigation=investigation))

    async def _head(self, connection: Connection, name: str, investigation: UUID) -> HeadRow:
        found = await self._fetch(connection, name, HeadRow, investigation=investigation)
        if not found:
            raise no_such(investigation)
        return found[0]

    async def _events(self, rows: Sequence[Row]) -> tuple[Event, ...]:
        if len(rows) < _MANY:
            return tuple(to_event(row) for row in rows)
        return await asyncio.to_thread(lambda: tuple(to_event(row) for row in rows))
