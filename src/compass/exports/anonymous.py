"""What a team learned without its names: stable pseudonyms for what is named, the gate over every text.

The same key gives the same pseudonyms, so that a later export meets an earlier one; without the key nobody can try
names against them. What stays as it is: mechanisms and signs of the catalogue, figures, severities and times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from compass.domain.entity import EntityRef
from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson, PastIncident, RecalledPattern
from compass.domain.learned import Cause, Signature
from compass.redaction import Masker

SOMEBODY = "human"


class Anonymiser:
    """`mechanisms` are the ids that everybody has; a team's own are named by pseudonyms."""

    def __init__(self, key: bytes, mechanisms: Collection[str], learned: Sequence[Learned]) -> None:
        self._key = hashlib.blake2b(key).digest()
        self._mechanisms = frozenset(mechanisms)
        self._masker = Masker(sorted(_names(learned) | (_named(learned) - self._mechanisms)), addresses=True, key=key)

    def __call__(self, one: Learned) -> Learned:
        of = self._id(one.incident.investigation)
        return Learned(
            incident=self._incident(one.incident, of),
            lessons=tuple(self._lesson(lesson, of) for lesson in one.lessons),
            gaps=tuple(self._gap(gap, of) for gap in one.gaps),
            judgements=tuple(self._judgement(judgement, of) for judgement in one.judgements),
        )

    def _incident(self, one: PastIncident, of: UUID) -> PastIncident:
        return replace(
            one, investigation=of, title=self._text(one.title), signature=self._signature(one.signature),
            led=self._cause(one.led), cause=self._cause(one.cause), fix=self._text(one.fix), source="",
            recalled=tuple(self._recalled(pattern) for pattern in one.recalled),
        )  # fmt: skip

    def _lesson(self, one: Lesson, of: UUID) -> Lesson:
        return replace(
            one, investigation=of, mechanism=self._mechanism(one.mechanism), entity=self._entity(one.entity),
            id=self._pseudonym("lesson", one.id), signature=self._signature(one.signature), by=SOMEBODY,
        )  # fmt: skip

    def _gap(self, one: KnownGap, of: UUID) -> KnownGap:
        return replace(
            one, investigation=of, gap=self._text(one.gap), hides=self._text(one.hides),
            suggestion=self._text(one.suggestion),
        )  # fmt: skip

    def _judgement(self, one: Judgement, of: UUID) -> Judgement:
        return replace(
            one, investigation=of, mechanism=self._mechanism(one.mechanism), entity=self._entity(one.entity),
            id=self._pseudonym("judgement", one.id), by=SOMEBODY, reason=self._text(one.reason), source="",
        )  # fmt: skip

    def _recalled(self, one: RecalledPattern) -> RecalledPattern:
        return replace(one, mechanism=self._mechanism(one.mechanism), entity=self._entity(one.entity))

    def _cause(self, one: Cause | None) -> Cause | None:
        if one is None:
            return None
        return Cause(
            mechanism=self._mechanism(one.mechanism), said=self._text(one.said),
            entity=None if one.entity is None else self._entity(one.entity),
            change=self._pseudonym("change", one.change),
        )  # fmt: skip

    def _signature(self, one: Signature) -> Signature:
        services = tuple(self._pseudonym(key.split("/", 1)[0], key) for key in one.services)
        return Signature(
            signs={self._text(sign): strength for sign, strength in one.signs.items()}, services=services,
            words=self._text(one.words),
        )  # fmt: skip

    def _entity(self, one: EntityRef) -> EntityRef:
        return EntityRef(
            kind=one.kind, name=self._pseudonym(one.kind.value, one.name),
            namespace=self._pseudonym("namespace", one.namespace), cluster=self._pseudonym("cluster", one.cluster),
        )  # fmt: skip

    def _mechanism(self, one: str) -> str:
        return one if one in self._mechanisms else self._pseudonym("mechanism", one)

    def _text(self, text: str) -> str:
        return self._masker.mask(text)

    def _id(self, one: UUID) -> UUID:
        return UUID(bytes=self._digest(f"incident:{one}")[:16], version=5)

    def _pseudonym(self, what: str, thing: str) -> str:
        return f"{what}-{self._digest(f'{what}:{thing}').hex()[:12]}" if thing else ""

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=32).digest()


def _names(learned: Iterable[Learned]) -> set[str]:
    """Everything that is named anywhere: texts may speak of one incident with the names of another."""
    found: set[str] = set()
    for one in learned:
        causes = [cause for cause in (one.incident.cause, one.incident.led) if cause is not None]
        found |= {cause.change for cause in causes}
        entities = [cause.entity for cause in causes if cause.entity is not None]
        entities += [lesson.entity for lesson in one.lessons]
        entities += [judgement.entity for judgement in one.judgements]
        entities += [pattern.entity for pattern in one.incident.recalled]
        for entity in entities:
            found |= {entity.name, entity.namespace, entity.cluster}
        for key in one.incident.signature.services:
            found |= set(key.partition("/")[2].replace("@", "/").split("/"))
        people = [*(lesson.by for lesson in one.lessons), *(judgement.by for judgement in one.judgements)]
        found |= {by.partition(":")[2] for by in people}
    return {name for name in found if name}


def _named(learned: Iterable[Learned]) -> set[str]:
    """The mechanisms that are named anywhere."""
    found: set[str] = set()
    for one in learned:
        found |= {cause.mechanism for cause in (one.incident.cause, one.incident.led) if cause is not None}
        found |= {lesson.mechanism for lesson in one.lessons} | {word.mechanism for word in one.judgements}
        found |= {pattern.mechanism for pattern in one.incident.recalled}
    return found - {""}
