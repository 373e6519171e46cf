"""A line that begins like an order and may as well be a sentence: the person is asked. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from compass.domain.commanded import Decided
from compass.domain.hypothesis import Hypothesis
from compass.investigation.commanding.base import (
    MOST_CHOICES,
    Back,
    Choice,
    Desk,
    Option,
    Ordered,
    OrderKind,
    Parsed,
    Who,
    several,
)
from compass.investigation.commanding.escalate import Escalate
from compass.investigation.commanding.look import OPINIONS, Look
from compass.investigation.commanding.plain import said_of
from compass.investigation.commanding.words import parted

SAYS = re.compile(
    r"\b(?:is|are|was|were|isnt|arent|has|have|had|does|did|do|can|could|should|would|will|keeps?|looks?|seems?|gets?|got|"
    r"goes|went|takes?|took|on|in|from|per|above|below|than|since|not)\b|n['’]t\b",
    re.IGNORECASE,
)
"""Words that no name of a team or a person holds, and that a sentence does."""
_ON_CALL = re.compile(r"\bon[ -](?:call|duty|shift)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"^\W*(?:#?\d{1,3}|[hH]\d{1,3})\b")
_ACCOUNT = re.compile(
    r"^#?(?P<ref>[hH]\d{1,3}|\d{1,3}(?=\W*$|\s+(?:is|was|isn['’]?t|looks|seems|makes|can|cannot|can['’]?t|must)\b))"
    r"(?![\w.-])(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
ASKED = "Is that an order, or what you think or saw?"


def weighed(
    text: str, phrase: str, rest: str, parsed: Parsed, stated: Callable[[], Parsed], desk: Desk, kind: OrderKind[Any]
) -> Parsed:
    """What a line comes to that begins with a phrase of an order: that order where it is clear, else a choice of it and
    of what the same words are as a theory, which `stated` reads."""
    everyday = phrase != kind.name
    if isinstance(parsed, Back):
        told = (
            everyday
            and (kind.name == "look" or not _NUMBERED.match(rest))
            and bool(rest)
            and not said_of(rest, desk).clear
        )
        return theory if told and not isinstance(theory := stated(), Back) else parsed
    if (
        isinstance(parsed, Choice)
        or parsed.name in ("answer", "theory")
        or not (_asks(text, parsed) or _told(phrase, rest, parsed, desk, everyday=everyday))
    ):
        return parsed
    others: tuple[Option, ...] = ()
    theory = stated()
    if isinstance(theory, Choice):
        others = theory.options
    elif isinstance(theory, Ordered):
        others = (Option(text=theory.show(desk)[0], order=theory),)
    others = tuple(one for one in others if not _same(one.order, parsed))
    return Choice(question=ASKED, options=(ordering(parsed, desk), *others)[:MOST_CHOICES])


def about_account(text: str, test: OrderKind[Any], reject: OrderKind[Any], desk: Desk) -> Parsed | None:
    """A line that begins with an account. Its number or label alone tests it; what is said of it (“H2 is wrong”) may
    mean the opposite, and is asked. None where a number counts something, or the line begins otherwise."""
    found = _ACCOUNT.match(text)
    if found is None:
        return test.parse(text, desk) if several(text.rstrip(" ?!.")) else None
    parsed = test.parse(found["ref"], desk)
    if not found["rest"].strip(" .!"):
        return parsed
    known = desk.hypothesis(found["ref"])
    if known is None:
        return parsed if found["rest"].strip() == "?" or not found["ref"].isdigit() else None
    reason = found["rest"].strip(" ,:;.!?–—-")
    both = (one.parse(f"{known.label} {reason}".strip(), desk) for one in (test, reject))
    options = tuple(ordering(one, desk) for one in both if isinstance(one, Ordered))
    return Choice(question=f"What about {known.label}?", options=options)


def ordering(order: Ordered, desk: Desk) -> Option:
    """An order as an option, in the words of its decision."""
    payloads = [payload for _, payload in order.apply(desk, Who(nonce="shown"))]
    words = next((one.decision for one in payloads if isinstance(one, Decided)), order.name)
    return Option(text=f"order: {words}", order=order)


def _asks(text: str, order: Ordered) -> bool:
    # What is shown back first may be asked.
    return text.rstrip(" !.").endswith("?") and not order.asks


def _told(phrase: str, rest: str, order: Ordered, desk: Desk, *, everyday: bool) -> bool:
    """Whether the words behind the phrase say more than what the order is about."""
    value = order.value
    if isinstance(value, Escalate):
        return everyday and SAYS.search(_ON_CALL.sub(" ", parted(rest)[0])) is not None
    if phrase in OPINIONS:
        return True
    if isinstance(value, Look) and value.everywhere:
        return False
    about = getattr(value, "hypothesis", None)
    if not isinstance(value, Look) and _NUMBERED.match(rest.removeprefix("not ")):
        return False
    spoken = rest.removeprefix("not ") if order.name in ("look", "reject") else rest
    found = about if isinstance(about, Hypothesis) else None
    if order.name not in ("look", "reject", "test"):
        return False
    avoid = rest.startswith("not ")
    if not avoid:
        spoken = re.sub(r"^(?:only|just|at)\s+", "", spoken, flags=re.IGNORECASE)
    whole = said_of(spoken, desk, found, avoid=avoid)
    return not whole.clear and not _parts_said(order, spoken)


def _same(one: Ordered, other: Ordered) -> bool:
    """Whether two orders do the same, whatever was said."""
    if isinstance(one.value, Look) and isinstance(other.value, Look):
        return replace(one.value, said="") == replace(other.value, said="")
    return one == other


def _parts_said(order: Ordered, spoken: str) -> bool:
    # “payments, not the db” was taken apart already.
    return order.name == "look" and re.search(r"\b(?:but|except|excluding|without|not)\b", spoken) is not None
