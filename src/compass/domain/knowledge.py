"""What a team keeps of its incidents: what each looked like, what it turned out to be, what that teaches.

All of it is a fold of chronicles (or came by import) and can be made again from them; nothing here is edited by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from compass.domain.entity import EntityRef
from compass.domain.incident import Severity
from compass.domain.learned import Cause, Signature


class PastStatus(StrEnum):
    """What became of an incident."""

    OPEN = "open"  # nobody has said yet what it was
    SOLVED = "solved"
    UNSOLVED = "unsolved"  # no theory fitted, and nobody has said since
    NO_INCIDENT = "no_incident"
    NEAR_MISS = "near_miss"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIncident:
    """One incident as later ones see it. `led` is what COMPASS put first, `cause` what people say it was.

    `seq` is the last event it was derived from; `source` names where it was imported from ("" this database's own).
    """

    investigation: UUID
    number: int
    title: str
    at: datetime
    status: PastStatus
    signature: Signature
    led: Cause | None = None
    cause: Cause | None = None
    fix: str = ""
    severity: Severity = Severity.UNKNOWN
    seq: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One count for (`right`) or against a mechanism at an entity, from one incident; `id` is unique in the team.

    `signature` is that of its incident: it weighs by how alike a new one is. `undone`: it counts no more.
    """

    id: str
    investigation: UUID
    right: bool
    mechanism: str
    entity: EntityRef
    signature: Signature
    at: datetime
    by: str
    undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGap:
    """Something that could not be seen in one incident. `hid_cause`: a person said that it hid what it was."""

    investigation: UUID
    gap: str
    hides: str
    suggestion: str
    at: datetime
    hid_cause: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Everything that one investigation teaches, replacing what it taught before."""

    incident: PastIncident
    lessons: tuple[Lesson, ...] = ()
    gaps: tuple[KnownGap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A past incident and how near its words are: cosine in [-1, 1] of the two embeddings."""

    incident: PastIncident
    cosine: float
