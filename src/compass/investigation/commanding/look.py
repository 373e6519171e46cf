"""Where to look, and where not: bounds what is still worked on. Nothing that was observed is hidden by it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from compass.analysis.wording import share
from compass.domain.board import Board
from compass.domain.commanded import Agreement, DecisionKind, ScopeSet
from compass.domain.entity import EntityRef
from compass.domain.scope import looked_into, worked_on
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
    may_count,
    pick_one,
    reference,
    several,
)
from compass.investigation.commanding.plain import said_of
from compass.investigation.commanding.reject import ORDER as REJECT
from compass.investigation.commanding.reject import Reject
from compass.investigation.commanding.test import ORDER as TEST
from compass.investigation.commanding.test import Test
from compass.investigation.commanding.words import meant
from compass.projections.ordered import fold_orders

OPINIONS = tuple(
    f"{who} {what}" for who in ("i think", "i believe", "i bet", "i guess")
    for what in ("it is not", "it's not", "its not", "it isn't")
) + tuple(
    f"{who} {what}"
    for who in ("i don't think", "i dont think", "i do not think", "i don't believe", "i doubt", "no way")
    for what in ("it is", "it's", "its", "that it is")
)  # fmt: skip
"""An opinion is no order yet: it is asked what to do with it."""
AVOIDING = (
    "do not look at", "don't look at", "dont look at", "not look at", "stay away from", "leave out", "ignore", "skip",
    "exclude", "forget", "except", "not", "avoid", "it is not", "it's not", "its not", "it isn't", "isn't", "n",
    *OPINIONS,
)  # fmt: skip
_ANY_CASE = re.IGNORECASE
MOST_NAMED = 8
EVERYWHERE = re.compile(
    r"^(?:at\s+)?(?:everywhere|everything|anywhere|all(?: of it)?|again everywhere)(?:\s+again)?\W*$", _ANY_CASE
)
_FILLER = re.compile(r"^(?:at|into|in|on|only|the|for|inside)\s+", re.IGNORECASE)
_BUT = re.compile(r"\s*,?\s*\b(?:but not|and not|except(?: for)?|excluding|without|but|not)\b\s*", _ANY_CASE)
_RATHER = re.compile(r"\s*,?\s*\bbut(?:\s+(?:at|rather))?\b\s*", _ANY_CASE)
_AVOID = re.compile(rf"^(?:{'|'.join(re.escape(p) for p in sorted(AVOIDING, key=len, reverse=True))})\b\s*", _ANY_CASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A scope to be. `everywhere`: whatever was said before no longer holds. Areas are names of specialists."""

    look: tuple[EntityRef, ...] = ()
    avoid: tuple[EntityRef, ...] = ()
    look_areas: tuple[str, ...] = ()
    avoid_areas: tuple[str, ...] = ()
    everywhere: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True)
class LookOrder:
    name: str = "look"
    key: str = "l"
    usage: str = "look at|not WHERE"
    typed: tuple[str, ...] = ("look at WHERE", "look not WHERE")
    help: str = "look only at a part or field (“look at payments”), or not there (“ignore the frontend”, “n frontend”)"
    phrases: tuple[str, ...] = (
        "look only at", "look at", "look into", "look in", "look", "focus on", "focus", "concentrate on", "only",
        "check", "examine", "inspect", *AVOIDING,
    )  # fmt: skip
    alone: bool = False
    asks: bool = False

    def parse(self, words: str, desk: Desk) -> Parsed:
        """“look at X”, “not X”, “look everywhere”. “not 2” and “not” with words for a theory set that one aside; words
        for several parts or fields give a choice; names that are not known are answered with those that are."""
        avoid = _AVOID.match(words.strip()) is not None
        rest = _AVOID.sub("", words.strip())
        if not avoid:
            while (shorter := _FILLER.sub("", rest)) != rest:
                rest = shorter
        wide, *but = _BUT.split(rest, maxsplit=1)
        if but and not avoid:
            return self._except(wide, but[0], words, desk)
        this, *rather = _RATHER.split(rest, maxsplit=1)
        if rather and avoid and isinstance(both := self._except(rather[0], this, words, desk), Ordered):
            return both
        if not avoid and EVERYWHERE.match(rest):
            return Ordered(kind=self, value=Look(everywhere=True, said=said(words)))
        if reference(rest)[0] and avoid:  # “not 2” is about an account
            return pick_one(rest, desk, REJECT, lambda h, why: Reject(hypothesis=h, reason=said(why)), "set aside")
        numbered = several(rest) or (reference(rest)[0] and not may_count(rest))
        if numbered and not avoid:  # what is looked at is worked on
            return pick_one(rest, desk, TEST, lambda h, why: Test(hypothesis=h, reason=said(why)), "test deeper")
        spoken = said_of(rest, desk, avoid=avoid)
        read = spoken.read
        if spoken.reason and not spoken.clear:
            read = meant(rest, desk.board, desk.mechanisms)  # part of the reason may be what is meant
            if read.areas and len(read.areas) + len(read.entities) > 1:
                read = replace(read, either=read.areas)
        if len(read.entities) > 1 or read.either:
            fields = [self._option((), (area,), words, avoid=avoid) for area in read.either]
            parts = [self._option((one,), (), words, avoid=avoid) for one in read.entities]
            return Choice(question="Which one do you mean?", options=tuple([*fields, *parts][:MOST_CHOICES]))
        if read.entities or read.areas:
            return self._option(read.entities, read.areas, words, avoid=avoid).order
        about = desk.about(rest)
        if avoid and about:
            return pick_one(rest, desk, REJECT, lambda h, why: Reject(hypothesis=h, reason=said(why)), "set aside")
        names = ", ".join(sorted({h.entity.name for h in desk.board.hypotheses.values()})[:8])
        areas = ", ".join(desk.board.specialists)
        return Back(lines=(f"I know no part or field of that name. Parts with theories: {names or 'none yet'}.",
                           f"Fields: {areas}. “look everywhere” ends a bound."), unclear=True)  # fmt: skip

    def _except(self, wide: str, but: str, words: str, desk: Desk) -> Parsed:
        """“payments, not the db” looks at the one and leaves the other out; “everything but payments” leaves it out."""
        there = None if EVERYWHERE.match(wide) or not wide else self.parse(wide, desk)
        out = self.parse(f"not {but}", desk)
        if not isinstance(out, Ordered) or not isinstance(out.value, Look):
            return out
        if there is None:
            return Ordered(kind=self, value=replace(out.value, said=said(words)))
        if not isinstance(there, Ordered) or not isinstance(there.value, Look):
            return there
        both = replace(there.value, avoid=out.value.avoid, avoid_areas=out.value.avoid_areas, said=said(words))
        return Ordered(kind=self, value=both)

    def show(self, order: Look, desk: Desk) -> tuple[str, ...]:
        """The bound in words, with all that it leaves out: theories by their labels, the likeliest of all by name, and
        what specialists had not begun."""
        scope = _scope(order, desk, "")
        lines = [f"From here on: {scope_words(scope.look, scope.look_areas, scope.avoid, scope.avoid_areas)}."]
        out = _left_out(order, desk)
        if out:
            more = f" and {len(out) - MOST_NAMED} more" if len(out) > MOST_NAMED else ""
            lines.append(f"No longer worked on: {', '.join(out[:MOST_NAMED])}{more}.")
            lead = desk.favoured
            if lead is not None and lead.label in out:
                lines.append(f"That leaves out the likeliest, {lead.label} ({share(lead.confidence)}).")
            lines.append("What was observed stays, and so do all shares.")
        fields = _not_begun(order, desk)
        if fields:
            lines.append(f"Of the first look, what {', '.join(fields)} did not begin is left out.")
        return tuple(lines)

    def apply(self, order: Look, desk: Desk, who: Who) -> Payloads:
        """The whole scope after this order, and the decision, which is against COMPASS where it leaves out the
        likeliest theory."""
        scope = _scope(order, desk, who.by)
        favoured, why = favours(desk)
        agreement = Agreement.NONE_FAVOURED
        if desk.favoured is not None:
            agreement = Agreement.AGAINST if desk.favoured.label in _left_out(order, desk) else Agreement.AGREES
        words = scope_words(scope.look, scope.look_areas, scope.avoid, scope.avoid_areas)
        return (
            (who.key("scope"), scope),
            decided(
                desk, who, DecisionKind.SCOPE, decision=f"look {words}", chosen=words, options=desk.options,
                favoured=favoured, favoured_because=why, reason=order.said, agreement=agreement,
            ),
        )  # fmt: skip

    def _option(
        self, entities: tuple[EntityRef, ...], areas: tuple[str, ...], words: str, *, avoid: bool = False
    ) -> Option:
        said_ = said(words)
        value = (
            Look(avoid=entities, avoid_areas=areas, said=said_)
            if avoid
            else Look(look=entities, look_areas=areas, said=said_)
        )
        named = ", ".join([*map(place, entities), *(f"the field of {area}" for area in areas)])
        return Option(text=f"{'leave out' if avoid else 'look only at'} {named}", order=Ordered(kind=self, value=value))


def looking_at(entities: tuple[EntityRef, ...], areas: tuple[str, ...], words: str) -> Option:
    """The option to look at these only."""
    return ORDER._option(entities, areas, words)


def leaving_out(entities: tuple[EntityRef, ...], areas: tuple[str, ...], words: str) -> Option:
    """The option to leave these out."""
    return ORDER._option(entities, areas, words, avoid=True)


def scope_words(
    look: Iterable[EntityRef], look_areas: Iterable[str], avoid: Iterable[EntityRef], avoid_areas: Iterable[str]
) -> str:
    """A scope in words."""
    wanted, out = ", ".join([*map(place, look), *look_areas]), ", ".join([*map(place, avoid), *avoid_areas])
    if not wanted:
        return f"not at {out}" if out else "everywhere"
    return f"only at {wanted}, not at {out}" if out else f"only at {wanted}"


def _scope(order: Look, desk: Desk, by: str) -> ScopeSet:
    """The whole scope after this order: a new place to look replaces the last one, what is left out adds up."""
    before = desk.board.orders
    if order.everywhere:
        return ScopeSet(by=by, said=order.said)
    wanted = bool(order.look or order.look_areas)
    look, areas = (order.look, order.look_areas) if wanted else (before.look, before.look_areas)
    return ScopeSet(
        by=by, said=order.said,
        look=tuple(e for e in look if e not in order.avoid),
        look_areas=tuple(a for a in areas if a not in order.avoid_areas),
        avoid=tuple(dict.fromkeys(e for e in (*before.avoid, *order.avoid) if e not in order.look)),
        avoid_areas=tuple(
            dict.fromkeys(a for a in (*before.avoid_areas, *order.avoid_areas) if a not in order.look_areas)
        ),
    )  # fmt: skip


def _left_out(order: Look, desk: Desk) -> list[str]:
    """Labels of theories that would no longer be worked on, and are now."""
    board, then = desk.board, _then(order, desk)
    return [
        h.label for h in board.hypotheses.values()
        if worked_on(h, desk.owner(h), board) and not worked_on(h, desk.owner(h), then)
    ]  # fmt: skip


def _not_begun(order: Look, desk: Desk) -> list[str]:
    """Fields whose first look is still to come or under way and would be left out from here on."""
    board, then = desk.board, _then(order, desk)
    if board.round > 1 or (board.round == 1 and not board.round_open):
        return []
    return [area for area in board.specialists if looked_into(area, board) and not looked_into(area, then)]


def _then(order: Look, desk: Desk) -> Board:
    return replace(desk.board, orders=fold_orders(_scope(order, desk, ""), desk.board.orders))


ORDER = LookOrder()
