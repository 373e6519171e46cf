"""The chronicle in memory, for tests and dry runs: same rules, same digests, gone with the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from compass.domain.advice import ModelCall, PastCost, Spent
from compass.domain.advised import ModelAsked, ModelSent
from compass.domain.chronicle import Event, NewEvent
from compass.domain.failure import Status
from compass.domain.listed import InvestigationSummary
from compass.domain.time import to_datetime
from compass.ports.clock import Clock
from compass.ports.errors import NotFoundError, StaleRunnerError
from compass.ports.knowledge import Embedder
from compass.storage.ids import Uuid7
from compass.storage.knowledge_rows import OPENED
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
from compass.storage.memory_documents import MemoryDocuments
from compass.storage.memory_erasing import MemoryErasure
from compass.storage.memory_knowledge import MemoryKnowledge
from compass.storage.memory_rows import Investigation, MemoryReplies
from compass.storage.memory_team import MemoryTeamStore
from compass.storage.references import no_such, none_yet, only_one, parse_reference
from compass.storage.reminding import forgotten_meanwhile, named_in


class MemoryChronicle:
    """Implements `compass.ports.chronicle.Chronicle`. Payloads are kept encoded, as PostgreSQL keeps them."""

    def __init__(self, clock: Clock, team: str = "default", *, embedder: Embedder | None = None) -> None:
        self._clock = clock
        self._team = team
        self._new_id = Uuid7(clock)
        self._investigations: dict[UUID, Investigation] = {}
        self._changed = asyncio.Condition()
        self.replies = MemoryReplies(clock)
        self.knowledge = MemoryKnowledge(self._rows, embedder)
        self.team_knowledge = MemoryTeamStore(clock)
        self.documents = MemoryDocuments(clock, embedder)
        self.erasure = MemoryErasure(self._investigations, self.knowledge, self.replies, clock)

    async def create(self, title: str) -> UUID:
        now = to_datetime(self._clock.now_ns())
        head = Head(next_seq=1, digest=GENESIS, epoch=0, status=Status.RUNNING, title=clean_title(title))
        new = Investigation(
            id=self._new_id(),
            number=len(self._investigations) + 1,
            head=head,
            opened_at=now,
            last_event_at=now,
        )
        self._investigations[new.id] = new
        return new.id

    async def claim(self, investigation: UUID, runner: str, ttl_s: float) -> int:
        """By this process's monotonic clock. An epoch is new when the runner is, not when a lease had run out."""
        found = self._get(investigation)
        now_s = self._clock.monotonic_s()
        if found.runner != runner:
            if found.runner is not None and found.lease_until_s > now_s:
                raise StaleRunnerError(
                    f"runner {found.runner} holds the lease",
                    where=f"investigation {investigation}",
                    hint="wait until it ends, or follow it instead",
                )
            found.head = replace(found.head, epoch=found.head.epoch + 1)
        found.runner, found.lease_until_s = runner, now_s + ttl_s
        return found.head.epoch

    async def release(self, investigation: UUID, runner: str) -> None:
        found = self._get(investigation)
        if found.runner == runner:
            found.runner, found.lease_until_s = None, 0.0

    async def held(self, investigation: UUID) -> bool:
        """By this process's monotonic clock."""
        found = self._get(investigation)
        return found.runner is not None and found.lease_until_s > self._clock.monotonic_s()

    async def append(self, investigation: UUID, epoch: int | None, events: Sequence[NewEvent]) -> tuple[Event, ...]:
        """All or none: texts and epoch are checked before anything is kept. Followers are woken once the rows are
        there."""
        found = self._get(investigation)
        check_texts(events)
        check_epoch(found.head, epoch, investigation)
        now = to_datetime(self._clock.now_ns())
        stamp = Stamp(team=self._team, investigation=investigation, epoch=epoch, occurred_at=now, recorded_at=now)
        stored = {row.key: row for row in found.rows}
        head, rows = seal(found.head, stamp, events, stored, self._new_id)
        if rows:
            self._check_named([event for event in events if event.key not in stored])
            found.head = head
            found.rows.extend(rows)
            found.last_event_at = now
            stored |= {row.key: row for row in rows}
            async with self._changed:
                self._changed.notify_all()
        return tuple(to_event(stored[event.key]) for event in events)

    def _check_named(self, events: Sequence[NewEvent]) -> None:
        """Raises ForgottenError; a lesson that stands is no forgotten one's: it was imported since."""
        named = named_in(events)
        names: set[str] = set()
        for one in self._investigations.values() if named else ():
            if not any(row.kind == OPENED and row.erased_at is not None for row in one.rows):
                continue
            keys = {row.key for row in one.rows}
            names |= {str(one.id)} if one.id in named.ids else set()
            names |= {
                lesson.id for lesson in named.lessons
                if lesson.number == one.number and lesson.key in keys and not self.knowledge.stands(lesson.id)
            }  # fmt: skip
        if names:
            raise forgotten_meanwhile(names)

    async def read(self, investigation: UUID, after: int = 0) -> tuple[Event, ...]:
        return tuple(to_event(row) for row in self._get(investigation).rows[max(0, after) :])

    async def follow(self, investigation: UUID, after: int = 0) -> AsyncIterator[Event]:
        """Also ends, after the last event, where an investigation is not running, whatever that event is."""
        found = self._get(investigation)

        def news() -> bool:
            return len(found.rows) > after or found.head.status is not Status.RUNNING

        while True:
            async with self._changed:
                await self._changed.wait_for(news)
            status = found.head.status
            for event in await self.read(investigation, after):
                yield event
                after = event.seq
                if event.kind == "investigation.ended":
                    return
            if status is not Status.RUNNING:
                return

    async def list(self, limit: int = 50) -> tuple[InvestigationSummary, ...]:
        """By number, which grows with every investigation. `events` counts erased ones too: they stay as tombstones."""
        latest = sorted(self._investigations.values(), key=lambda found: -found.number)[:limit]
        return tuple(
            InvestigationSummary(
                id=found.id,
                number=found.number,
                team=self._team,
                title=found.head.title,
                status=found.head.status,
                opened_at=found.opened_at,
                last_event_at=found.last_event_at,
                events=len(found.rows),
                model_lost=any(row.kind == "model.lost" for row in found.rows),
            )
            for found in latest
        )

    async def number(self, investigation: UUID) -> int:
        return self._get(investigation).number

    async def spent(self, since: datetime) -> Spent:
        calls = [
            call
            for found in self._investigations.values()
            for event, call in (*_calls(found.rows), *_under_way(found.rows))
            if event.recorded_at >= since
        ]
        usd = sum(call.charged_usd for call in calls)
        unpriced = sum(not call.reused and call.cost_usd is None for call in calls)
        return Spent(team=usd, everybody=usd, team_unpriced=unpriced, everybody_unpriced=unpriced)

    async def past_costs(self, limit: int = 20) -> tuple[PastCost, ...]:
        """Latest by its last call. A call that reused a reply was not sent: an investigation with none but such is left
        out."""
        costs: list[tuple[datetime, PastCost]] = []
        for found in self._investigations.values():
            sent = [(event.recorded_at, call) for event, call in _calls(found.rows) if not call.reused]
            if sent:
                seen = sum(to_event(row).kind == "observation.recorded" for row in found.rows)
                cost = PastCost(
                    investigation=found.id, observations=seen, calls=len(sent),
                    tokens=sum(call.usage.input + call.usage.output for _, call in sent),
                    usd=sum(call.charged_usd for _, call in sent),
                )  # fmt: skip
                costs.append((max(at for at, _ in sent), cost))
        costs.sort(key=lambda item: item[0], reverse=True)
        return tuple(cost for _, cost in costs[:limit])

    async def find(self, reference: str | None) -> UUID:
        if reference is None:
            if not self._investigations:
                raise none_yet()
            return max(self._investigations.values(), key=lambda found: found.number).id
        wanted = parse_reference(reference)
        for found in self._investigations.values():
            if found.number == wanted.number:
                return found.id
        matches = [key for key in self._investigations if key.hex.startswith(wanted.prefix)]
        return only_one(wanted, matches, max((one.number for one in self._investigations.values()), default=0))

    async def erase(self, investigation: UUID, seq: int) -> None:
        rows = self._get(investigation).rows
        if not 1 <= seq <= len(rows):
            raise NotFoundError(f"no event {seq}", where=f"investigation {investigation}")
        row = rows[seq - 1]
        if row.erased_at is None:
            now = to_datetime(self._clock.now_ns())
            rows[seq - 1] = replace(row, salt=None, data=None, erased_at=now)

    async def verify(self, investigation: UUID) -> int:
        found = self._get(investigation)
        return verify(found.head, found.rows, investigation)

    async def close(self) -> None:
        """Nothing is held open; followers of unfinished investigations end with their task."""

    def _rows(self) -> Iterable[Row]:
        return (row for found in self._investigations.values() for row in found.rows)

    def _get(self, investigation: UUID) -> Investigation:
        try:
            return self._investigations[investigation]
        except KeyError:
            raise no_such(investigation) from None


def _calls(rows: Iterable[Row]) -> Iterable[tuple[Event, ModelCall]]:
    for event in map(to_event, rows):
        if isinstance(event.payload, ModelAsked):
            yield event, event.payload.call


def _under_way(rows: Iterable[Row]) -> Iterable[tuple[Event, ModelCall]]:
    sent: dict[str, tuple[Event, ModelCall]] = {}
    for event in map(to_event, rows):
        if isinstance(event.payload, ModelSent):
            sent[event.payload.id] = event, event.payload.call
        elif isinstance(event.payload, ModelAsked):
            sent.pop(event.payload.sent, None)
    return sent.values()
