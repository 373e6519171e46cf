"""The erasure port: what goes on request or by a customer's rules. Events stay, with a tombstone for what they held."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

RAW_EVIDENCE = frozenset({
    "advice.taken", "changes.read", "context.learned", "data.given", "disproof.attempted", "model.asked", "names.read",
    "observation.recorded", "person.answered", "servers.asked", "signals.rechecked", "step.finished",
})  # fmt: skip
"""Kinds of event that hold telemetry, or words made of it. The others say what was thought, decided and learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasable:
    """What could go of one investigation: so many payloads, so many bytes of them."""

    investigation: UUID
    number: int
    title: str
    last_event_at: datetime
    payloads: int
    bytes: int


class Erasure(Protocol):
    """By team. Errors: StorageError, NotFoundError."""

    async def forget(self, investigation: UUID) -> int:
        """Erase all that one investigation holds, in one transaction: every payload, its title, what it taught (with
        vectors), the replies of models that were kept from it, and what later investigations recalled of it. Returns
        how many payloads went. What stays are its number and the kinds, times and digests of its events.

        Raises StaleRunnerError while a runner works on it, or on one that was reminded of it and would go
        on quoting it.
        """
        ...

    async def erase(self, investigation: UUID, kinds: Collection[str]) -> int:
        """Erase its payloads of these kinds; how many there were. Raises StaleRunnerError while a runner works
        on it."""
        ...

    async def erasable(self, before: datetime, kinds: Collection[str] | None = None) -> tuple[Erasable, ...]:
        """Investigations on which no runner works (they ended, or their runner died) and in which nothing has happened
        since `before`, with what they still hold of these kinds (None: of every kind); those that hold something,
        oldest first."""
        ...
