"""Slips of the keyboard between words: which known word a misspelt one stands for. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from compass.analysis.stems import stem

_TYPO_1, _TYPO_2 = 5, 9
"""Letters from which one, and from which two slips are forgiven: shorter words lie too close to each other."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The one known word that this is a slip of, "" where there is none, or more than one as near."""
    if any(character.isdigit() for character in word):
        return ""
    if len(word) < _TYPO_1:
        return _swapped(word, known)
    allowed = 2 if len(word) >= _TYPO_2 else 1
    best, found = allowed + 1, set[str]()
    for other in known:
        if abs(len(other) - len(word)) > allowed or len(other) < _TYPO_1 - 1:
            continue
        slips = distance(word, other, best + 1)
        if slips < best:
            best, found = slips, {other}
        elif slips == best and best <= allowed:
            found.add(other)
    # Forms of one word (exhausted, exhaustion) are one.
    return min(found) if len({stem(one) for one in found}) == 1 else ""


def _swapped(word: str, known: Iterable[str]) -> str:
    """A short word with two neighbours swapped: the one slip that leaves its letters."""
    if len(word) < _TYPO_1 - 1:
        return ""
    same = {other for other in known if sorted(other) == sorted(word) and distance(word, other, 2) == 1}
    return same.pop() if len(same) == 1 else ""


def distance(a: str, b: str, limit: int) -> int:
    """Slips between two words: letters added, left out, replaced, or two neighbours swapped (optimal string alignment);
    `limit` where there are as many or more."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        after = [i]
        for j, y in enumerate(b, start=1):
            cost = min(row[j] + 1, after[j - 1] + 1, row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            after.append(cost)
        if min(after) >= limit:
            return limit
        before, row = row, after
    return min(limit, row[-1])
