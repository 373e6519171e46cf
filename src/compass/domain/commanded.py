"""Payloads of the chronicle about who commands: orders of people, and decisions with what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from compass.domain.entity import EntityRef

POLICY = "policy:"
"""How `Decided.by` begins where nobody was asked, or nobody answered in time, and a recorded policy decided."""


NO_REASON = "no reason was given"


class Command(StrEnum):
    """What a person can order while an investigation runs, or of one that has ended."""

    STOP = "stop"
    TEST = "test"  # argument: hypothesis id; a deeper attempt to refute it
    PAUSE = "pause"
    CONTINUE = "continue"
    ANSWER = "answer"


class DecisionKind(StrEnum):
    """What was decided about."""

    GATE = "gate"  # whether to go on from where to why
    DIRECTION = "direction"  # which account to test deeper
    REJECTION = "rejection"  # an account set aside
    THEORY = "theory"  # one's own theory stated
    SCOPE = "scope"  # where to look, where not
    DATA = "data"  # what an answer to a request for data says
    SPENDING = "spending"
    ESCALATION = "escalation"
    PAUSE = "pause"
    END = "end"  # stopped, or ended by itself
    ACCEPTANCE = "acceptance"  # what it turned out to be
    OTHER = "other"


class Agreement(StrEnum):
    """How a decision stands to what COMPASS favoured at that moment."""

    AGREES = "agrees"
    OTHER_ON_LIST = "other_on_list"  # another of the shown options
    NOT_ON_LIST = "not_on_list"  # something that was not shown
    AGAINST = "against"  # what was favoured was set aside
    NONE_FAVOURED = "none_favoured"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What stood on the table when somebody decided.

    `options` are the lines exactly as shown, `favoured` that of them which COMPASS would have taken ("" none) and why.
    `posterior`: belief by account label, with `no_incident` and `not_listed`. `cost_usd` so far; `took_s` from showing
    to deciding, by the clock of the process that showed it (None: nobody was asked). When it was is its event's time.
    `confidence` in [0, 1], where the person said one.
    """

    kind: DecisionKind
    options: tuple[str, ...] = ()
    favoured: str = ""
    favoured_because: str = ""
    posterior: Mapping[str, float] = field(default_factory=dict)
    cost_usd: float = 0.0
    chosen: str = ""
    reason: str = ""
    confidence: float | None = None
    took_s: float | None = None
    agreement: Agreement = Agreement.NONE_FAVOURED


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision, by whom ("human", "human:NAME" or "policy:..."), what was shown and why it was reasonable then."""

    decision: str
    by: str
    because: str
    shown: tuple[str, ...] = ()
    record: DecisionRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionReviewed:
    """What was added to a decision later, blamelessly: `decided` is the key of its event. Empty: nothing was added."""

    decided: str
    by: str
    reason: str = ""
    confidence: float | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade:
    """A decision as it stands in the chronicle, with what was added later. `key`, `seq` and `at` are its event's.

    `elapsed_s`: seconds from the opening of the investigation, both by the clock that the chronicle records by (the
    database's), whichever machine opened and whichever decided. None where the opening is not known.
    """

    key: str
    seq: int
    decided: Decided
    at: datetime | None = None
    elapsed_s: float | None = None
    reviews: tuple[DecisionReviewed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGiven:
    """A person's order: see `Command`."""

    command: str
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A person sets a theory aside: it is worked on no more, and its probability stays what the evidence makes it.
    `restored`: takes it back."""

    hypothesis: str
    by: str
    reason: str = ""
    restored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSet:
    """Where a person says to look, and where not; replaces what was said before. Nothing in all four: everywhere.

    Areas are the names of specialists ("database", "network").
    """

    by: str
    look: tuple[EntityRef, ...] = ()
    avoid: tuple[EntityRef, ...] = ()
    look_areas: tuple[str, ...] = ()
    avoid_areas: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalated:
    """A person asks for help, or hands over. COMPASS only records it and words the hand-over."""

    by: str
    to: str
    reason: str = ""


class Bearing(StrEnum):
    """What an answer says about the theory it was asked for."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    SETTLES_NOTHING = "settles_nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRequested:
    """COMPASS asks a person for what it cannot see. `command` is read-only, to be copied; COMPASS never runs it.

    `if_true` and `if_false` say, before anybody looks, what the answer would be if the theory holds and if it does not.
    """

    id: str
    hypothesis: str
    question: str
    command: str = ""
    if_true: str = ""
    if_false: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataGiven:
    """The answer to a request, redacted, as untrusted text; `bearing` is what the person says it shows."""

    request: str
    by: str
    text: str
    bearing: Bearing
    reason: str = ""
