"""The words of a question and of what is on the board: which fact is about what was asked.

Words are compared by their stems, and a word that few facts hold weighs more than one that most hold (inverse document
frequency, Spärck Jones 1972). No name of any system is known here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from compass.analysis.stems import stem, words

ALSO: Mapping[str, tuple[str, ...]] = {
    "db": ("database",), "k8s": ("kubernetes",), "slow": ("latency",), "slower": ("latency",),
    "deploy": ("change", "release", "rollout"), "deployment": ("change", "release", "rollout"),
    "rollout": ("change", "release"), "release": ("change",), "commit": ("change",), "fail": ("error",),
    "failing": ("error",), "failure": ("error",), "broken": ("error", "wrong"), "crash": ("restart",),
    "crashing": ("restart",), "oom": ("memory",), "timeout": ("timed",), "healthy": ("normal",), "fine": ("normal",),
    "ok": ("normal",), "started": ("onset",), "start": ("onset",), "began": ("onset",), "when": ("onset",),
    "why": ("theory",), "cause": ("theory",), "reason": ("theory",), "where": ("part",), "happened": ("symptom",),
    "happening": ("symptom",), "wrong": ("symptom",), "missing": ("measured",), "unknown": ("measured",),
}  # fmt: skip
"""What people call the same thing: words of the trade and of asking, never of one system."""
TOLD = 0.4
"""What a word in the telling of a fact counts, against one that says what it is about: below `evidence.SHARE`, so that
a mere mention is left out where something is about the question."""


class Wanted:
    """A question's words, each with the stems that stand for it."""

    def __init__(self, question: str) -> None:
        self.words: dict[str, frozenset[str]] = {
            word: frozenset({stem(word), *(stem(other) for other in ALSO.get(word, ()))})
            for word in [*words(question), *(word for word in ("when", "why", "where") if _asks(question, word))]
        }

    def weights(self, facts: Sequence[frozenset[str]]) -> dict[str, float]:
        """The weight of each word that any fact holds."""
        holding = {word: sum(1 for fact in facts if fact & forms) for word, forms in self.words.items()}
        return {word: math.log(1 + len(facts) / count) for word, count in holding.items() if count}

    def score(self, strong: frozenset[str], weak: frozenset[str], weights: Mapping[str, float]) -> float:
        """How much a fact is about the question: by what it is about (`strong`), less by how it is told (`weak`)."""
        total = 0.0
        for word, weight in weights.items():
            forms = self.words[word]
            total += weight if strong & forms else TOLD * weight if weak & forms else 0.0
        return total


def _asks(question: str, word: str) -> bool:
    return re.search(rf"\b{word}\b", question, re.IGNORECASE) is not None
