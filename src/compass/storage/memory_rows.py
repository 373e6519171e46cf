"""What the chronicle in memory is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from compass.domain.time import to_datetime
from compass.ports.clock import Clock
from compass.ports.replies import KeptReply
from compass.storage.ledger import Head, Row


@dataclass(slots=True)
class Investigation:
    id: UUID
    number: int
    head: Head
    opened_at: datetime
    last_event_at: datetime
    runner: str | None = None
    lease_until_s: float = 0.0
    rows: list[Row] = field(default_factory=list)


class MemoryReplies:
    """The twin for tests and dry runs: gone with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, KeptReply] = {}

    async def find(self, key: str) -> KeptReply | None:
        return self._kept.get(key)

    async def find_all(self, keys: Sequence[str]) -> Mapping[str, KeptReply]:
        return {key: self._kept[key] for key in keys if key in self._kept}

    async def keep(self, key: str, reply: KeptReply) -> None:
        self._kept.setdefault(key, replace(reply, at=to_datetime(self._clock.now_ns())))

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)
