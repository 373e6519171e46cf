"""Whether words name a thing, or say something of it: an order may begin like a sentence. Pure.

“not the network” leaves something out; “not enough memory on orders” tells what was seen. What names a thing is a part
or a field of the board, a mechanism, and words that join; all else says something. The words below are of the language,
none of any system.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from compass.domain.hypothesis import Hypothesis
from compass.investigation.commanding.base import Desk
from compass.investigation.commanding.vocabulary import Vocabulary, held
from compass.investigation.commanding.words import Meant, meant, parted

_JOINING = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "it", "its", "our", "my", "your", "one", "and", "or", "at",
    "in", "into", "inside", "on", "of", "for", "to", "from", "around", "near", "any", "all", "whole", "entire",
    "service", "services", "pod", "pods", "node", "nodes", "namespace", "host", "part", "parts", "side", "field",
    "area", "tier", "layer", "theory", "account", "hypothesis", "idea", "thing", "things", "stuff", "logs", "log",
    "metrics", "traces", "again", "please", "pls", "now", "first", "next", "then", "too", "also", "instead", "here",
    "there", "well", "last", "latest", "more", "closer", "once",
})  # fmt: skip
"""Words that say nothing of what they stand beside."""
_AFTER_NOT = frozenset({"again", "all", "any", "one", "that", "this", "it", "then", "well", "once", "more", "first"})
"""The same, but for behind “not”: “not all of payments” is no order to leave it out."""
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """`head` are the words that name, `reason` what stands behind a mark or a because; `more` what the words say beyond
    naming. `clear`: nothing, and the reason names no other part or field."""

    head: str
    reason: str
    read: Meant
    more: tuple[str, ...]
    clear: bool


def said_of(text: str, desk: Desk, about: Hypothesis | None = None, *, avoid: bool = False) -> Said:
    """Take words apart. `about`: words of that theory's mechanism name it, too."""
    head, reason = parted(text)
    read = meant(head, desk.board, desk.mechanisms)
    vocabulary = Vocabulary.of(desk.mechanisms, desk.board)
    joining = _JOINING - _AFTER_NOT if avoid else _JOINING
    more = tuple(
        word for found in _WORD.findall(_CAMEL.sub(" ", head)) if (word := found.lower()) not in joining
        and not _names(word, read, vocabulary, about)
    )  # fmt: skip
    other = meant(reason, desk.board, desk.mechanisms) if reason else None
    elsewhere = other is not None and (set(other.entities) - set(read.entities) or set(other.areas) - set(read.areas))
    return Said(head=head, reason=reason, read=read, more=more, clear=not more and not elsewhere)


def _names(word: str, read: Meant, vocabulary: Vocabulary, about: Hypothesis | None) -> bool:
    plain = re.split(r"['’]", word)[0]
    if word in read.naming or (word.endswith("s") and plain in read.naming):
        return True
    return about is not None and held(vocabulary.corrected(word), about.mechanism, vocabulary) > 0
