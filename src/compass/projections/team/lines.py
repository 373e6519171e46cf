"""Whether a line, or the template of one, contains what a team wrote down; `*` stands for anything.

Two ways of asking: `contains` is sure (what it says may hide something), `may_contain` errs towards yes (what it says
must not be hidden). A template has wildcards of its own, where lines differ.
"""

from __future__ import annotations

import re
from functools import lru_cache

ANYTHING = "*"
_TEMPLATE = "<*>"
_MIN_LETTERS = 3
"""Letters and figures below which a text would be in nearly every line: such a text is in none."""


def contains(line: str, wanted: str) -> bool:
    """Whether `line` says all of `wanted`, in its order; upper and lower case are the same, and so is any blank."""
    pieces = _pieces(wanted)
    if not pieces:
        return False
    said, at = _plain(line), 0
    for piece in pieces:
        found = said.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def may_contain(template: str, wanted: str) -> bool:
    """Whether some line of `template` may say `wanted`: its wildcards may stand for words of it, but not for more than
    half of them."""
    if contains(template, wanted):
        return True
    if _TEMPLATE not in template or not _pieces(wanted):
        return False
    said, text = _plain(wanted).split(), _plain(template).split()
    # Stars in a row stand for what one stands for; a template has at most some hundred words, which bounds the depth.
    words = [word for i, word in enumerate(said) if word != ANYTHING or i == 0 or said[i - 1] != ANYTHING]
    return any(_fits(words, text[start:]) * 2 >= max(1, len(words)) for start in range(len(text)))


def _fits(words: list[str], text: list[str]) -> int:
    """How many of `words` stand literally at the beginning of `text`, -1 where they cannot stand there at all."""
    alone = sum(word != ANYTHING for word in words)
    best: dict[tuple[int, int], int] = {}

    def go(i: int, j: int) -> int:
        if i == len(words):
            return 0
        if j == len(text):
            return 0 if all(word == ANYTHING for word in words[i:]) else -alone - 1
        if (i, j) not in best:
            if words[i] == ANYTHING:
                best[i, j] = max(go(i + 1, j), go(i, j + 1))
            elif words[i] == text[j]:
                best[i, j] = 1 + go(i + 1, j + 1)
            else:
                met = _word(text[j]).fullmatch(words[i]) or _word(words[i]).fullmatch(text[j])
                best[i, j] = go(i + 1, j + 1) if met else -alone - 1
        return best[i, j]

    return max(-1, go(0, 0))


@lru_cache(maxsize=2048)
def _word(word: str) -> re.Pattern[str]:
    """One word in which wildcards stand for anything."""
    parts = word.replace(_TEMPLATE, ANYTHING).split(ANYTHING)
    return re.compile(".*".join(map(re.escape, parts)))


@lru_cache(maxsize=2048)
def _pieces(wanted: str) -> tuple[str, ...]:
    pieces = tuple(piece for part in wanted.split(ANYTHING) if (piece := _plain(part)))
    return pieces if sum(letter.isalnum() for piece in pieces for letter in piece) >= _MIN_LETTERS else ()


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
