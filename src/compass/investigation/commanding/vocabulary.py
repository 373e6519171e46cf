"""What the catalogue's words mean: its mechanisms, signs and fields of work, found by what a person says. Pure.

Nothing here knows a name of any system.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.entity import EntityKind
from compass.domain.mechanism import Mechanism
from compass.domain.sign import SIGNS
from compass.investigation.asking.matching import ALSO, stem, words
from compass.investigation.commanding.slips import nearest

CLEAR = 0.8
"""Of the best score that a rival must stay below, else the person is asked which was meant."""
HELD = 0.5
"""Share of a name made of common words, or of the words that mean something, that must be there for it to be meant."""
CLAIM, SIGN = 0.5, 0.4
"""What a word of the claim, or of what a required sign is, counts against one of the mechanism's own name."""
_TRADE: Mapping[str, str] = {
    "db": "database", "sql": "database", "store": "database", "net": "network", "networking": "network",
    "app": "application", "code": "application", "infra": "infrastructure", "kubernetes": "infrastructure",
    "k8s": "infrastructure", "host": "infrastructure", "hardware": "infrastructure", "trace": "tracing",
    "deploy": "change", "deployment": "change", "release": "change", "rollout": "change",
}  # fmt: skip
"""What people call a specialist's field: words of the trade."""
_KINDS = frozenset(kind.value for kind in EntityKind)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Stems of the catalogue by where they stand, and the fields of work there are."""

    names: Mapping[str, frozenset[str]]  # mechanism id → stems of its id and family
    claims: Mapping[str, frozenset[str]]
    required: Mapping[str, frozenset[str]]
    signs: Mapping[str, frozenset[str]]  # sign → stems of its word and description
    known: Mapping[str, str]  # stem → a word of it, for corrections
    areas: frozenset[str]

    @classmethod
    def of(cls, mechanisms: Mapping[str, Mechanism], board: Board) -> Vocabulary:
        plain = {key: m.claim.replace("{entity}", "").replace("{peer}", "") for key, m in mechanisms.items()}
        names = {key: _stems(key.replace("_", " "), m.family) for key, m in mechanisms.items()}
        required = {
            key: _stems(*(f"{sign.replace('.', ' ')} {SIGNS.get(sign, '')}" for p in m.requires for sign in p.signs))
            for key, m in mechanisms.items()
        }
        signs = {sign: _stems(sign.replace(".", " ").replace("_", " "), said) for sign, said in SIGNS.items()}
        texts = [*plain.values(), *SIGNS.values(), *(key.replace("_", " ") for key in mechanisms)]
        known = {stem(word): word for text in texts for word in words(text)}
        known.update({stem(word): word for word in (*ALSO, *_TRADE, *_KINDS)})
        owners = frozenset(m.owner for m in mechanisms.values()) | frozenset(board.specialists)
        claims = {key: _stems(text) for key, text in plain.items()}
        return cls(names=names, claims=claims, required=required, signs=signs, known=known, areas=owners)

    def knows(self, word: str) -> bool:
        return stem(word) in self.known or word in self.areas

    def area(self, word: str) -> str:
        """The specialist whose field a word names, "" for none."""
        name = _TRADE.get(word) or _TRADE.get(word.rstrip("s")) or word
        if name in self.areas or name.rstrip("s") in self.areas:
            return name if name in self.areas else name.rstrip("s")
        return "" if self.knows(word) else nearest(word, self.areas)

    def corrected(self, word: str) -> frozenset[str]:
        """Stems that a word stands for: its own and what the trade calls the same, or those of the word it is a slip
        of; nothing for what is unknown."""
        if not self.knows(word):
            near = nearest(word, set(self.known.values()))
            if not near:
                return frozenset()
            word = near
        return frozenset({stem(word), *(stem(other) for other in ALSO.get(word, ()))})


def best_mechanisms(
    telling: Sequence[str], all_words: Sequence[str], vocabulary: Vocabulary, mechanisms: Mapping[str, Mechanism]
) -> tuple[Mechanism, ...]:
    """Mechanisms that the words may mean, best first; none where too little of what was said is about any."""
    if not telling:
        return ()
    forms = {word: vocabulary.corrected(word) for word in all_words}
    forms = {word: own for word, own in forms.items() if own}
    if not any(word in forms for word in telling):
        return ()
    everywhere = [vocabulary.names[key] | vocabulary.claims[key] for key in mechanisms]
    weights = {
        word: math.log(1 + len(everywhere) / (1 + sum(1 for own in everywhere if own & stems_)))
        for word, stems_ in forms.items()
    }
    total = sum(weights.values()) or 1.0
    scores = {key: sum(_held(forms[word], key, vocabulary) * weights[word] for word in forms) for key in mechanisms}
    best = max(scores.values(), default=0.0)
    if best < HELD * total * (CLAIM + SIGN):
        return ()
    kept = sorted((key for key, score in scores.items() if score >= CLEAR * best), key=lambda k: (-scores[k], k))
    return tuple(mechanisms[key] for key in kept)


def _held(forms: frozenset[str], key: str, vocabulary: Vocabulary) -> float:
    if forms & vocabulary.names[key]:
        return 1.0
    if forms & vocabulary.claims[key]:
        return CLAIM
    return SIGN if forms & vocabulary.required[key] else 0.0


def signs_of(telling: Sequence[str], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Signs that hold most of the words that any sign holds, best first."""
    forms = [own for word in telling if (own := vocabulary.corrected(word))]
    scores = {sign: sum(1 for own in forms if own & held) for sign, held in vocabulary.signs.items()}
    best = max(scores.values(), default=0)
    if not best or best < HELD * len(forms):
        return ()
    kept = [sign for sign, score in scores.items() if score == best]
    # The shorter of two that hold the same words says less besides.
    return tuple(sorted(kept, key=lambda sign: (len(vocabulary.signs[sign]), sign)))


def _stems(*texts: str) -> frozenset[str]:
    return frozenset(stem(word) for text in texts for word in words(text))
