"""Passages as what they are found by: stems, a text for the embedder, ranks that are fused. PostgreSQL and its twin
both go by this."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compass.analysis.stems import stem, words
from compass.domain.documents import DocumentHead, FoundPassage, Passage, Wanted
from compass.ports.errors import EmbeddingError
from compass.ports.knowledge import Embedder

if TYPE_CHECKING:
    from compass.ports.knowledge import Vectors

Key = tuple[str, int]
"""Name of the document and position of the passage."""
RRF = 60
"""Reciprocal rank fusion, Cormack, Clarke and Buettcher 2009 ("Reciprocal rank fusion outperforms Condorcet and
individual rank learning methods", SIGIR): a passage's score is the sum of 1 / (RRF + rank) over the rankings that hold
it. Ranks need no common scale, so that one ranking may be missing altogether."""
TOLD = 0.6
"""What a word in the text of a passage counts, against one in its headings or title."""
CANDIDATES = 50
"""Of each ranking."""
EMBED_S = 1.5
"""What an embedder has not answered by then is not waited for: words find without it."""
_LONGEST_STEM, _MOST_WANTED = 60, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A passage in one ranking and how good it is there."""

    document: str
    position: int
    value: float

    @property
    def key(self) -> Key:
        return self.document, self.position


def stemmed(text: str) -> tuple[str, ...]:
    """The different stems of a text, in order of first use."""
    return tuple(dict.fromkeys(stem(word) for word in words(text) if len(word) <= _LONGEST_STEM))


def strong_of(head: DocumentHead, passage: Passage) -> str:
    """Stems of what a passage says that it is about."""
    return " ".join(stemmed(" ".join((head.title, *passage.heading))))


def weak_of(head: DocumentHead, passage: Passage) -> str:
    """Stems of its text, and of what its document says of itself: every passage has these."""
    scope = head.scope
    about = (head.name, head.kind, scope.team, *scope.services, *scope.mechanisms)
    return " ".join(stemmed("\n".join((*about, passage.text))))


def wanted_stems(wanted: Wanted) -> list[str]:
    return list(stemmed(wanted.words)[:_MOST_WANTED])


def text_for(head: DocumentHead, passage: Passage) -> str:
    """What an embedder is given of a passage."""
    return "\n".join((" › ".join(dict.fromkeys((head.title, *passage.heading))), passage.text))


def fits(head: DocumentHead, wanted: Wanted) -> bool:
    """Whether a document is for what is wanted, as far as it says what it is for; documents.sql says the same."""
    services = head.scope.services
    return wanted.services is None or not services or bool(wanted.services.intersection(services))


def fused(
    rankings: Sequence[Sequence[Ranked]], said: Mapping[Key, float], near: Mapping[Key, float], tagged: Collection[Key],
    passages: Mapping[Key, tuple[DocumentHead, Passage]], limit: int,
) -> tuple[FoundPassage, ...]:  # fmt: skip
    """The passages by the sum of their reciprocal ranks; of equal ones that which says more. Equal values in one
    ranking have one rank."""
    scores = scores_of(rankings)
    there = (key for key in scores if key in passages)
    best = sorted(there, key=lambda key: (-scores[key], -said.get(key, 0.0), key))[:limit]
    return tuple(
        FoundPassage(
            head=passages[key][0], passage=passages[key][1], said=said.get(key, 0.0), tagged=key in tagged,
            cosine=near.get(key), score=scores[key],
        )
        for key in best
    )  # fmt: skip


def scores_of(rankings: Sequence[Sequence[Ranked]]) -> dict[Key, float]:
    scores: dict[Key, float] = {}
    for ranking in rankings:
        rank, before = 0, None
        for place, one in enumerate(ranking, start=1):
            rank, before = (rank if one.value == before else place), one.value
            scores[one.key] = scores.get(one.key, 0.0) + 1.0 / (RRF + rank)
    return scores


async def embedded(embedder: Embedder | None, wanted: Sequence[Wanted]) -> tuple[Vectors | None, str]:
    """One vector a wanted text, or None and why there are none."""
    if embedder is None:
        return None, ""
    texts = [one.text or one.words for one in wanted]
    try:
        async with asyncio.timeout(EMBED_S):
            return await asyncio.to_thread(embedder.embed, texts), ""
    except TimeoutError:
        return None, f"{embedder.name}: no answer within {EMBED_S:g} s"
    except EmbeddingError as error:
        return None, str(error)
