"""What a person's words may mean: parts of the system, fields of work, mechanisms, signs. Pure, without any model.

Words are matched by their stems and, where nothing known is spelt so, by a small edit distance. All that is known comes
from the board and the catalogue; nothing here knows a name of any system.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from compass.analysis.stems import words
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Mechanism
from compass.investigation.asking.matching import ALSO
from compass.investigation.commanding.slips import nearest
from compass.investigation.commanding.vocabulary import CLEAR, HELD, Vocabulary, best_mechanisms, signs_of, spoken_words

_ORDER = (
    EntityKind.SERVICE, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, EntityKind.EXTERNAL,
    EntityKind.WORKLOAD, EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER, EntityKind.VOLUME, EntityKind.POD,
    EntityKind.CONTAINER,
)  # fmt: skip

_REASON = re.compile(r"[,;:](?:\s+|$)|\s[–—-]\s|\b(?:because|since|as|cause)\b(?!\s+well\b)", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:not|never|cannot|cant|isnt|wasnt|arent|werent|didnt|doesnt|dont|hasnt|havent|wont)\b|n['’]t\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What one text may be about. `entities` and `mechanisms` are the best readings, best first: more than one means
    that the words do not decide. `doubts`: by mechanism, the words that it leaves unsaid. `areas` are names of
    specialists, `signs` words of `domain.sign`; `left` are words that stand for nothing known. `either`: fields of work
    that the very words name which are a part of the names of `entities`: "the network", where something is called
    card-network. `naming`: the words that name these parts and fields."""

    entities: tuple[EntityRef, ...] = ()
    mechanisms: tuple[Mechanism, ...] = ()
    areas: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    naming: frozenset[str] = frozenset()
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def meant(text: str, board: Board, mechanisms: Mapping[str, Mechanism]) -> Meant:
    """Read a text against the board's parts and the catalogue."""
    spoken = spoken_words(text)
    vocabulary = Vocabulary.of(mechanisms, board)
    entities, used = _entities(spoken, vocabulary, board)
    own = {known for entity in entities for known in words(entity.name)}
    rest = [word for word in spoken if word not in used]
    areas = tuple(dict.fromkeys(area for word in rest if (area := vocabulary.area(word))))
    # A word that names a field of work names no mechanism by itself: "the network" is not every network theory.
    telling = [word for word in rest if not vocabulary.area(word)]
    read = best_mechanisms(telling, rest, vocabulary, mechanisms)
    signs = signs_of(telling, vocabulary)
    known = {word for word in rest if vocabulary.area(word) or vocabulary.corrected(word)}
    return Meant(
        either=_either(spoken, entities, vocabulary), entities=entities, mechanisms=read.mechanisms,
        doubts=read.doubts, areas=areas, signs=signs,
        left=tuple(word for word in rest if word not in known),
        naming=used.union((w for w in spoken if _stands_for(w, tuple(own))), (w for w in rest if vocabulary.area(w))),
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
    spoken: Sequence[str], vocabulary: Vocabulary, board: Board
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
    only_names = any(known and not known.isdigit() and not vocabulary.knows(known) for known in heard.values())
    if best < HELD and not (only_names and best > 0):
        return (), frozenset()
    if longer := _told_otherwise(tokens, spoken):
        return (by_name[longer],), frozenset(word for word in spoken if _stands_for(word, tokens[longer]))
    if best >= 1.0:
        said = [heard[word] for word in spoken]
        near = _in_full({name: tokens[name] for name, score in scores.items() if score >= best}, said)
    else:
        near = [name for name, score in scores.items() if score >= CLEAR * best]
    chosen = _outermost([by_name[name] for name in near], board)
    # A word of a name that was not said in full may be about something else besides: "db connections".
    used = frozenset(
        word for word, known in heard.items()
        if any(known in tokens[entity.name.lower()] for entity in chosen)
        and (best >= 1.0 or not vocabulary.knows(word))
    )  # fmt: skip
    return chosen, used


def _told_otherwise(tokens: Mapping[str, Sequence[str]], spoken: Sequence[str]) -> str:
    """The one name of several words that was said in one piece, a word of it as the trade says it ("orders database"
    for orders-db); "" for none or several."""
    found = [
        name for name, own in tokens.items()
        if len(own) > 1 and any(
            len(piece) == len(own) and all(_stands_for(word, (known,)) for word, known in zip(piece, own, strict=True))
            and list(piece) != list(own)
            for piece in (spoken[at : at + len(own)] for at in range(len(spoken)))
        )
    ]  # fmt: skip
    return found[0] if len(found) == 1 else ""


def _stands_for(word: str, names: Sequence[str]) -> bool:
    return any(word == known or word in ALSO.get(known, ()) or known in ALSO.get(word, ()) for known in names)


def _in_full(names: Mapping[str, Sequence[str]], said: Sequence[str]) -> list[str]:
    """Of names that are there in full the longest, although it holds others. One whose words lie apart ("the db of
    orders") may be meant, and so may what was said in one piece: both are."""
    whole = [
        name for name, own in names.items()
        if any(tuple(said[at : at + len(own)]) == tuple(own) for at in range(len(said)))
    ]  # fmt: skip
    apart = [name for name in names if name not in whole]
    longest = max((len(names[name]) for name in whole or apart), default=0)
    if not whole:
        return [name for name in apart if len(names[name]) == longest]
    return [*(name for name in whole if len(names[name]) == longest), *apart]


def _either(spoken: Sequence[str], entities: Sequence[EntityRef], vocabulary: Vocabulary) -> tuple[str, ...]:
    """The fields that the very words name by which these are called: "the network", and card-network. Nothing where a
    word besides says that a thing is meant, or one is called by all words of its name."""
    named = [set(words(entity.name)) for entity in entities]
    heard = [word for word in spoken if any(word in own for own in named)]
    fields = tuple(dict.fromkeys(vocabulary.area(word) for word in heard))
    return fields if all(fields) and not any(own <= set(spoken) for own in named) else ()


def _outermost(entities: Sequence[EntityRef], board: Board) -> tuple[EntityRef, ...]:
    """Without what another of them contains: pods of a service that was named are not meant one by one."""
    return tuple(e for e in entities if not any(other in entities for other in _holders(e, board)))


def _holders(entity: EntityRef, board: Board) -> Iterator[EntityRef]:
    here, seen = board.containment.get(entity), {entity}
    while here is not None and here not in seen:
        yield here
        seen.add(here)
        here = board.containment.get(here)


def _of_names(word: str, names: Collection[str], vocabulary: Vocabulary) -> str:
    """The word of a name that is meant: as it is, or misspelt where it means nothing else."""
    if word in names:
        return word
    if vocabulary.knows(word):
        return ""
    return nearest(word, names)


def lowered(text: str) -> str:
    """In lower case, without punctuation but the hyphens and dots inside names: leading phrases are compared in it."""
    flat = " ".join(text.replace("’", "'").lower().split())
    return re.sub(r"(?<!\w)[^\w\s#]+|[^\w\s]+(?!\w)", " ", flat).strip()


def parted(text: str) -> tuple[str, str]:
    """What is named, and the reason behind it."""
    found = _REASON.search(text)
    if found is None or not text[: found.start()].strip():
        return text.strip(), ""
    return text[: found.start()].strip(), text[found.end() :].strip()


def denies(text: str) -> bool:
    """Whether words say that something is not so."""
    return _DENIES.search(text) is not None
