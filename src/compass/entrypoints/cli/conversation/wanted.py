"""What somebody wants to read, from words: the name of what shows it and what it is about. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from compass.domain.commands import command
from compass.investigation.commanding import Desk

_ONE = r"#?\d{1,3}|h\d{1,3}"
_READS = {
    "why": rf"(?:{_ONE})?", "evidence": rf"(?:{_ONE}|[edx]\d{{1,4}})?", "accounts": rf"(?:{_ONE})?", "cost": "",
    "timeline": "(?:all)?", "status": "(?:engineers|managers|customers)?", "show": "", "review": "", "ask": ".+",
}  # fmt: skip
"""What can be read here, and what may follow it; all else is words that mean something."""
NAMES = frozenset(_READS)
_ALSO_CALLED = {
    "list": "accounts",
    "costs": "cost",
    "hypotheses": "accounts",
    "decisions": "review",
    "w": "why",
    "e": "evidence",
}
_FILLER = re.compile(r"^(?:--?|for\s+|of\s+|the\s+|account\s+)+", re.IGNORECASE)
_ELSEWHERE = frozenset({
    "correct", "gaps", "knowledge", "near-miss", "patterns", "postmortem", "recheck", "replay", "resolve", "signals",
    "unsolved",
})  # fmt: skip
_OPTIONS = re.compile(r"(?:[-#\d]|h\d).*|", re.IGNORECASE)
_JUDGING = frozenset({"correct", "near-miss", "resolve"})
"""A number behind these is an account, as it is in a conversation."""
_OF_ONE = _JUDGING | {"postmortem", "recheck", "replay"}
_LED = re.compile(r"#?(\d{1,9}|h\d{1,3})(?:\s+(-.*))?(?:\s.*)?", re.IGNORECASE)
"""A number or a label first, then options; other words are left out."""
_WHOLE = frozenset({"cost", "review", "show", "status", "timeline"})
"""Read of a whole investigation: a number behind these, with options at most, is an investigation."""
_NUMBER = re.compile(r"#?(\d{1,9})(?:\s+(-.*))?")
_NAMED = re.compile(r"(?:^|\s+)(?:-i|--investigation)[\s=]*#?(\d{1,9})(?=\s|$)", re.IGNORECASE)


OWN = "That is a command of its own, in another terminal or after this: {}"


@dataclass(frozen=True, slots=True)
class Show:
    """What to read: the name of what shows it (see `reading`), and what about: a label, an audience, a question.
    "keys": every key; "said": the `lines` as they are."""

    what: str
    about: str = ""
    lines: tuple[str, ...] = ()


def wanted(text: str, desk: Desk) -> Show | None:
    """What the words ask to read, None where they are about something else. An account is kept by its label: its number
    may be another one's a moment later. Where another investigation is named, what shows that is said."""
    name, rest = _parted(text)
    here = desk.view.number
    if name in NAMES - {"ask"} and (named := _NAMED.search(rest)) is not None:
        rest = rest[: named.start()] + rest[named.end() :]
        if int(named[1]) != here:
            return _another(f"{name} {rest}".rstrip(), int(named[1]), here)
    if name in _WHOLE and (led := _NUMBER.fullmatch(rest)) is not None:
        rest = led[2] or ""
        if int(led[1]) != here:
            return _another(f"{name} {rest}".rstrip(), int(led[1]), here)
    about = rest.strip() if name == "ask" else _FILLER.sub("", rest.strip()).lower()
    if name not in _READS or re.fullmatch(_READS[name], about, re.IGNORECASE) is None:
        return None
    if name in ("why", "evidence"):
        about = about or "1"
    found = desk.hypothesis(about) if re.fullmatch(_ONE, about, re.IGNORECASE) else None
    return Show(name, found.label if found is not None else about)


def reads(text: str) -> bool:
    """Whether the words begin with the name of a command; `wanted` and `elsewhere` say whether they are one."""
    return _parted(text)[0] in NAMES | _ELSEWHERE


def _parted(text: str) -> tuple[str, str]:
    name, _, rest = text.strip().partition(" ")
    return _ALSO_CALLED.get(name.lower(), name.lower()), rest.strip()


def _another(words: str, number: int, here: int) -> Show:
    return Show("said", lines=(f"This is #{here}; `{command(words, number)}` shows another.",))


def elsewhere(text: str, here: int) -> str:
    """The command that the words are, where they are one of its own: it writes, or is not about this investigation
    alone. It names this one, `here`, where it is about one and the words name none; empty: they are no command."""
    name, _, rest = text.strip().partition(" ")
    name, rest = name.lower(), rest.strip()
    if name not in _ELSEWHERE or _OPTIONS.fullmatch(rest) is None:
        return ""
    led = _LED.fullmatch(rest)
    if name not in _OF_ONE or _NAMED.search(rest) is not None:
        return f"compass {name} {rest}".rstrip()
    if led is None:
        return command(f"{name} {rest}".rstrip(), here)
    options = led[2] or ""
    if name in _JUDGING:
        return command(f"{name} --was {led[1].upper()} {options}".rstrip(), here)
    other = f" (this is #{here})" if led[1] != str(here) else ""
    return command(f"{name} {options}".rstrip(), led[1]) + other
