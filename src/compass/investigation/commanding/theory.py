"""One's own theory: parsed into one that can be tested, shown back, and then tested like any other.

It stands in the second ledger (`domain.proposed`): a person's word moves no probability. What its author could read on
the board when stating it never counts as fresh support.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from compass.domain import advised as told
from compass.domain import chronicle as c
from compass.domain.advice import StatedMechanism
from compass.domain.commanded import Agreement, Command, CommandGiven, DecisionKind
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.incident import Change
from compass.domain.mechanism import Mechanism, Pattern, Relation
from compass.domain.sign import SIGNS, matches
from compass.domain.time import Instant
from compass.investigation.advising.stating import mechanism_of, predicted, struck, suggesting, testable
from compass.investigation.advising.words import place, said
from compass.investigation.commanding.base import (
    MOST_CHOICES,
    Back,
    Choice,
    Desk,
    Option,
    Ordered,
    Parsed,
    Payloads,
    Who,
    decided,
    favours,
    reference,
)
from compass.investigation.commanding.look import leaving_out, looking_at
from compass.investigation.commanding.test import deepen
from compass.investigation.commanding.words import Meant, denies, meant
from compass.mechanisms.match import index
from compass.mechanisms.propose import hypothesis_id
from compass.projections.advice import fold_advice
from compass.projections.filler import Filler

LEAD = 0.5
"""P(entity | mechanism) is not a person's to say: the value of a theory of unknown lead."""
MOST_PLACES = 4
EXAMPLE = "Say what is wrong and where, as in “orders pool is exhausted” or “disk full on the database”."
_AT = {
    Relation.CALLEE: " (at something it calls)", Relation.CALLER: " (at what calls it)",
    Relation.HOST: " (at what it runs on)", Relation.MEMBER: " (at what it holds)", Relation.ANY: " (anywhere)",
}  # fmt: skip
_FILLER = re.compile(r"^(?:that|the (?:cause|problem|reason) is|because|probably|maybe|perhaps|just)\s+", re.IGNORECASE)

_FINE = re.compile(r"\b(?:fine|ok|okay|healthy|good|normal|innocent|unaffected)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theory:
    """`said` are the person's words; `change` the id of a change that they name as what set it off."""

    mechanism: Mechanism
    entity: EntityRef
    said: str
    change: str = ""
    stated: bool = False

    @property
    def id(self) -> str:
        return hypothesis_id(self.mechanism.id, self.entity)


@dataclass(frozen=True, slots=True)
class TheoryOrder:
    name: str = "theory"
    key: str = "t"
    usage: str = "theory WORDS"
    typed: tuple[str, ...] = ("theory WORDS",)
    help: str = "state your own theory in plain words; it is shown back before it counts"
    phrases: tuple[str, ...] = (
        "theory", "my theory is", "i think it is", "i think it's", "i think its", "i think", "i suspect", "i bet",
        "it is", "it's", "its", "it might be", "it could be", "it must be", "could it be", "maybe it is", "maybe it's",
        "maybe", "perhaps", "suspect", "guess",
    )  # fmt: skip
    alone: bool = False
    asks: bool = True

    def parse(self, words: str, desk: Desk) -> Parsed:
        """A theory of the catalogue at a place, or one stated from signs. A number alone or a label means the theory
        that has it; a part or a field without a mechanism gives a choice of what is there."""
        words = _FILLER.sub("", words.strip())
        if not words:
            return Back(lines=(EXAMPLE,), unclear=True)
        ref, rest = reference(words)
        # A number with words behind it counts something; a label is nobody's count.
        if ref and (not rest or not ref.isdigit()) and (known := desk.hypothesis(ref)) is not None:
            return deepen(known)
        read = meant(words, desk.board, desk.mechanisms)
        found = self._theories(words, read, desk)
        if found:
            denied = denies(words) and not denies(found[0].mechanism.claim)
            return self._choose(
                found, desk, sure=not read.doubts.get(found[0].mechanism.id) and not denied,
                besides=self._left_out(words, read),
            )  # fmt: skip
        return self._wider(words, read, desk)

    def show(self, order: Theory, desk: Desk) -> tuple[str, ...]:
        """What would be tested, what must and must not be seen, and what surviving it would be worth; also where
        nothing that is connected could test it."""
        fill = Filler(order.entity, None)
        lines = [f"I will test: {fill(order.mechanism.claim)} ({_named(order)})"]
        lines += _told("requires", order.mechanism.requires)
        lines += _told("must not be seen", order.mechanism.forbids)
        if order.change:
            lines.append(f"  set off by: {order.change}")
        lines.append(
            "  It gets no probability by being said: when a fresh direct attempt to refute it is survived, it takes "
            "its mechanism's share of “not on this list”, and nothing from the other accounts."
        )
        if not self._testable(order, desk):
            lines.append("  Nothing that is connected measures what it predicts: it would stay untestable here.")
        return tuple(lines)

    def apply(self, order: Theory, desk: Desk, who: Who) -> Payloads:
        """Its mechanism where the catalogue lacks it, the theory, what its author could read, the command to test it,
        and the decision: that the right one was not on the list."""
        board = desk.board
        hypothesis = _hypothesis(order, desk, who.by)
        payloads: list[tuple[str, c.Payload]] = []
        if order.stated and order.mechanism.id not in board.advice.stated:
            stated = told.MechanismStated(mechanism=order.mechanism, by=who.by)
            payloads.append((f"stated/{order.mechanism.id}", stated))
        payloads.append((f"hypothesis/{order.id}", c.Proposed(hypothesis=hypothesis)))
        payloads.append((f"argued/{order.id}", self._argued(order, desk, who.by)))
        # A person who states a theory wants it tested: now, and with every plan there is.
        payloads.append((who.key("test"), CommandGiven(command=Command.TEST, argument=order.id)))
        favoured, why = favours(desk)
        claim = Filler(order.entity, None)(order.mechanism.claim)
        payloads.append(decided(
            desk, who, DecisionKind.THEORY, decision=f"test a theory of one's own: {_named(order)}",
            chosen=claim, options=desk.options, favoured=favoured, favoured_because=why, reason=said(order.said),
            agreement=Agreement.NOT_ON_LIST,
        ))  # fmt: skip
        return tuple(payloads)

    # --- reading ----------------------------------------------------------------------------------------

    def _theories(self, words: str, read: Meant, desk: Desk) -> list[Theory]:
        """Every (mechanism, part) that the words may mean, the catalogue's first; else what their signs state."""
        change = _change(words, read, desk)
        found: dict[str, Theory] = {}
        for mechanism in read.mechanisms:
            for entity in read.entities or _candidates(mechanism, desk):
                hit = struck(entity, mechanism, desk.board)
                if hit is not None:
                    one = Theory(mechanism=mechanism, entity=hit, said=words, change=change)
                    found.setdefault(one.id, one)
        if not found and read.signs:
            for sign in read.signs[:MOST_PLACES]:
                for entity in read.entities or _suffering(desk)[:MOST_PLACES]:
                    stated = _stated(words, sign, entity, desk)
                    if stated is not None:
                        one = Theory(mechanism=stated, entity=entity, said=words, change=change, stated=True)
                        found.setdefault(one.id, one)
        return list(found.values())

    def _left_out(self, words: str, read: Meant) -> tuple[Option, ...]:
        """Where words say that it is not so, or is fine: to leave out what they name."""
        fine = denies(words) or _FINE.search(words) is not None
        return (leaving_out(read.entities, read.areas, words),) if fine and (read.entities or read.areas) else ()

    def _choose(self, found: Sequence[Theory], desk: Desk, *, sure: bool, besides: tuple[Option, ...]) -> Parsed:
        options = [self._option(one, desk) for one in found]
        # What is on the board already comes first: it has been looked at.
        options.sort(key=lambda one: isinstance(one.order.value, Theory))
        if len(options) == 1 and sure:
            return options[0].order
        most = MOST_CHOICES - len(besides)
        return Choice(question="Which of these do you mean?", options=(*besides, *options[:most]))

    def _option(self, one: Theory, desk: Desk) -> Option:
        known = next(
            (h for h in desk.board.hypotheses.values() if (h.mechanism, h.entity) == (one.mechanism.id, one.entity)),
            None,
        )
        if known is not None:
            return Option(text=f"{desk.claim(known)}: on the board; test it deeper", order=deepen(known, one.said))
        claim = Filler(one.entity, None)(one.mechanism.claim)
        return Option(text=f"new: {claim} ({_named(one)})", order=Ordered(kind=self, value=one))

    def _wider(self, words: str, read: Meant, desk: Desk) -> Parsed:
        """Words that name a part or a field of work and no mechanism: the theories there, or to look there only."""
        about = desk.about(words)
        options = [Option(text=f"{desk.claim(h)}: test it deeper", order=deepen(h)) for h in about[: MOST_CHOICES - 1]]
        if read.entities or read.areas:
            options = [*options[: MOST_CHOICES - 2], looking_at(read.entities, read.areas, words)]
            options += self._left_out(words, read)
            return Choice(question="What about it?", options=tuple(options))
        unknown = f" Nothing here is called {', '.join(f'“{word}”' for word in read.left[:4])}." if read.left else ""
        return Back(lines=(f"I cannot make a theory of that that the data could refute.{unknown} {EXAMPLE}",))

    # --- events -----------------------------------------------------------------------------------------

    def _argued(self, order: Theory, desk: Desk, by: str) -> told.TheoryArgued:
        shown = _readable(desk)
        after = f" (after {order.change})" if order.change else ""
        argued = told.TheoryArgued(
            hypothesis=order.id, by=by, reasoning=f"{said(order.said)}{after}",
            would_disprove=_refuted_by(order.mechanism), shown=shown, predicts=predicted(order.mechanism),
        )  # fmt: skip
        return replace(argued, testable=self._testable(order, desk))

    def _testable(self, order: Theory, desk: Desk) -> bool:
        board = desk.board
        argued = told.TheoryArgued(
            hypothesis=order.id, by="", reasoning="", would_disprove="", shown=_readable(desk),
            predicts=predicted(order.mechanism),
        )  # fmt: skip
        then = replace(board, advice=fold_advice(argued, board.advice))
        return testable(_hypothesis(order, desk, "human"), order.mechanism, then, desk.strategies)


def _hypothesis(order: Theory, desk: Desk, by: str) -> Hypothesis:
    """Its label is given where it enters the board: another terminal may state one at the same time."""
    board = desk.board
    own = suggesting(order.mechanism, order.entity, (), _readable(desk), index(board))
    began = [o.since for key in sorted(own) if (o := board.observations[key]).since is not None]
    onset = min((t for t in began if t is not None), default=None)
    if onset is None:
        onset = board.onset.instant if board.onset is not None else _paged(desk)
    return Hypothesis(
        id=order.id, label="", mechanism=order.mechanism.id, entity=order.entity, onset=onset, proposed_by=by,
        suggested_by=own, lead=LEAD,
    )  # fmt: skip


def _paged(desk: Desk) -> Instant:
    incident = desk.board.incident
    return Instant(ns=incident.detected_ns if incident is not None else 0)


def _readable(desk: Desk) -> tuple[str, ...]:
    """Ids of what the person could have read when stating it: all that is abnormal, and a model's readings."""
    return tuple(sorted((*(o.id for o in desk.board.anomalies()), *desk.board.advice.facts)))


def _candidates(mechanism: Mechanism, desk: Desk) -> list[EntityRef]:
    """Where a mechanism may strike that nobody said the place of: where it is a theory already, else what suffers."""
    known = [h.entity for h in desk.board.hypotheses.values() if h.mechanism == mechanism.id]
    hit = (struck(entity, mechanism, desk.board) for entity in _suffering(desk))
    return list(dict.fromkeys(known or [entity for entity in hit if entity is not None]))[:MOST_PLACES]


def _suffering(desk: Desk) -> list[EntityRef]:
    """Parts by what is abnormal at them, the strongest first."""
    strongest = sorted(desk.board.anomalies(), key=lambda o: (-o.strength, o.id))
    return list(dict.fromkeys(o.entity for o in strongest))


def _stated(words: str, sign: str, entity: EntityRef, desk: Desk) -> Mechanism | None:
    owners = [
        m.owner for m in desk.mechanisms.values() for p in m.requires if any(matches(word, sign) for word in p.signs)
    ]
    owner = max(sorted(set(owners)), key=owners.count) if owners else next(iter(desk.board.specialists), "application")
    claim = f"{place(entity)}: {words}"
    return mechanism_of(StatedMechanism(claim=claim, requires=(sign,)), owner, entity.kind)


def _change(words: str, read: Meant, desk: Desk) -> str:
    """The change that the words name by its id, or as the latest release of the part before the onset."""
    spoken = words.lower()
    named = next((change.id for change in desk.board.changes if change.id.lower() in spoken), "")
    if named or "change" not in read.areas:
        return named
    before = [one for one in desk.board.changes if one.entity in read.entities and not _after(one, desk)]
    return max(before, key=lambda one: (one.at.ns, one.id)).id if before else ""


def _after(change: Change, desk: Desk) -> bool:
    return desk.board.onset is not None and desk.board.onset.instant.surely_before(change.at)


def _named(order: Theory) -> str:
    sign = order.mechanism.requires[0].signs[0] if order.stated else ""
    what = f"stated by a sign: {SIGNS.get(sign, sign)}," if order.stated else order.mechanism.id.replace("_", " ")
    return f"{what} at {place(order.entity)}"


def _told(label: str, patterns: Iterable[Pattern]) -> list[str]:
    said_ = [f"{' or '.join(SIGNS.get(sign, sign) for sign in p.signs[:3])}{_AT.get(p.at, '')}" for p in patterns]
    return [f"  {label}: {text}" for text in said_]


def _refuted_by(mechanism: Mechanism) -> str:
    forbidden = [SIGNS.get(p.signs[0], p.signs[0]) for p in mechanism.forbids[:2]]
    needed = [SIGNS.get(p.signs[0], p.signs[0]) for p in mechanism.requires[:2]]
    return "; ".join([*(f"seen: {text}" for text in forbidden), *(f"not seen: {text}" for text in needed)])


ORDER = TheoryOrder()
