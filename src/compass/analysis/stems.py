"""The words of a text by what they share with their other forms: questions, facts, documents are compared by it."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ENDINGS = (
    "ations", "ation", "ings", "ions", "ing", "ion", "ies", "ers", "ed", "es", "er", "ly", "s", "e", "y",
)  # fmt: skip
_SHORTEST = 3
_UNSAID = (
    "a about all am an and any anything are as at be because been being but by can could did do does for from "
    "get give got had has have he her how i if in into is it its just last know like may maybe me might more my no "
    "not of on or our out over please really say shall she show so some something tell than that the their "
    "them then there these they thing think this those to too up us very was we were what whats which who "
    "will with would you your"
)
UNSAID = frozenset(_UNSAID.split())
"""Words that tell nothing of what is asked about."""


def words(text: str) -> list[str]:
    """The words of a text in lower case, those that tell something, in order."""
    found = (word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text)))
    return [word for word in found if word not in UNSAID and (len(word) > 1 or word.isdigit())]


def stem(word: str) -> str:
    """What a word shares with its other forms: exhausted, exhaustion; database, databases."""
    if any(c.isdigit() for c in word):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word


def stems(*texts: str) -> frozenset[str]:
    return frozenset(stem(word) for text in texts for word in words(text))
