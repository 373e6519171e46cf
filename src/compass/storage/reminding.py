"""Which investigations a new event names as what its own was reminded of. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from compass.domain.chronicle import NewEvent
from compass.domain.learned import Recalled
from compass.ports.errors import ForgottenError

_OF = "#"
"""How the id of a lesson begins, before the number of its investigation, the key of its event and what it is for."""
_MOST = 2**31 - 1
"""The highest number of an investigation; what is imported may have any."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class NamedLesson:
    """The number of an investigation and the key of its event, as the id of the lesson says them: an imported one may
    have another's."""

    number: int
    key: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """By id, or by lessons that were counted. Nothing where no event is of that kind."""

    ids: tuple[UUID, ...] = ()
    lessons: tuple[NamedLesson, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ids or self.lessons)


def named_in(events: Iterable[NewEvent]) -> Named:
    """What `memory.recalled` among `events` names. Imported incidents are not of this database."""
    told = [event.payload for event in events if isinstance(event.payload, Recalled)]
    ids = {_id(similar.investigation) for one in told for similar in one.similar if not similar.source}
    counted = {lesson for one in told for count in one.history for lesson in count.lessons}
    lessons = {named for lesson in counted if (named := _named(lesson)) is not None}
    return Named(ids=tuple(sorted(one for one in ids if one is not None)), lessons=tuple(sorted(lessons)))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _named(lesson: str) -> NamedLesson | None:
    number, _, rest = lesson.removeprefix(_OF).partition("/")
    key = rest.rpartition("/")[0]
    if not (lesson.startswith(_OF) and number.isascii() and number.isdigit() and key):
        return None
    return NamedLesson(number=int(number), key=key, id=lesson) if int(number) <= _MOST else None


def forgotten_meanwhile(names: Collection[str]) -> ForgottenError:
    """The error for an event that would bring back what somebody forgot, under these names."""
    return ForgottenError("it tells of an investigation that was forgotten meanwhile", names=names)
