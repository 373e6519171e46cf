"""What a person is in the middle of, what lies before them, and what a key comes to: data alone.

`meaning` says which leads to which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from compass.domain.commanded import DataRequested
from compass.entrypoints.cli.conversation.wanted import Show
from compass.investigation.commanding import Choice, Desk, Ordered


class Verb(StrEnum):
    """What waits for a number."""

    REJECT = "set aside"
    WHY = "why"
    EVIDENCE = "evidence"
    ANSWER = "answer"


class Line(StrEnum):
    """What one line is typed for."""

    REASON = "reason"
    THEORY = "theory"
    LOOK = "look"
    AVOID = "avoid"
    ESCALATE = "escalate"
    SAY = "say"


@dataclass(frozen=True, slots=True)
class Watching:
    """Nothing begun: every key is an order, or begins one."""


@dataclass(frozen=True, slots=True)
class Numbering:
    verb: Verb


@dataclass(frozen=True, slots=True)
class Writing:
    """One line being typed. `about`: the label of the account it is for."""

    line: Line
    text: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Choosing:
    choice: Choice


@dataclass(frozen=True, slots=True)
class Agreeing:
    """Shown back; it counts with a y only."""

    order: Ordered
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pasting:
    """What is pasted so far. `taken`: characters of `lines` with their ends, so that no key counts them again; None
    where nobody counted yet."""

    request: DataRequested
    lines: tuple[str, ...] = ()
    text: str = ""
    taken: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Judging:
    """What was pasted: what does it show?"""

    request: DataRequested
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Something long, `top` its first line in sight."""

    show: Show
    top: int = 0


Mode = Watching | Numbering | Writing | Choosing | Agreeing | Pasting | Judging | Reading


class Question(StrEnum):
    """What the investigation itself asks, beside the list: Enter (and y) is yes to the one and no to the other."""

    NONE = ""
    GATE = "gate"
    SPEND = "spend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What lies before the person: `desk` as it was painted (None: nothing was opened yet), what COMPASS itself asks,
    whether the investigation has ended, and how many lines of a long text are in sight. `drafts`: what was pasted and
    not sent, by the id of its request. `moved`: the numbers at which another account stood a moment ago."""

    desk: Desk | None
    question: Question = Question.NONE
    ended: bool = False
    rows: int = 20
    drafts: Mapping[str, Pasting] = field(default_factory=dict)
    moved: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a key came to. `answer`: to the question of the table. `say` replaces what was said last, where not None.
    `kept`: was pasted, and backed out of or sent; it is there again when its request is answered after all."""

    mode: Mode
    order: Ordered | None = None
    say: tuple[str, ...] | None = None
    answer: bool | None = None
    leave: bool = False
    kept: Pasting | None = None
