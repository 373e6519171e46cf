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
from compass.domain.learned import Cause, PatternVerdict, Signature


class PastStatus(StrEnum):
    """What became of an incident."""

    OPEN = "open"  # nobody has said yet what it was
    SOLVED = "solved"
    UNSOLVED = "unsolved"  # no theory fitted, and nobody has said since
    NO_INCIDENT = "no_incident"
    NEAR_MISS = "near_miss"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecalledPattern:
    """A pattern that an investigation was reminded of: whether its memory proposed that theory, which nobody had, and
    whether that account led in the end. `entity` is the one that the pattern names."""

    mechanism: str
    entity: EntityRef
    proposed: bool = False
    led: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIncident:
    """One incident as later ones see it. `led` is what COMPASS put first, `cause` what people say it was, `recalled`
    the patterns it was reminded of.

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
    recalled: tuple[RecalledPattern, ...] = ()


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
class Judgement:
    """A person's word about a pattern, as recorded in one investigation; `id` is unique in the team. The latest about a
    pattern holds, one of this database before any that was imported (`source`)."""

    id: str
    investigation: UUID
    mechanism: str
    entity: EntityRef
    verdict: PatternVerdict
    at: datetime
    by: str
    reason: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Everything that one investigation teaches, replacing what it taught before."""

    incident: PastIncident
    lessons: tuple[Lesson, ...] = ()
    gaps: tuple[KnownGap, ...] = ()
    judgements: tuple[Judgement, ...] = ()

    @property
    def of(self) -> frozenset[UUID]:
        """The investigations that its parts say they are of: its own, where all is well."""
        parts = (
            *(one.investigation for one in self.lessons), *(one.investigation for one in self.gaps),
            *(one.investigation for one in self.judgements),
        )  # fmt: skip
        return frozenset(parts) | {self.incident.investigation}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A past incident and how near its words are: cosine in [-1, 1] of the two embeddings."""

    incident: PastIncident
    cosine: float
