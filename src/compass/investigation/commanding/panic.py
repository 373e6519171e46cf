"""Words of somebody in distress, and the calmest useful thing to say: what is known, one key, how to get help."""

from __future__ import annotations

import re
from collections.abc import Sequence

from compass.analysis.wording import share
from compass.domain.time import to_datetime
from compass.investigation.commanding.base import Back, Desk
from compass.investigation.commanding.slips import distance
from compass.investigation.commanding.words import denies
from compass.projections.situation import situation

_CRIES = (
    "help", "helpp", "sos", "mayday", "panic", "aaah", "omg", "wtf", "fuck", "shit", "damn", "argh", "emergency",
    "urgent",
)  # fmt: skip
_ALL = frozenset({"everything", "all", "everyone", "whole", "entire", "site", "prod", "production"})
_GONE = frozenset({
    "down", "broken", "broke", "dead", "dying", "failing", "fails", "burning", "fire", "exploding", "gone", "crashed",
    "crashing", "offline", "out",
})  # fmt: skip
_GOING = frozenset({"works", "working", "loads", "responds", "responding"})
_OUT_OF = re.compile(r"\bout of\b")
"""“out of memory” says what is wrong: it is no cry."""
_LOST = re.compile(
    r"what (?:do|should|can) (?:i|we) do|what now|i don'?t know what to do|i'?m lost|no idea what|please help|help me"
)
_LETTERS = re.compile(r"[^\W\d_']+")
_RUN = re.compile(r"(.)\1{2,}")
SHORT = 6
"""Words up to which a shouted line is a cry, and not a long text that somebody typed in capitals."""


def is_panic(text: str) -> bool:
    """Whether the words are a cry rather than an order or a theory. Capitals and slips do not matter; a plain “help”
    alone asks what can be said, shouted it does not."""
    flat = _RUN.sub(r"\1", text.lower().replace("’", "'"))
    spoken = _LETTERS.findall(flat)
    if not spoken:
        return text.count("!") >= 2 or text.count("?") >= 3
    loud = text.count("!") >= 2 or (text.isupper() and len(spoken) <= SHORT)
    if _LOST.search(flat):
        return True
    # A cry stands at an end of what is said: “the help desk” is a thing.
    cry = any(_like(word, _CRIES) for word in (spoken[0], spoken[-1]))
    if _all_is_gone(_LETTERS.findall(_OUT_OF.sub(" ", flat)), denied=denies(flat)) and len(spoken) <= 2 * SHORT:
        return True
    return cry and (loud or len(spoken) > 1) and len(spoken) <= SHORT


def _all_is_gone(spoken: Sequence[str], *, denied: bool) -> bool:
    """That all is gone or nothing goes; “nothing is down” and “everything works again” are good news."""
    wide, none = (any(_like(word, of) for word in spoken) for of in (_ALL, frozenset({"nothing"})))
    gone, goes = (any(_like(word, of) for word in spoken) for of in (_GONE, _GOING))
    return (none and goes) or (wide and ((gone and not none) or (goes and denied)))


def _like(word: str, known: Sequence[str] | frozenset[str]) -> bool:
    if word in known:
        return True
    # A letter replaced in a short word makes another word (fine, fire); two swapped make none.
    return len(word) >= 4 and any(
        len(other) >= 4 and word[0] == other[0] and distance(word, other, 2) <= 1
        and (len(other) > 4 or len(word) != len(other) or sorted(word) == sorted(other))
        for other in known
    )  # fmt: skip


def calm(desk: Desk) -> Back:
    """What is known now, the one next key, and how to escalate. Three short lines, whatever the board holds."""
    board, lead = desk.board, desk.favoured
    seen = situation(board)
    if seen.affected:
        names = ", ".join(e.name for e in seen.affected[:3])
        more = f" and {len(seen.affected) - 3} more" if len(seen.affected) > 3 else ""
        since = f" since {to_datetime(board.onset.instant.ns):%H:%M} UTC" if board.onset is not None else ""
        fine = f"; {len(seen.unaffected)} parts are measured and normal" if seen.unaffected else ""
        known = f"One thing at a time. Affected: {names}{more}{since}{fine}."
    elif board.round == 0 or not board.observations:
        known = "One thing at a time. The first look is under way; it takes seconds."
    else:
        known = "One thing at a time. No part shows a symptom in the telemetry so far."
    if lead is not None:
        known += f" Best lead: {lead.label} {lead.claim.rstrip('.')} ({share(lead.confidence)})."
        key = f"Next: {lead.rank} tests it; nothing is changed by that."
    else:
        key = "Next: nothing to press; the list comes by itself."
    return Back(
        lines=(known, key, "For help from a colleague: x (or “escalate to …”) gives a hand-over to copy."), panic=True
    )


__all__ = ["calm", "is_panic"]
