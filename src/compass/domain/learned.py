"""Payloads of the chronicle about what an incident turned out to be, and what past ones say about a present one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from compass.domain.entity import EntityRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What an incident turned out to be: a mechanism of the catalogue ("" where none fits: `said` holds the words), the
    entity it struck, and the change that set it off ("" none known)."""

    mechanism: str
    entity: EntityRef | None
    change: str = ""
    said: str = ""


class Visibility(StrEnum):
    """Whether COMPASS could have seen the cause with what was connected."""

    VISIBLE = "visible"
    PARTLY = "partly"
    INVISIBLE = "invisible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """`compass resolve`: what was accepted and what fixed it. `accepted` is the label of the account, where one was."""

    by: str
    cause: Cause
    fix: str = ""
    accepted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """`compass correct`: what it really was, and what had misled. `believed` is what COMPASS had put first.

    `missing` is the metric, log or span that would have shown it, where the cause was not visible.
    """

    by: str
    cause: Cause
    believed: Cause | None
    fix: str = ""
    misled_by: tuple[str, ...] = ()
    visible: Visibility = Visibility.UNKNOWN
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMissNoted:
    """`compass near-miss`: nothing broke, but it could have; what was seen and what stopped it."""

    by: str
    cause: Cause
    stopped_by: str = ""


Word = Resolved | Corrected | NearMissNoted
"""What a person says that an incident turned out to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningUndone:
    """What an earlier event of this investigation taught no longer holds; the word before it does again. `of` is the
    key of that event."""

    of: str
    by: str
    reason: str = ""


class PatternVerdict(StrEnum):
    """What people say of a pattern: a mechanism at an entity that came back, or is thought to."""

    OPEN = "open"  # nobody says anything of it, or what was said is taken back
    VALIDATED = "validated"
    REJECTED = "rejected"  # no pattern: it proposes and counts no more
    PRUNED = "pruned"  # put away for its age or its record: until it is seen again


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternJudged:
    """A person's word about a pattern. It belongs to no single investigation: it is recorded in the latest one that
    taught the pattern, and the latest word about a pattern holds, wherever it stands."""

    by: str
    mechanism: str
    entity: EntityRef
    verdict: PatternVerdict
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What an incident looks like, without times and numbers.

    `signs` maps "sign@role" to strength in [0, 1]; the role is where it was seen from the paged service: paged,
    dependency, dependant, elsewhere. So two systems with other names can look alike. `services` are keys of what was
    hit, `words` what an embedding is made of: the page and the strongest facts, redacted, numbers left out.
    """

    signs: Mapping[str, float] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """A past incident that looks like this one. `similarity` in [0, 1]; `because` says what both share, in words.

    `cause` None: never solved. `present` is the cause's entity as this system knows it, where it is there at all.
    """

    investigation: str
    number: int
    title: str
    at: str  # ISO 8601, UTC
    similarity: float
    because: tuple[str, ...]
    cause: Cause | None
    present: EntityRef | None = None
    fix: str = ""
    source: str = ""
    pattern: PatternVerdict = PatternVerdict.OPEN  # what people say of its cause as a pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryCount:
    """How often this mechanism at this entity was right or wrong in incidents like this one.

    Both are sums of decayed weights: 0.5^(age / half-life), times how much more alike the signatures are than those of
    incidents that were something else. `lessons` are what they rest on, for "why?".
    """

    mechanism: str
    entity: EntityRef
    right: float
    wrong: float
    lessons: tuple[str, ...] = ()
    validated: bool = False  # as a pattern, by a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What the team's past says about this incident, asked once, after screening. Folded; never asked again on replay.

    Similar incidents propose and score nothing; the counts enter the prior once (DESIGN §4).
    """

    signature: Signature
    similar: tuple[Similar, ...] = ()
    history: tuple[HistoryCount, ...] = ()
    searched: int = 0  # how many past incidents there are
    lost: str = ""  # why the past could not be asked, where it could not
