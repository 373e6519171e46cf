"""The chronicle port: PostgreSQL, or its in-memory twin for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from compass.domain.advice import PastCost, Spent
from compass.domain.chronicle import Event, NewEvent
from compass.domain.listed import InvestigationSummary
from compass.ports.documents import Documents
from compass.ports.erasure import Erasure
from compass.ports.knowledge import Knowledge
from compass.ports.replies import Replies
from compass.ports.team import TeamStore


class Chronicle(Protocol):
    """Append-only events. Errors: StorageError, StaleRunnerError, NotFoundError."""

    @property
    def replies(self) -> Replies:
        """What language models answered to questions that come again in other investigations of the team."""
        ...

    @property
    def knowledge(self) -> Knowledge:
        """What the team learned from its investigations."""
        ...

    @property
    def team_knowledge(self) -> TeamStore:
        """What the team wrote down about its systems and applied, version by version. No investigation's."""
        ...

    @property
    def documents(self) -> Documents:
        """What the team wrote about its systems. No investigation's: `forget` and retention leave it alone."""
        ...

    @property
    def erasure(self) -> Erasure:
        """What goes on request, or by a customer's rules."""
        ...

    async def create(self, title: str) -> UUID:
        """A new investigation (UUIDv7) of this chronicle's team, with no events yet."""
        ...

    async def claim(self, investigation: UUID, runner: str, ttl_s: float) -> int:
        """Take or renew the lease and return its epoch. The same runner keeps its epoch; another runner gets a
        higher one once the lease has run out, and StaleRunnerError before that."""
        ...

    async def release(self, investigation: UUID, runner: str) -> None:
        """Give the lease up at once (end of a run)."""
        ...

    async def held(self, investigation: UUID) -> bool:
        """Whether a runner holds a lease that has not run out. Only looks: neither lease nor epoch changes."""
        ...

    async def append(self, investigation: UUID, epoch: int | None, events: Sequence[NewEvent]) -> tuple[Event, ...]:
        """Commit events in order, in one transaction; returns them as stored.

        Idempotent by key: an event whose key exists is not stored again and the stored one is returned.
        `epoch` None is a human command and needs no lease. Raises StaleRunnerError when `epoch` is not current, and
        ForgottenError for a new `memory.recalled` that names an investigation which was forgotten meanwhile.
        """
        ...

    async def read(self, investigation: UUID, after: int = 0) -> tuple[Event, ...]:
        """All committed events with seq > after, in order."""
        ...

    def follow(self, investigation: UUID, after: int = 0) -> AsyncIterator[Event]:
        """Committed events as they come, ending after `investigation.ended`."""
        ...

    async def list(self, limit: int = 50) -> tuple[InvestigationSummary, ...]:
        """Latest first."""
        ...

    async def number(self, investigation: UUID) -> int:
        """Its small number, without looking at any other. Raises NotFoundError."""
        ...

    async def find(self, reference: str | None) -> UUID:
        """The investigation meant by a number, an id or a prefix of an id; None = the latest."""
        ...

    async def spent(self, since: datetime) -> Spent:
        """What calls to language models cost since then. Calls whose payload was erased are not in it any more."""
        ...

    async def past_costs(self, limit: int = 20) -> tuple[PastCost, ...]:
        """The team's latest investigations in which a model was asked, latest first."""
        ...

    async def erase(self, investigation: UUID, seq: int) -> None:
        """Replace one payload with a tombstone; the chain stays valid."""
        ...

    async def verify(self, investigation: UUID) -> int:
        """Check the digest chain; returns the number of events, raises StorageError naming the first bad seq."""
        ...

    async def close(self) -> None: ...
