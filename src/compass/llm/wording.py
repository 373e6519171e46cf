"""What a model may not claim in prose: it proposes, so nothing in its words is confirmed, and nobody is to blame.

Whole-phrase replacements where the sentence stays true with them; a sentence that blames is not kept at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_CLAIMS: tuple[tuple[str, str], ...] = (
    (r"(?:the )?root[ -]?causes\b", "contributing causes"),  # wording: this is the list of what is replaced
    (r"(?:the )?root[ -]?cause\b", "a contributing cause"),  # wording: this is the list of what is replaced
    (r"(?:not|un) ?confirmed\b", "not tested"),
    (r"confirmed\b", "proposed"),
    (r"confirms\b", "suggests"),
    (r"(?:is|was) (?:proven|proved)\b", "is proposed"),
    (r"(?:proven|proved)\b", "proposed"),
    (r"proves\b", "suggests"),
)
_REPLACED = tuple((re.compile(rf"\b{pattern}", re.IGNORECASE), instead) for pattern, instead in _CLAIMS)
_BLAME = re.compile(
    r"\b(?:human|operator|user)[ -]errors?\b|\bcareless(?:ness|ly)?\b|\bneglig\w{1,8}\b|\bto blame\b"
    r"|\bblam(?:ed|es|ing)\b|\b(?:his|her|their|whose) (?:fault|mistake)\b|\bfault of\b",
    re.IGNORECASE,
)


def modest(text: str) -> str:
    """`text` without claims that only a test could support; upper case stays upper case."""
    for pattern, instead in _REPLACED:
        text = pattern.sub(_as_written(instead), text)
    return text


def blames(text: str) -> bool:
    """Whether it speaks of fault. Such a sentence is dropped: there is no wording that keeps its meaning."""
    return _BLAME.search(text) is not None


def _as_written(instead: str) -> Callable[[re.Match[str]], str]:
    def put(found: re.Match[str]) -> str:
        words = found[0]
        if words.isupper():
            return instead.upper()
        return instead.capitalize() if words[0].isupper() else instead

    return put
