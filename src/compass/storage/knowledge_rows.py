"""What a team learned as rows: JSON and back, and what replaces what. PostgreSQL and its twin both go by this."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from compass.domain.documents import DocumentHead
from compass.domain.entity import EntityRef
from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson, PastIncident
from compass.domain.learned import Signature
from compass.ports.errors import StorageError

T = TypeVar("T")

OPENED = "investigation.opened"
"""The kind of event without whose payload nothing is learned of an investigation: it was forgotten."""
RECALLED = "memory.recalled"
"""The kind of event that names what an investigation was reminded by; it is erased when one of those is forgotten."""
TEACHES = frozenset(
    {
        "investigation.ended",
        "incident.resolved",
        "incident.corrected",
        "near_miss.noted",
        "learning.undone",
        "pattern.judged",
    }
)
"""Kinds of event after which there is something to learn; migration 0008 indexes them."""


def encode(value: PastIncident | Lesson | KnownGap | Judgement | DocumentHead) -> str:
    """JSON that a jsonb column can hold. Raises StorageError for what could not be read again."""
    import msgspec

    try:
        text = msgspec.json.encode(_clean(msgspec.to_builtins(value, enc_hook=_plain)), order="sorted").decode("utf-8")
        msgspec.json.decode(text, type=type(value))
    except (TypeError, ValueError) as error:
        raise StorageError(f"{type(value).__name__} cannot be stored: {error}", where="knowledge") from error
    return text


def decode(kind: type[T], data: str) -> T:
    """Raises StorageError when the text is not what it should be."""
    import msgspec

    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise StorageError(f"a {kind.__name__} cannot be read: {error}", where="knowledge") from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, numbers.Real):  # numpy's
        return float(value)
    raise TypeError(f"a value of type {type(value).__name__} has no JSON form")


def _clean(value: object) -> object:
    """Without NUL and broken characters, which no jsonb holds and telemetry may bring."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def entity_key(entity: EntityRef) -> str:
    """What lessons about an entity are found by."""
    return str(_clean(entity.key))


def cleaned(learned: Learned) -> Learned:
    """As it will be read again."""
    return Learned(
        incident=decode(PastIncident, encode(learned.incident)),
        lessons=tuple(decode(Lesson, encode(lesson)) for lesson in learned.lessons),
        gaps=tuple(decode(KnownGap, encode(gap)) for gap in learned.gaps),
        judgements=tuple(decode(Judgement, encode(one)) for one in learned.judgements),
    )


def last_of_each(learned: Iterable[Learned]) -> tuple[Learned, ...]:
    """One an investigation, in the order of their ids: the one that replaces the others, of equals the later.

    Raises StorageError where lessons, gaps or judgements are of another investigation than what brings them.
    """
    chosen: dict[UUID, Learned] = {}
    for one in learned:
        of = one.incident.investigation
        if one.of != {of}:
            raise StorageError("lessons, gaps or judgements of another investigation", where=f"knowledge of {of}")
        if of not in chosen or replaces(chosen[of].incident, one.incident):
            chosen[of] = one
    return tuple(chosen[of] for of in sorted(chosen))


def replaces(old: PastIncident | None, new: PastIncident) -> bool:
    """Whether `new` may take the place of `old`; `keep_incidents` says the same in SQL."""
    if old is None:
        return True
    return new.seq >= old.seq if bool(new.source) == bool(old.source) else not new.source


def with_kept_signature(old: PastIncident | None, new: Learned) -> Learned:
    """What was seen stays known after retention has erased the evidence, of which nothing could be derived any more."""
    if old is None or not _says_nothing(new.incident.signature) or _says_nothing(old.signature):
        return new
    lessons = tuple(
        replace(lesson, signature=old.signature) if _says_nothing(lesson.signature) else lesson
        for lesson in new.lessons
    )
    return replace(new, incident=replace(new.incident, signature=old.signature), lessons=lessons)


def unreminded(learned: Learned) -> Learned:
    """Without the patterns that it was reminded of: what reminded it was forgotten."""
    return replace(learned, incident=replace(learned.incident, recalled=()))


def _says_nothing(signature: Signature) -> bool:
    return not signature.signs and not signature.words


def texts_of(incidents: Sequence[PastIncident]) -> list[tuple[UUID, str]]:
    """What an embedder is given, for those that have any."""
    return [(one.investigation, one.signature.words) for one in incidents if one.signature.words]
