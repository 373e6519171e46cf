"""What statements about a chronicle give, row by row. Only PostgreSQL goes by this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from compass.domain.failure import Status
from compass.domain.listed import InvestigationSummary
from compass.storage.ledger import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRow:
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRow:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRow:
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRow:
    """Where a chronicle ends. `now`: the database's clock."""

    next_seq: int
    digest: bytes
    epoch: int
    status: str
    title: str
    now: datetime

    def head(self) -> Head:
        return Head(
            next_seq=self.next_seq,
            digest=self.digest,
            epoch=self.epoch,
            status=Status(self.status),
            title=self.title,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    id: UUID
    number: int
    team: str
    title: str
    status: str
    opened_at: datetime
    last_event_at: datetime
    events: int
    model_lost: bool

    def summary(self) -> InvestigationSummary:
        return InvestigationSummary(
            id=self.id,
            number=self.number,
            team=self.team,
            title=self.title,
            status=Status(self.status),
            opened_at=self.opened_at.astimezone(UTC),
            last_event_at=self.last_event_at.astimezone(UTC),
            events=self.events,
            model_lost=self.model_lost,
        )
