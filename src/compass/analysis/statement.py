"""Whether a line is the statement that a template describes, where the template was mined from other lines.

Mined again, the same statement may be written with other wildcards: so a line is compared with the words that the
template fixes, in their order. The number of the source line is left out: after a fix is rolled out it is another one.
"""

from __future__ import annotations

import re

from compass.analysis.templates import LOCATION, MAX_TOKENS, WILDCARD

MOST_CHARS = 400
MIN_LETTERS = 3  # fixed letters below which nearly every line would be this statement
_NUMBER = re.compile(r"(?<=[:#])\d+$")


def statement(text: str) -> str:
    """A template's (redacted) text as it is kept: on one line, bounded; "" where it fixes next to nothing."""
    kept = _plain(text)
    cut = len(kept) > MOST_CHARS or len(text.split()) >= MAX_TOKENS
    kept = kept[:MOST_CHARS] + (WILDCARD if cut and not kept[:MOST_CHARS].endswith(WILDCARD) else "")
    letters = sum(letter.isalpha() for letter in kept.replace(WILDCARD, ""))
    return kept if letters >= MIN_LETTERS else ""


def says(line: str, kept: str) -> bool:
    """Whether `line` (redacted; of structured lines the message) is the statement `kept`, as `statement` gave it."""
    said = _plain(line)
    pieces = [piece.strip() for piece in kept.split(WILDCARD)]
    if len(pieces) == 1:
        return said == pieces[0]
    if not said.startswith(pieces[0]) or not said.endswith(pieces[-1]):
        return False
    at, end = len(pieces[0]), len(said) - len(pieces[-1])
    for piece in pieces[1:-1]:
        found = said.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return at <= end


def _plain(text: str) -> str:
    """On one line, without what may stand around it, and with no number of a source line."""
    text = LOCATION.sub(lambda found: _NUMBER.sub("0", found[0]), text)
    # Separators at the ends belong to no word, and templates do not keep them; a wildcard there is kept.
    text = " ".join(text.split())
    start = re.match(r"(?:(?!<\*>)\W)*", text)
    text = text[start.end() :] if start else text
    while text and not text[-1].isalnum() and not text.endswith(WILDCARD):
        text = text[:-1]
    return text
