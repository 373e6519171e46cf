"""What a list of investigations shows of each: its row, without its events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from compass.domain.failure import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestigationSummary:
    """One row of `compass list`."""

    id: UUID
    number: int  # small number a person can type; per team, never reused
    team: str
    title: str
    status: Status
    opened_at: datetime
    last_event_at: datetime
    events: int
    model_lost: bool = False  # its language model could not be asked any more
