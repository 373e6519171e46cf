"""Reworded lines: what a new version of a service says in other words is the statement it was before.

Every release edits log lines. To whoever compares before and after, the old wording is gone and the new one never seen
before, in every visit: the strongest surprise there is, and it means nothing. Within one service, around a change of
it, a template that begins and one that ends are one statement if they share most of their words, are written about as
often, and are of one severity that is no error. Without a recorded change nothing is joined: then the same picture
(“cache hit” before, “cache miss” now) is what an investigation looks for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from compass.analysis.line_shape import MAX_CHARS
from compass.analysis.log_level import LEVEL_WORDS, structured
from compass.analysis.spans import Ints
from compass.analysis.templates import Templates
from compass.domain.time import NS_PER_S

SHARED_WORDS = 0.5
"""Least share of all words of two templates that both have, severities aside."""
MIN_LINES = 3  # a line written once or twice has no frequency to compare
OFTEN = 3.0
"""Greatest ratio of the two frequencies."""
BEFORE_NS, AFTER_NS = 30 * NS_PER_S, 300 * NS_PER_S
"""When a new wording may first be read, against the recorded time of the change: roll-outs take a while."""
OVERLAP_NS = 120 * NS_PER_S
"""How long old and new instances may speak side by side."""
_LEVELS = frozenset(LEVEL_WORDS)
_WORD = re.compile(r"(?<![\w-])[^\W\d_]{2,}(?![\w-])")
Objects = npt.NDArray[np.object_]


def reworded(
    templates: Templates, lines: Objects, times_ns: Ints, group: Ints, changed: Mapping[int, Sequence[int]]
) -> Ints:
    """The event of each line: its template, or the older one that it says again in other words.

    Arrays have one element a line, in any order; `changed` holds the times (ns) at which a service (a value of
    `group`) was changed.
    """
    event = templates.ids.astype(np.int64)
    out = event.copy()
    for service, times in changed.items():
        own = np.flatnonzero(group == service)
        if own.size:
            for new, old in _pairs(templates, lines, times_ns[own], event[own], times):
                out[own[event[own] == new]] = old
    return out


def _pairs(
    templates: Templates, lines: Objects, times_ns: Ints, event: Ints, changed: Sequence[int]
) -> list[tuple[int, int]]:
    """(new wording, old wording) of one service, each in one pair at most, those with most words in common first."""
    codes, which, counts = np.unique(event, return_inverse=True, return_counts=True)
    first, last = np.full(codes.size, np.iinfo(np.int64).max), np.zeros(codes.size, dtype=np.int64)
    np.minimum.at(first, which, times_ns)
    np.maximum.at(last, which, times_ns)
    wrong = templates.errors() | np.array(templates.continuation)
    able = np.flatnonzero((counts >= MIN_LINES) & ~wrong[codes])
    start, end = int(times_ns.min()), int(times_ns.max())
    found = []
    for k in able[first[able] > start].tolist():
        if not any(-BEFORE_NS <= first[k] - at <= AFTER_NS for at in changed):
            continue
        rate = counts[k] / max(end - first[k], 1) * max(first[k] - start, 1) / counts[able]
        in_turn = (first[able] < first[k]) & (last[able] < last[k]) & (last[able] - first[k] <= OVERLAP_NS)
        for old in able[in_turn & (rate <= OFTEN) & (rate >= 1 / OFTEN)].tolist():
            alike = _alike(templates, lines, int(codes[k]), int(codes[old]))
            if alike >= SHARED_WORDS and templates.levels[codes[k]] == templates.levels[codes[old]]:
                found.append((-alike, int(codes[k]), int(codes[old])))
    return _one_to_one(found)


def _alike(templates: Templates, lines: Objects, one: int, other: int) -> float:
    """The share of common words, of the templates or of an example each: what is a word of the statement in one wording
    may look like a value in the other."""
    texts = [(templates.texts[code], _message(str(lines[templates.examples[code]]))) for code in (one, other)]
    return max(_shared(_words(a), _words(b)) for a, b in zip(*texts, strict=True))


def _shared(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(len(a | b), 1)


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower())) - _LEVELS


def _message(line: str) -> str:
    found = structured(line)
    return (found[0] if found else line)[:MAX_CHARS]


def _one_to_one(found: Sequence[tuple[float, int, int]]) -> list[tuple[int, int]]:
    taken: set[int] = set()
    pairs = []
    for _, new, old in sorted(found):
        if new not in taken and old not in taken:
            taken |= {new, old}
            pairs.append((new, old))
    return pairs
