"""Erasure in memory: the twin for tests and dry runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from compass.domain.advised import ModelAsked
from compass.domain.failure import Status
from compass.domain.time import to_datetime
from compass.ports.clock import Clock
from compass.ports.erasure import Erasable
from compass.storage.ledger import Row, to_event
from compass.storage.memory_knowledge import MemoryKnowledge
from compass.storage.memory_rows import Investigation, MemoryReplies
from compass.storage.quoted import MAY_QUOTE, SPEAKS, TEACHES_LESSONS, Quote, names_of, quotes, quotes_of
from compass.storage.references import FORGOTTEN, in_use, no_such, reminded_in_use


class MemoryErasure:
    """Implements `compass.ports.erasure.Erasure` over the investigations of a chronicle in memory."""

    def __init__(
        self, investigations: Mapping[UUID, Investigation], knowledge: MemoryKnowledge, replies: MemoryReplies,
        clock: Clock,
    ) -> None:  # fmt: skip
        self._investigations = investigations
        self._knowledge = knowledge
        self._replies = replies
        self._clock = clock

    async def forget(self, investigation: UUID) -> int:
        """What others hold of it goes first, while its own payloads still say what was quoted."""
        found = self._idle(investigation)
        keys = (row.key for row in found.rows if row.kind in TEACHES_LESSONS)
        names = names_of(investigation, found.number, keys)

        def reminds(row: Row) -> bool:
            return row.kind == "memory.recalled" and any(name in (row.data or b"") for name in names)

        others = [one for one in self._investigations.values() if one is not found and any(map(reminds, one.rows))]
        for other in others:
            if self._held(other):
                raise reminded_in_use(other.number, investigation)
        self._forget_replies(found.rows)
        texts = quotes_of(row.data for row in found.rows if row.kind in SPEAKS and row.data is not None)
        for other in others:
            self._take_lease(other)
            self._forget_quoted(other, texts)
            self._knowledge.forget_reminded(other.id)
            self._erase(other, reminds)
        await self._knowledge.forget(investigation)
        erased = self._erase(found, lambda _: True)
        status = Status.STOPPED if found.head.status is Status.RUNNING else found.head.status
        found.head = replace(found.head, title=FORGOTTEN, status=status)
        found.runner = None
        return erased

    def _forget_replies(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row.kind == "model.asked" and isinstance(asked := to_event(row).payload, ModelAsked):
                self._replies.forget(asked.call.id)

    def _forget_quoted(self, other: Investigation, texts: Sequence[Quote]) -> None:
        own = b"".join(row.data or b"" for row in other.rows if row.kind == "investigation.opened")
        quoting = [row for row in other.rows if row.kind in MAY_QUOTE and quotes(row.data or b"", texts, own)]
        self._forget_replies(quoting)
        keys = {row.key for row in quoting}
        self._erase(other, lambda row: row.key in keys)

    async def erase(self, investigation: UUID, kinds: Collection[str]) -> int:
        return self._erase(self._idle(investigation), lambda row: row.kind in kinds)

    async def erasable(self, before: datetime, kinds: Collection[str] | None = None) -> tuple[Erasable, ...]:
        found = []
        for one in sorted(self._investigations.values(), key=lambda one: (one.last_event_at, one.id)):
            held = [row.data for row in one.rows if row.data is not None and (kinds is None or row.kind in kinds)]
            if held and not self._works(one) and one.last_event_at < before:
                found.append(
                    Erasable(
                        investigation=one.id, number=one.number, title=one.head.title, last_event_at=one.last_event_at,
                        payloads=len(held), bytes=sum(map(len, held)),
                    )
                )  # fmt: skip
        return tuple(found)

    def _idle(self, investigation: UUID) -> Investigation:
        found = self._investigations.get(investigation)
        if found is None:
            raise no_such(investigation)
        if self._held(found):
            raise in_use(investigation)
        return found

    def _take_lease(self, other: Investigation) -> None:
        if other.runner is not None:
            other.runner, other.head = None, replace(other.head, epoch=other.head.epoch + 1)

    def _works(self, one: Investigation) -> bool:
        return one.head.status is Status.RUNNING and self._held(one)

    def _held(self, one: Investigation) -> bool:
        return one.runner is not None and one.lease_until_s > self._clock.monotonic_s()

    def _erase(self, found: Investigation, wanted: Callable[[Row], bool]) -> int:
        now, erased = to_datetime(self._clock.now_ns()), 0
        for place, row in enumerate(found.rows):
            if row.erased_at is None and wanted(row):
                found.rows[place] = replace(row, salt=None, data=None, erased_at=now)
                erased += 1
        return erased
