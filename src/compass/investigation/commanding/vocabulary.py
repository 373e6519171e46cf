"""What the catalogue's words mean: its mechanisms, signs and fields of work, found by what a person says. Pure.

Nothing here knows a name of any system.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from compass.analysis.stems import stem, words
from compass.domain.board import Board
from compass.domain.entity import EntityKind
from compass.domain.mechanism import Mechanism
from compass.domain.sign import SIGNS
from compass.investigation.asking.matching import ALSO
from compass.investigation.commanding.slips import nearest

CLEAR = 0.8
"""Of the best score that a rival must stay below, else the person is asked which was meant."""
HELD = 0.5
"""Share of a name made of common words, or of the words that mean something, that must be there for it to be meant."""
CLAIM, SIGN = 0.5, 0.4
"""What a word of the claim, or of what a required sign is, counts against one of the mechanism's own name."""
MOST_RIVALS = 3
"""Mechanisms that are named for one word which the best ones leave uncovered."""
MOST_TO_GUESS = 2
"""Words that must be about a mechanism whose name was not said in full."""
_TRADE: Mapping[str, str] = {
    "db": "database", "sql": "database", "store": "database", "net": "network", "networking": "network",
    "app": "application", "code": "application", "infra": "infrastructure", "kubernetes": "infrastructure",
    "k8s": "infrastructure", "host": "infrastructure", "hardware": "infrastructure", "trace": "tracing",
    "deploy": "change", "deployment": "change", "release": "change", "rollout": "change",
}  # fmt: skip
"""What people call a specialist's field: words of the trade."""
_SAME: Mapping[str, tuple[str, ...]] = {
    "cert": ("certificate",), "certs": ("certificate",), "ssl": ("tls",), "mem": ("memory",), "query": ("statement",),
    "queries": ("statement",), "sql": ("statement",), "full": ("exhausted",), "version": ("release",),
    "password": ("credentials",), "secret": ("credentials",), "token": ("credentials",), "login": ("credentials",),
    "neighbour": ("contention",), "neighbor": ("contention",), "spike": ("surge",), "pvc": ("claim", "volume"),
    "rollback": ("change", "release"), "down": ("unreachable",), "died": ("down", "unreachable"),
    "dead": ("down", "unreachable"), "flipped": ("switched",), "toggled": ("switched",),
}  # fmt: skip
"""What people call what the catalogue calls otherwise: words of the trade."""
_PHRASES = tuple(
    (re.compile(pattern, re.IGNORECASE), said) for pattern, said in (
        (r"\bn\s*\+\s*1\b", "fanout"),
        (r"\bno space left(?: on (?:the )?device)?\b", "disk full"),
        (r"\bout of (?:the )?memory\b", "oom"),
        (r"\b(?:r[au]ns? |running |went )?out of (?:disk )?space\b", "disk full"),
        (r"\bout of (?:the )?disk(?: space)?\b", "disk full"),
        (r"\b(?:r[au]ns?|running) out(?: of)?\b|\bout of\b", "exhausted"),
    )
)  # fmt: skip
"""What several words, or signs that are no words, mean together."""
_TELLS_NOTHING: Collection[str] = frozenset({
    "someone", "somebody", "anyone", "anybody", "everyone", "everybody", "nobody", "nothing", "anything", "due",
    "after", "before", "during", "while", "again", "dont", "doesnt", "didnt", "wasnt", "isnt", "cause", "caused",
    "causing", "causes", "because", "reason", "problem", "problems", "issue", "issues", "incident", "behind", "between",
    "never", "still", "today", "yesterday",
})  # fmt: skip
"""Words that name no mechanism, whatever the catalogue's sentences hold."""
_KINDS = frozenset(kind.value for kind in EntityKind)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Stems of the catalogue by where they stand, and the fields of work there are."""

    ids: Mapping[str, frozenset[str]]  # mechanism id → stems of its id
    names: Mapping[str, frozenset[str]]  # the same and its family's
    claims: Mapping[str, frozenset[str]]
    required: Mapping[str, frozenset[str]]
    signs: Mapping[str, frozenset[str]]  # sign → stems of its word and description
    known: Mapping[str, str]  # stem → a word of it, for corrections
    areas: frozenset[str]

    @classmethod
    def of(cls, mechanisms: Mapping[str, Mechanism], board: Board) -> Vocabulary:
        """Of a catalogue (a team's own mechanisms in it) and all SIGNS. The fields of work are those of the mechanisms'
        owners and of the board's specialists."""
        plain = {key: m.claim.replace("{entity}", "").replace("{peer}", "") for key, m in mechanisms.items()}
        ids = {key: _stems(key.replace("_", " ")) for key in mechanisms}
        names = {key: ids[key] | _stems(m.family) for key, m in mechanisms.items()}
        required = {
            key: _stems(*(f"{sign.replace('.', ' ')} {SIGNS.get(sign, '')}" for p in m.requires for sign in p.signs))
            for key, m in mechanisms.items()
        }
        signs = {sign: _stems(sign.replace(".", " ").replace("_", " "), said) for sign, said in SIGNS.items()}
        texts = [*plain.values(), *SIGNS.values(), *(key.replace("_", " ") for key in mechanisms)]
        known = {stem(word): word for text in texts for word in words(text)}
        known.update({stem(word): word for word in (*ALSO, *_SAME, *_TRADE, *_KINDS)})
        owners = frozenset(m.owner for m in mechanisms.values()) | frozenset(board.specialists)
        claims = {key: _stems(text) for key, text in plain.items()}
        return cls(ids=ids, names=names, claims=claims, required=required, signs=signs, known=known, areas=owners)

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
        same = (*ALSO.get(word, ()), *_SAME.get(word, ()))
        return frozenset({stem(word), *(stem(other) for other in same)})


def spoken_words(text: str) -> list[str]:
    """The words of a text that tell something, what is said in several words or signs made one."""
    for pattern, said in _PHRASES:
        text = pattern.sub(f" {said} ", text)
    return [word for word in words(text) if word not in _TELLS_NOTHING]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Mechanisms that words may mean, best first; by id, the words that leave a doubt that it is this one."""

    mechanisms: tuple[Mechanism, ...] = ()
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def best_mechanisms(
    telling: Sequence[str], all_words: Sequence[str], vocabulary: Vocabulary, mechanisms: Mapping[str, Mechanism]
) -> Reading:
    """Mechanisms that the words may mean; none where too little of what was said is about any.

    Where the best leave a word of the catalogue uncovered, those that cover it follow: the word was said for something.
    """
    heard = {word: vocabulary.corrected(word) for word in all_words}
    forms = {word: own for word, own in heard.items() if own}
    if not any(word in forms for word in telling):
        return Reading()
    everywhere = [vocabulary.names[key] | vocabulary.claims[key] for key in mechanisms]
    weights = {
        word: math.log(1 + len(everywhere) / (1 + sum(1 for own in everywhere if own & stems_)))
        for word, stems_ in forms.items()
    }
    total = sum(weights.values()) or 1.0
    scores = {key: sum(held(forms[word], key, vocabulary) * weights[word] for word in forms) for key in mechanisms}
    best = max(scores.values(), default=0.0)
    if best < HELD * total * (CLAIM + SIGN):
        return Reading()
    named = [
        key for key in sorted(mechanisms, key=lambda key: (-scores[key], key))
        if _in_full(key, heard.values(), vocabulary) and not _doubts(key, heard, vocabulary, mechanisms)
    ]  # fmt: skip
    if named:  # a whole name was said, and nothing that speaks against it
        return Reading(mechanisms=tuple(mechanisms[key] for key in named), doubts=dict.fromkeys(named, ()))
    kept = _near_best(scores)
    doubts = {key: _doubts(key, heard, vocabulary, mechanisms) for key in kept}
    for word in set.intersection(*(set(own) for own in doubts.values())) & set(forms):
        others = {key: own for key, own in scores.items() if held(forms[word], key, vocabulary)}
        kept.extend(key for key in _near_best(others)[:MOST_RIVALS] if key not in kept)
    return Reading(
        mechanisms=tuple(mechanisms[key] for key in kept),
        doubts={key: doubts.get(key) or _doubts(key, heard, vocabulary, mechanisms) for key in kept},
    )


def _near_best(scores: Mapping[str, float]) -> list[str]:
    best = max(scores.values(), default=0.0)
    return sorted((key for key, score in scores.items() if score >= CLEAR * best), key=lambda key: (-scores[key], key))


def _doubts(
    key: str, heard: Mapping[str, frozenset[str]], vocabulary: Vocabulary, mechanisms: Mapping[str, Mechanism]
) -> tuple[str, ...]:
    """Words that the mechanism does not cover. One that nothing covers (a name, a circumstance) leaves no doubt where
    the mechanism's own name was said in full; a single word that is less than its name does."""
    covered = [word for word, forms in heard.items() if _covers(word, forms, key, vocabulary, mechanisms)]
    in_full = _in_full(key, heard.values(), vocabulary)
    if len(covered) < MOST_TO_GUESS and not in_full:
        return tuple(heard)
    left = (word for word in heard if word not in covered)
    return tuple(word for word in left if heard[word] or not in_full)


def _in_full(key: str, said: Iterable[frozenset[str]], vocabulary: Vocabulary) -> bool:
    """Whether every word of the mechanism's own name was said."""
    return vocabulary.ids[key] <= frozenset().union(*said)


def _covers(
    word: str, forms: frozenset[str], key: str, vocabulary: Vocabulary, mechanisms: Mapping[str, Mechanism]
) -> bool:
    """Whether a word is about the mechanism: as a word of it, or as the field of work it lies in."""
    return held(forms, key, vocabulary) > 0 or vocabulary.area(word) == mechanisms[key].owner


def held(forms: frozenset[str], key: str, vocabulary: Vocabulary) -> float:
    """How much of a word that stands for these stems is in the words of a mechanism, 0 where nothing is."""
    if key not in vocabulary.ids:
        return 0.0
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
