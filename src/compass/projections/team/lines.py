"""Whether a line, or the template of one, contains what a team wrote down; `*` stands for anything.

Two ways of asking: `contains` is sure (what it says may hide something), `may_contain` errs towards yes (what it says
must not be hidden). A template has wildcards of its own, where lines differ.
"""

from __future__ import annotations

from functools import lru_cache

ANYTHING = "*"
_TEMPLATE = "<*>"
_MIN_LETTERS = 3
"""Letters and figures below which a text would be in nearly every line: such a text is in none."""


def contains(line: str, wanted: str) -> bool:
    """Whether `line` says all of `wanted`, in its order; upper and lower case are the same, and so is any blank."""
    return says(_plain(line), wanted)


def plain(line: str) -> str:
    """`line` as `says` reads it: where many things are looked for in many lines, each is made plain once."""
    return " ".join(line.split()).casefold()


def says(said: str, wanted: str) -> bool:
    """As `contains`, of a line that was made `plain`."""
    pieces, at = _pieces(wanted), 0
    for piece in pieces:
        found = said.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return bool(pieces)


def may_contain(template: str, wanted: str, *, masked: bool = False) -> bool:
    """Whether some line of `template` may say `wanted`: its wildcards may stand for words of it, but not for more than
    half of them. `masked`: nor do words with a figure in them count, which templates seldom keep (an error code)."""
    if contains(template, wanted):
        return True
    if _TEMPLATE not in template or not _pieces(wanted):
        return False
    said, text = _plain(wanted).split(), _plain(template).split()
    # Stars in a row stand for what one stands for; a template has at most some hundred words, which bounds the depth.
    words = [word for i, word in enumerate(said) if word != ANYTHING or i == 0 or said[i - 1] != ANYTHING]
    return any(_fits(words, text[start:], masked) * 2 >= max(1, len(words)) for start in range(len(text)))


def _fits(words: list[str], text: list[str], masked: bool) -> int:
    """How many of `words` stand literally at the beginning of `text`, -1 where they cannot stand there at all."""
    alone, last = sum(word != ANYTHING for word in words), len(words) - 1
    best: dict[tuple[int, int], int] = {}

    def go(i: int, j: int) -> int:
        """The same for `words[i:]` and `text[j:]`; where they do not fit, so far below zero that no word before can
        make up."""
        if i == len(words):
            return 0
        if j == len(text):
            return 0 if all(word == ANYTHING for word in words[i:]) else -alone - 1
        if (i, j) not in best:
            if words[i] == ANYTHING:
                best[i, j] = max(go(i + 1, j), go(i, j + 1))
            elif words[i] == text[j]:
                best[i, j] = 1 + go(i + 1, j + 1)
            elif meet(ANYTHING * (i == 0) + words[i] + ANYTHING * (i == last), text[j]):  # it may begin within a word
                kept = words[i] in text[j] or (masked and any(letter.isdigit() for letter in words[i]))
                best[i, j] = kept + go(i + 1, j + 1)
            else:
                best[i, j] = -alone - 1
        return best[i, j]

    return max(-1, go(0, 0))


def meet(one: str, other: str) -> bool:
    """Whether something may be said by both words, in each of which wildcards stand for anything, or for nothing.

    No regular expression: both words are somebody else's, and a pattern of many wildcards takes for ever to fail.
    """
    a, b = _parts(one), _parts(other)
    if len(a) == 1:
        return _matches(a[0], b)
    if len(b) == 1:
        return _matches(b[0], a)
    # Wildcards within both: whatever stands between the ends of the one finds room in a wildcard of the other.
    begin = a[0].startswith(b[0]) or b[0].startswith(a[0])
    return begin and (a[-1].endswith(b[-1]) or b[-1].endswith(a[-1]))


def _matches(word: str, parts: tuple[str, ...]) -> bool:
    """Whether `word` is `parts` with anything between: the ends stand at its ends, the rest as early as can be."""
    if len(parts) == 1:
        return word == parts[0]
    at, end = len(parts[0]), len(word) - len(parts[-1])
    if at > end or not word.startswith(parts[0]) or not word.endswith(parts[-1]):
        return False
    for part in parts[1:-1]:
        found = word.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


@lru_cache(maxsize=2048)
def _parts(word: str) -> tuple[str, ...]:
    """What stands between the wildcards of one word: the first and the last, which may be empty, and all between that
    are not."""
    first, *rest = word.replace(_TEMPLATE, ANYTHING).split(ANYTHING)
    return (first, *(part for part in rest[:-1] if part), rest[-1]) if rest else (first,)


@lru_cache(maxsize=2048)
def _pieces(wanted: str) -> tuple[str, ...]:
    pieces = tuple(piece for part in wanted.split(ANYTHING) if (piece := _plain(part)))
    return pieces if sum(letter.isalnum() for piece in pieces for letter in piece) >= _MIN_LETTERS else ()


_plain = lru_cache(maxsize=4096)(plain)
