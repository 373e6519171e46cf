"""How alike two incidents are, and in what: signs by role, services hit, words.

Retrieval only: a similar incident proposes accounts and scores nothing (DESIGN §4).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compass.domain.learned import Signature
from compass.domain.sign import SIGNS

SIGNS_SHARE, SERVICES_SHARE, WORDS_SHARE = 0.6, 0.2, 0.2
"""What each part of the likeness weighs; they add up to 1."""
MOST_SHARED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rarity:
    """How telling a sign is: 1 + ln((1 + n) / (1 + incidents that show it)), the smoothed inverse document frequency of
    Manning, Raghavan, Schuetze, Introduction to Information Retrieval, §6.2. What every incident shows tells least."""

    incidents: int
    showing: Mapping[str, int]

    def of(self, sign: str) -> float:
        return 1.0 + math.log((1 + self.incidents) / (1 + self.showing.get(sign, 0)))


def rarity_of(signatures: Iterable[Signature]) -> Rarity:
    """From the signatures of the past incidents."""
    counts: Counter[str] = Counter()
    number = 0
    for signature in signatures:
        counts.update(set(signature.signs))
        number += 1
    return Rarity(incidents=number, showing=dict(counts))


def likeness(one: Signature, other: Signature, rarity: Rarity) -> float:
    """Of the signs alone, in [0, 1]: the weighted Jaccard index, sum of minima over sum of maxima of strength x rarity.

    Symmetric; 1 for equal signs, 0 where none is shared or either has none.
    """
    least: list[float] = []
    most: list[float] = []
    for key in one.signs.keys() | other.signs.keys():
        weight = rarity.of(key)
        here, there = one.signs.get(key, 0.0), other.signs.get(key, 0.0)
        least.append(min(here, there) * weight)
        most.append(max(here, there) * weight)
    whole = math.fsum(most)
    return math.fsum(least) / whole if whole > 0 else 0.0


def similarity(one: Signature, other: Signature, rarity: Rarity, cosine: float = 0.0) -> float:
    """In [0, 1]: likeness of signs, Jaccard index of the services hit, and the cosine of the words (below 0 counts 0).

    Where either knows no services, their share goes to the signs.
    """
    words = min(1.0, max(0.0, cosine))
    alike = likeness(one, other, rarity)
    if not one.services or not other.services:
        return (SIGNS_SHARE + SERVICES_SHARE) * alike + WORDS_SHARE * words
    services = _jaccard(one.services, other.services)
    return SIGNS_SHARE * alike + SERVICES_SHARE * services + WORDS_SHARE * words


def shared(one: Signature, other: Signature, rarity: Rarity) -> tuple[str, ...]:
    """Why both are alike, in words, the most telling first; empty where nothing is shared."""
    both = sorted(
        one.signs.keys() & other.signs.keys(),
        key=lambda k: (-min(one.signs[k], other.signs[k]) * rarity.of(k), k),
    )
    said = [_sign_words(key) for key in both[:MOST_SHARED]]
    services = sorted(set(one.services) & set(other.services))
    if services:
        names = ", ".join(key.split("/")[-1].split("@")[0] for key in services[:MOST_SHARED])
        said.append(f"also hit: {names}")
    return tuple(said)


def _sign_words(key: str) -> str:
    sign, _, role = key.partition("@")
    where = {"paged": "of what was paged", "dependency": "below it", "dependant": "above it"}.get(role, "elsewhere")
    return f"{SIGNS.get(sign, sign)}, {where}"


def _jaccard(one: Sequence[str], other: Sequence[str]) -> float:
    first, second = set(one), set(other)
    return len(first & second) / len(first | second) if first | second else 0.0
