"""What somebody wants to read, from words: the name of what shows it and what it is about. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from compass.investigation.commanding import Desk

_ONE = r"#?\d{1,3}|h\d{1,3}"
_READS = {
    "why": rf"(?:{_ONE})?", "evidence": rf"(?:{_ONE}|[ex]\d{{1,4}})?", "accounts": rf"(?:{_ONE})?", "cost": "",
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
_OPTIONS = re.compile(r"[-#\d].*|")


@dataclass(frozen=True, slots=True)
class Show:
    """What to read: the name of what shows it (see `reading`), and what about: a label, an audience, a question.
    "keys": every key; "said": the `lines` as they are."""

    what: str
    about: str = ""
    lines: tuple[str, ...] = ()


def wanted(text: str, desk: Desk) -> Show | None:
    """What the words ask to read, None where they are about something else. An account is kept by its label: its number
    may be another one's a moment later."""
    name, _, rest = text.strip().partition(" ")
    name = _ALSO_CALLED.get(name.lower(), name.lower())
    about = rest.strip() if name == "ask" else _FILLER.sub("", rest.strip()).lower()
    if name not in _READS or re.fullmatch(_READS[name], about, re.IGNORECASE) is None:
        return None
    if name in ("why", "evidence"):
        about = about or "1"
    found = desk.hypothesis(about) if re.fullmatch(_ONE, about, re.IGNORECASE) else None
    return Show(name, found.label if found is not None else about)


def elsewhere(text: str) -> bool:
    """Whether the words are a command of its own: it writes, or is not about this investigation alone."""
    name, _, rest = text.strip().lower().partition(" ")
    return name in _ELSEWHERE and _OPTIONS.fullmatch(rest) is not None
