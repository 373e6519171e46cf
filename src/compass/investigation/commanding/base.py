"""What one order of a person is made of: words read into it, lines shown back, events. All of it pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from compass.analysis.wording import share
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.commanded import NO_REASON, Agreement, Decided, DecisionKind
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.investigation.advising.words import said
from compass.investigation.beliefs import known_mechanisms
from compass.investigation.commanding.words import meant, parted
from compass.investigation.deciding import recorded
from compass.ports.disproof import Disproof
from compass.projections.build_view import build_view
from compass.projections.view import AccountLine, View

Payloads = tuple[tuple[str, c.Payload], ...]
_REFERENCE = re.compile(r"^\s*#?(?P<ref>\d{1,3}|[hH]\d{1,3})\b[\s,:;.–-]*")
_BECAUSE = re.compile(r"^(?:because(?: of)?|since|as|reason:?|we know|:)\s+", re.IGNORECASE)
_NUMBER = re.compile(r"[hH]?\d{1,3}")
_COUNT = re.compile(
    r"^\s*\d{1,3}\b(?!\s*(?:[\s.,:;!?–-]*$|[.,:;–-]+(?!\d)|(?:because|since|as|reason|we know)\b"
    r"|(?:please|pls|now|first|next|too)\W*$))",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"^\s*(?:accounts?\s+)?(?:#?(?:\d{1,3}|[hH]\d{1,3})(?:\s*(?:,|&|\+|/|\band\b|\bor\b)\s*(?:and\s+)?|\s+|(?=\W*$))){2,}\W*$",
    re.IGNORECASE,
)
MOST_CHOICES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an order is read against: the board, what is on the screen, the catalogue, the strategies there are.

    `shown` are the lines of the list exactly as the person sees them; where nobody says, they are made here.
    """

    board: Board
    view: View
    mechanisms: Mapping[str, Mechanism]
    strategies: Mapping[str, Disproof] = field(default_factory=dict)
    shown: tuple[str, ...] = ()

    @property
    def listed(self) -> tuple[AccountLine, ...]:
        """Accounts in the order of their numbers."""
        return (*self.view.accounts, *self.view.refuted)

    @property
    def favoured(self) -> AccountLine | None:
        """What COMPASS would work on: the likeliest that was neither refuted nor set aside."""
        return next((line for line in self.view.accounts if line.set_aside is None), None)

    @property
    def options(self) -> tuple[str, ...]:
        return self.shown or tuple(map(line_of, self.listed))

    def hypothesis(self, reference: str) -> Hypothesis | None:
        """A theory by its number in the list or by its label."""
        wanted = reference.strip().lstrip("#").upper()
        label = next((line.label for line in self.listed if str(line.rank) == wanted), wanted)
        return next((h for h in self.board.hypotheses.values() if h.label.upper() == label), None)

    def line(self, hypothesis: Hypothesis) -> AccountLine | None:
        return next((one for one in self.listed if one.label == hypothesis.label), None)

    def claim(self, hypothesis: Hypothesis) -> str:
        """`H3 its claim (43 %)`: what a theory is called within a sentence."""
        line = self.line(hypothesis)
        if line is not None:
            return f"{line.label} {line.claim.rstrip('.')} ({share(line.confidence)})"
        known = next((one for one in self.view.proposals if one.label == hypothesis.label), None)
        claim = known.claim.rstrip(".") if known else f"{hypothesis.mechanism} at {hypothesis.entity}"
        return f"{hypothesis.label} {claim}"

    def about(self, text: str) -> tuple[Hypothesis, ...]:
        """Theories on the board that the words are about, the likeliest first."""
        read = meant(text, self.board, self.mechanisms)
        if not (read.entities or read.mechanisms or read.areas):
            return ()
        kinds = {m.id for m in read.mechanisms}
        found = [
            h for h in self.board.hypotheses.values()
            if (not read.entities or h.entity in read.entities) and (not kinds or h.mechanism in kinds)
            and (not read.areas or self.owner(h) in read.areas or h.entity.kind.value in read.areas)
        ]  # fmt: skip
        rank = {line.label: line.rank for line in self.listed}
        return tuple(sorted(found, key=lambda h: (rank.get(h.label, 10_000), h.label)))

    def owner(self, hypothesis: Hypothesis) -> str:
        mechanism = self.mechanisms.get(hypothesis.mechanism)
        return mechanism.owner if mechanism is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who decides, and how it came: `nonce` makes the keys of this order's events its own. `took_s`: from showing to
    deciding. `reason` and `confidence` are the person's, where said."""

    by: str = "human"
    nonce: str
    took_s: float | None = None
    reason: str = ""
    confidence: float | None = None

    def key(self, name: str) -> str:
        return f"order/{self.nonce}/{name}"


O_contra = TypeVar("O_contra", contravariant=True)
"""The typed order of one kind."""


class OrderKind(Protocol[O_contra]):
    """One kind of order, in a file of its own with an ORDER.

    `name` is the word for it everywhere, `key` its key in a conversation and the letter that means it in front of a
    line, `usage` and `help` one line each; `typed` is how the command line gives the same order, one for each way.
    `phrases` are how free words begin that mean it; with `alone` nothing may follow them. `asks`: it is shown back and
    counts only when the person says yes.
    """

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def usage(self) -> str: ...
    @property
    def typed(self) -> tuple[str, ...]: ...
    @property
    def help(self) -> str: ...
    @property
    def phrases(self) -> tuple[str, ...]: ...
    @property
    def alone(self) -> bool: ...
    @property
    def asks(self) -> bool: ...

    def parse(self, words: str, desk: Desk) -> Parsed:
        """The order that the words give, a numbered choice where they do not decide, or a question back."""
        ...

    def show(self, order: O_contra, desk: Desk) -> tuple[str, ...]:
        """What is said back before it counts."""
        ...

    def apply(self, order: O_contra, desk: Desk, who: Who) -> Payloads:
        """The events, a `Decided` with its record among them; committed together."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An order that was understood: its kind, and the kind's own value."""

    kind: OrderKind[Any]
    value: object

    @property
    def name(self) -> str:
        return self.kind.name

    @property
    def asks(self) -> bool:
        return self.kind.asks

    def show(self, desk: Desk) -> tuple[str, ...]:
        return self.kind.show(self.value, desk)

    def apply(self, desk: Desk, who: Who) -> Payloads:
        return self.kind.apply(self.value, desk, who)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    text: str
    order: Ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The words may mean several things: the person picks by number (1 is the first option)."""

    question: str
    options: tuple[Option, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        numbered = (f"  {number} {one.text}" for number, one in enumerate(self.options, start=1))
        return (self.question, *numbered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """No order: lines said back. `unclear`: the words lack what the order needs, so that its usage helps. `panic`: the
    person is in distress, and the lines are the calmest useful thing."""

    lines: tuple[str, ...]
    panic: bool = False
    unclear: bool = False


Parsed = Ordered | Choice | Back


def desk_of(
    board: Board, mechanisms: Mapping[str, Mechanism], strategies: Mapping[str, Disproof] | None = None, *,
    id: str = "", number: int = 0, shown: Sequence[str] = (),  # noqa: A002
) -> Desk:  # fmt: skip
    """The desk of a board. Raises ValueError when nothing was opened yet."""
    view = build_view(board, mechanisms, id=id, number=number)
    every = known_mechanisms(board, mechanisms)
    return Desk(board=board, view=view, mechanisms=every, strategies=strategies or {}, shown=tuple(shown))


def line_of(line: AccountLine) -> str:
    """One account as an option: number, belief, label, claim."""
    return f"{line.rank} {share(line.confidence)} {line.label} {line.claim}"


def reference(words: str) -> tuple[str, str]:
    """(the account that words begin with, what follows as a reason); "" where they name none."""
    found = _REFERENCE.match(words)
    if found is None:
        return "", words.strip()
    return found["ref"], _BECAUSE.sub("", words[found.end() :].strip()).strip()


def may_count(words: str) -> bool:
    """Whether words begin with a number that may as well count something: “3 pods of orders”, “3.5 s”. A number alone,
    one with a reason set off from it (“3 because …”, “3: …”) and a label (“H3 …”) name an account."""
    return _COUNT.match(words) is not None


def several(words: str) -> bool:
    """Whether words are the numbers or labels of several accounts and nothing else: “1 and 2”."""
    return _SEVERAL.match(words) is not None


def pick_one(words: str, desk: Desk, order: OrderKind[Any], make: MakeOrder, verb: str) -> Parsed:
    """One theory for an order: by number or label with a reason behind it, else by what the words are about."""
    if several(words):
        numbered = [h for one in _NUMBER.findall(words) if (h := desk.hypothesis(one)) is not None]
        each = tuple(Option(text=desk.claim(h), order=Ordered(kind=order, value=make(h, ""))) for h in numbered)
        if each:
            return Choice(question=f"One at a time: which one to {verb}?", options=each[:MOST_CHOICES])
    if may_count(words):
        return _which(words, desk, order, make, verb)
    ref, rest = reference(words)
    if ref:
        found = desk.hypothesis(ref)
        if found is None:
            there = ", ".join(f"{line.rank} ({line.label})" for line in desk.listed[:9]) or "none"
            return Back(lines=(f"There is no account {ref}. There are: {there}.",), unclear=True)
        return Ordered(kind=order, value=make(found, rest))
    head, reason = parted(words)
    about = desk.about(head) if head else ()
    if len(about) == 1:
        return Ordered(kind=order, value=make(about[0], reason))
    return _which(words, desk, order, make, verb)


def _which(words: str, desk: Desk, order: OrderKind[Any], make: MakeOrder, verb: str) -> Parsed:
    """A choice of the accounts that words may be about: the one of a number that they begin with, the words behind it
    its reason, and those that they are about otherwise."""
    ref, rest = reference(words)
    numbered = desk.hypothesis(ref) if ref else None
    about = [h for h in (desk.about(words) if words.strip() else ()) if h is not numbered]
    options = [Option(text=desk.claim(h), order=Ordered(kind=order, value=make(h, ""))) for h in about]
    if numbered is not None:
        text = f"account {ref}, {desk.claim(numbered)}; your reason: {rest}"
        options.insert(0, Option(text=text, order=Ordered(kind=order, value=make(numbered, rest))))
    if options:
        return Choice(question=f"Which one to {verb}?", options=tuple(options[:MOST_CHOICES]))
    listed = [line_of(line) for line in desk.listed[:MOST_CHOICES]]
    return Back(lines=(f"Which account to {verb}? Give its number, as in “{order.name} 1”.", *listed), unclear=True)


class MakeOrder(Protocol):
    def __call__(self, hypothesis: Hypothesis, reason: str, /) -> object: ...


def decided(
    desk: Desk, who: Who, kind: DecisionKind, *, decision: str, chosen: str, options: Sequence[str],
    favoured: str = "", favoured_because: str = "", reason: str = "", agreement: Agreement | None = None,
) -> tuple[str, c.Payload]:  # fmt: skip
    """The decision event of an order. Whatever a person typed as the reason is redacted here, the last place before
    it is stored."""
    why = said(reason or who.reason)
    record = recorded(
        desk.board, kind, chosen=chosen, options=options, favoured=favoured, favoured_because=favoured_because,
        reason=why, confidence=who.confidence, took_s=who.took_s, agreement=agreement,
    )  # fmt: skip
    because = why or NO_REASON
    return who.key("decision"), Decided(
        decision=decision, by=who.by, because=because, shown=tuple(options), record=record
    )


def favours(desk: Desk) -> tuple[str, str]:
    """(the line of the list that COMPASS would work on, why); empty where there is none."""
    line = desk.favoured
    if line is None:
        return "", ""
    at = next((n for n, one in enumerate(desk.listed) if one.label == line.label), 0)
    shown = desk.options[at] if at < len(desk.options) else line_of(line)
    return shown, f"it is the likeliest that is left ({share(line.confidence)})"


def shown_line(desk: Desk, hypothesis: Hypothesis) -> str:
    """The line of the list that stands for a theory, exactly as shown; its claim where it is on no list."""
    for at, line in enumerate(desk.listed):
        if line.label == hypothesis.label and at < len(desk.options):
            return desk.options[at]
    return desk.claim(hypothesis)
