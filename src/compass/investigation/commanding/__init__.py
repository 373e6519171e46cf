"""What a person can order, one kind a file, and how their words become an order. No model is needed for any of it.

A new module that defines ORDER is a new order. `understand` is what a conversation, the shell and the single commands
read words with; `give` commits an order.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache
from typing import Any, NamedTuple

from compass.investigation.commanding.base import (
    Back,
    Choice,
    Desk,
    Option,
    Ordered,
    OrderKind,
    Parsed,
    Who,
    desk_of,
)
from compass.investigation.commanding.panic import calm, is_panic
from compass.investigation.commanding.slips import distance
from compass.investigation.commanding.words import lowered, parted

_IDLE = re.compile(
    r"^(?:now|please|pls|it|this|the investigation|everything|all|here|then|for now|a moment|ok)?$", re.IGNORECASE
)
_POLITE = re.compile(
    r"^(?:please|pls|ok(?:ay)?|so|well|hey|compass|can you|could you|let'?s|we should|and)[\s,]+", re.IGNORECASE
)
_ASKING = re.compile(r"^(?:can|could|will|would) you\b", re.IGNORECASE)
_DENIED = re.compile(r"^(?:(?:please|pls)\s+)?(?:do not|don['’]?t|never|should not|shouldn['’]?t)\s+", re.IGNORECASE)
_NAMING = frozenset({"reject", "restore"})
"""Orders whose key is a word of English, too (r for are, u for you): behind it stands what it is about."""
_NAMES = re.compile(r"^(?:#?\d|[hH]\d)")
_REQUEST = re.compile(r"^[rR]\d")
_HELP = frozenset({"help", "?", "h", "commands", "keys"})


@cache
def orders() -> tuple[OrderKind[Any], ...]:
    """Every kind of order, by name."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    found = [module.ORDER for module in modules if hasattr(module, "ORDER")]
    return tuple(sorted(found, key=lambda kind: kind.name))


def order_named(name: str) -> OrderKind[Any]:
    """The kind of that name or key. Raises KeyError."""
    return {key: kind for kind in orders() for key in (kind.name, kind.key)}[name]


def understand(text: str, desk: Desk) -> Parsed:
    """What a person means by a line: an order, a numbered choice, or lines said back. Never a guess."""
    from compass.investigation.commanding.sentences import about_account, weighed

    text = text.strip()
    panic = is_panic(text) and not _outright(text)
    if text.lower().rstrip("!. ") in _HELP and not panic:
        return help_lines()
    if panic:
        return calm(desk)
    while (shorter := _POLITE.sub("", text)) != text:
        # “can you test 2?” asks for it; “test 2?” asks whether to.
        text = shorter.rstrip(" ?") if _ASKING.match(text) else shorter
    if not text:
        return help_lines()
    if (about := about_account(text, order_named("test"), order_named("reject"), desk)) is not None:
        return about
    led = _kind_of(text)
    if led.kind is None and (denied := _DENIED.match(text)) and _kind_of(text[denied.end() :]).kind is not None:
        return Back(lines=("Nothing is ordered by that, and nothing is changed.",))
    if led.kind is None:
        return order_named("theory").parse(text, desk)
    parsed = led.kind.parse(led.rest, desk)
    return weighed(text, led.phrase, led.rest, parsed, lambda: order_named("theory").parse(text, desk), desk, led.kind)


def help_lines() -> Back:
    """Every order with its key, and below it what it does: a column beside the longest would be off a terminal."""
    width = max(len(kind.key) for kind in orders())
    listed = ((f"  {kind.key:<{width}}  {kind.usage}", f"{' ' * (width + 6)}{kind.help}") for kind in orders())
    return Back(lines=("Say it in plain words, or:", *(line for pair in listed for line in pair)))


class Led(NamedTuple):
    """The kind whose phrase a line begins with, what follows the phrase, and the phrase (the name, for a key)."""

    kind: OrderKind[Any] | None
    rest: str
    phrase: str = ""


def _kind_of(text: str) -> Led:
    """By the longest phrase that a line begins with."""
    flat = lowered(text)
    key, _, rest = text.partition(" ")
    for kind in orders():
        if key == kind.key and _follows(kind, rest.strip()):
            return Led(kind, rest.strip(), kind.name)
    begins = [(phrase, kind) for kind in orders() for phrase in kind.phrases]
    begins.sort(key=lambda pair: -len(pair[0]))
    for phrase, kind in begins:
        if flat == phrase or flat.startswith(f"{phrase} "):
            return _with_rest(kind, phrase, text)
    return _misspelt(text, flat)


def _outright(text: str) -> bool:
    """Whether a line names its order, so that whatever follows is the order's: a reason that cries, a paste."""
    kind, rest, phrase = _kind_of(text)
    if kind is None or kind.alone or kind.name == "look":
        return False
    head, reason = parted(rest)
    return phrase == kind.name or _NAMES.match(rest) is not None or (bool(reason) and not is_panic(f"{phrase} {head}"))


def _follows(kind: OrderKind[Any], rest: str) -> bool:
    """Whether what follows a letter makes it a key and not a word: “u sure?” and “c is slow” are sentences."""
    if kind.alone:
        return bool(_IDLE.match(rest.strip(" .!,")))
    return not rest or kind.name not in _NAMING or _NAMES.match(rest) is not None


def _with_rest(kind: OrderKind[Any], phrase: str, text: str) -> Led:
    # The words after the phrase as they were typed: names keep their capitals and punctuation.
    led = re.match(
        rf"^\W*{_spaced(phrase)}\b(?:[^\w\s]{{1,2}}(?=\s|$)|[:,])?\s*", text.replace("’", "'"), re.IGNORECASE
    )
    rest = text[led.end() :] if led is not None else ""
    if kind.name == "answer" and phrase != kind.name and rest and not _REQUEST.match(rest):
        return Led(None, text)  # “reply times are up”
    if kind.name == "look" and phrase in _avoiding():
        return Led(kind, f"not {rest}", phrase)
    if kind.alone and not _IDLE.match(rest.strip(" .!,")):
        return Led(None, text)  # “stop the retries” is no order to stop
    return Led(kind, "" if kind.alone else rest, phrase)


def _spaced(phrase: str) -> str:
    return r"\s+".join(re.escape(word) for word in phrase.split())


def _misspelt(text: str, flat: str) -> Led:
    """A line that begins with a slip of one order's name, and of no other's. Another form of the word (calls, tests) is
    no slip."""
    first = flat.split(" ")[0]
    near = {
        kind.name: (kind, phrase) for kind in orders() for phrase in kind.phrases
        if " " not in phrase and len(first) >= 4 and len(phrase) >= 4 and distance(first, phrase, 2) == 1
        and first[:-1] != phrase
    }  # fmt: skip
    if len(near) != 1:
        return Led(None, text)
    kind, phrase = next(iter(near.values()))
    return _with_rest(kind, phrase, f"{phrase} {text.strip().partition(' ')[2]}")


@cache
def _avoiding() -> frozenset[str]:
    from compass.investigation.commanding.look import AVOIDING

    return frozenset(AVOIDING)


__all__ = [
    "Back", "Choice", "Desk", "Option", "OrderKind", "Ordered", "Parsed", "Who", "desk_of", "help_lines", "order_named",
    "orders", "understand",
]  # fmt: skip
