"""What a person's words may mean: parts of the system, fields of work, mechanisms, signs. Pure, without any model.

Words are matched by their stems and, where nothing known is spelt so, by a small edit distance. All that is known comes
from the board and the catalogue; nothing here knows a name of any system.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Mechanism
from compass.domain.sign import SIGNS
from compass.investigation.asking.matching import ALSO, stem, words

CLEAR = 0.8
"""Of the best score that a rival must stay below, else the person is asked which was meant."""
HELD = 0.5
"""Share of a name made of common words, or of the words that mean something, that must be there for it to be meant."""
CLAIM, SIGN = 0.5, 0.4
"""What a word of the claim, or of what a required sign is, counts against one of the mechanism's own name."""
_TYPO_1, _TYPO_2 = 5, 9
"""Letters from which one, and from which two slips are forgiven: shorter words lie too close to each other."""
_ORDER = (
    EntityKind.SERVICE, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, EntityKind.EXTERNAL,
    EntityKind.WORKLOAD, EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER, EntityKind.VOLUME, EntityKind.POD,
    EntityKind.CONTAINER,
)  # fmt: skip
_TRADE: Mapping[str, str] = {
    "db": "database", "sql": "database", "store": "database", "net": "network", "networking": "network",
    "app": "application", "code": "application", "infra": "infrastructure", "kubernetes": "infrastructure",
    "k8s": "infrastructure", "host": "infrastructure", "hardware": "infrastructure", "trace": "tracing",
    "deploy": "change", "deployment": "change", "release": "change", "rollout": "change",
}  # fmt: skip
"""What people call a specialist's field: words of the trade."""
_KINDS = frozenset(kind.value for kind in EntityKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What one text may be about. `entities` and `mechanisms` are the best readings, best first: more than one means
    that the words do not decide. `areas` are names of specialists, `signs` words of `domain.sign`; `left` are words
    that stand for nothing known."""

    entities: tuple[EntityRef, ...] = ()
    mechanisms: tuple[Mechanism, ...] = ()
    areas: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def meant(text: str, board: Board, mechanisms: Mapping[str, Mechanism]) -> Meant:
    """Read a text against the board's parts and the catalogue."""
    spoken = words(text)
    vocabulary = _Vocabulary.of(mechanisms, board)
    entities, used = _entities(spoken, vocabulary, board)
    rest = [word for word in spoken if word not in used]
    areas = tuple(dict.fromkeys(area for word in rest if (area := vocabulary.area(word))))
    # A word that names a field of work names no mechanism by itself: "the network" is not every network theory.
    telling = [word for word in rest if not vocabulary.area(word)]
    found = _best_mechanisms(telling or [], rest, vocabulary, mechanisms)
    signs = _signs(telling, vocabulary)
    known = {word for word in rest if vocabulary.area(word) or vocabulary.corrected(word)}
    return Meant(
        entities=entities, mechanisms=found, areas=areas, signs=signs,
        left=tuple(word for word in rest if word not in known),
    )  # fmt: skip


# --- parts of the system --------------------------------------------------------------------------------


def parts_of(board: Board) -> tuple[EntityRef, ...]:
    """Everything the board names, what stands for a whole before its pods."""
    found: dict[EntityRef, None] = dict.fromkeys(board.entities)
    found.update(dict.fromkeys(h.entity for h in board.hypotheses.values()))
    found.update(dict.fromkeys(o.entity for o in board.observations.values()))
    found.update(dict.fromkeys(e for d in board.dependencies for e in (d.caller, d.callee)))
    found.update(dict.fromkeys(board.containment.values()))
    return tuple(sorted(found, key=lambda e: (_ORDER.index(e.kind), e.name, e.namespace)))


def _entities(
    spoken: Sequence[str], vocabulary: _Vocabulary, board: Board
) -> tuple[tuple[EntityRef, ...], frozenset[str]]:
    """The parts that the words name, and the words used up. One thing that several sources call by one name is one."""
    by_name: dict[str, EntityRef] = {}
    for part in parts_of(board):
        by_name.setdefault(part.name.lower(), part)
    tokens = {name: tuple(dict.fromkeys(words(name))) for name in by_name}
    tokens = {name: own for name, own in tokens.items() if own}
    counts: dict[str, int] = {}
    for own in tokens.values():
        for word in own:
            counts[word] = counts.get(word, 0) + 1
    heard = {word: _of_names(word, counts, vocabulary) for word in spoken}
    scores: dict[str, float] = {}
    for name, own in tokens.items():
        weights = {word: math.log(1 + len(tokens) / counts[word]) for word in own}
        held = {known for known in heard.values() if known in weights}
        scores[name] = sum(weights[word] for word in held) / sum(weights.values())
    best = max(scores.values(), default=0.0)
    # A word that means nothing else can only be (part of) a name; others have to hold most of one.
    only_names = any(known and not vocabulary.knows(known) for known in heard.values())
    if best < HELD and not (only_names and best > 0):
        return (), frozenset()
    # A name that is there in full is meant, although longer ones hold it.
    near = [name for name, score in scores.items() if score >= (best if best >= 1.0 else CLEAR * best)]
    longest = max(len(tokens[name]) for name in near)
    near = [name for name in near if best < 1.0 or len(tokens[name]) == longest]
    chosen = _outermost([by_name[name] for name in near], board)
    used = frozenset(
        word for word, known in heard.items() if any(known in tokens[entity.name.lower()] for entity in chosen)
    )
    return chosen, used


def _outermost(entities: Sequence[EntityRef], board: Board) -> tuple[EntityRef, ...]:
    """Without what another of them contains: pods of a service that was named are not meant one by one."""
    return tuple(e for e in entities if not any(other in entities for other in _holders(e, board)))


def _holders(entity: EntityRef, board: Board) -> Iterator[EntityRef]:
    here, seen = board.containment.get(entity), {entity}
    while here is not None and here not in seen:
        yield here
        seen.add(here)
        here = board.containment.get(here)


def _of_names(word: str, names: Collection[str], vocabulary: _Vocabulary) -> str:
    """The word of a name that is meant: as it is, or misspelt where it means nothing else."""
    if word in names:
        return word
    if vocabulary.knows(word):
        return ""
    return _nearest(word, names)


# --- mechanisms, fields, signs --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """Stems of the catalogue by where they stand, and the fields of work there are."""

    names: Mapping[str, frozenset[str]]  # mechanism id → stems of its id and family
    claims: Mapping[str, frozenset[str]]
    required: Mapping[str, frozenset[str]]
    signs: Mapping[str, frozenset[str]]  # sign → stems of its word and description
    known: Mapping[str, str]  # stem → a word of it, for corrections
    areas: frozenset[str]

    @classmethod
    def of(cls, mechanisms: Mapping[str, Mechanism], board: Board) -> _Vocabulary:
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
        return "" if self.knows(word) else _nearest(word, self.areas)

    def corrected(self, word: str) -> frozenset[str]:
        """Stems that a word stands for: its own and what the trade calls the same, or those of the word it is a slip
        of; nothing for what is unknown."""
        if not self.knows(word):
            near = _nearest(word, set(self.known.values()))
            if not near:
                return frozenset()
            word = near
        return frozenset({stem(word), *(stem(other) for other in ALSO.get(word, ()))})


def _best_mechanisms(
    telling: Sequence[str], all_words: Sequence[str], vocabulary: _Vocabulary, mechanisms: Mapping[str, Mechanism]
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


def _held(forms: frozenset[str], key: str, vocabulary: _Vocabulary) -> float:
    if forms & vocabulary.names[key]:
        return 1.0
    if forms & vocabulary.claims[key]:
        return CLAIM
    return SIGN if forms & vocabulary.required[key] else 0.0


def _signs(telling: Sequence[str], vocabulary: _Vocabulary) -> tuple[str, ...]:
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


# --- slips ----------------------------------------------------------------------------------------------


def _nearest(word: str, known: Iterable[str]) -> str:
    """The one known word that this is a slip of, "" where there is none, or more than one as near."""
    if len(word) < _TYPO_1 or any(character.isdigit() for character in word):
        return ""
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


def lowered(text: str) -> str:
    """In lower case, without punctuation but the hyphens and dots inside names: leading phrases are compared in it."""
    flat = " ".join(text.replace("’", "'").lower().split())
    return re.sub(r"(?<!\w)[^\w\s#]+|[^\w\s]+(?!\w)", " ", flat).strip()
