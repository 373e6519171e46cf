"""What a team learned as a file, and back: JSON Lines, a head and then one investigation a line.

What is read was written by somebody else: every line is checked against the types, bounded, and goes through the gate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import BinaryIO, TypeVar
from uuid import UUID

import msgspec

from compass.domain.entity import EntityRef
from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson, PastIncident, RecalledPattern
from compass.domain.learned import Cause, Signature
from compass.ports.errors import BadInputError
from compass.redaction import bound, redact

T = TypeVar("T")

FORMAT, VERSION = "compass-knowledge", 1
MOST, LINE_BYTES = 200_000, 1_000_000
LESSONS, GAPS, JUDGEMENTS, RECALLED, SIGNS, SERVICES = 100, 200, 500, 100, 500, 500
SHORT, LONG = 500, 8_000
MOST_SEQ, MOST_NUMBER = 2**63 - 1, 2**31 - 1
"""What the columns of a chronicle hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line. `source` says in a word where it is from, `anonymised` that names were replaced."""

    format: str
    version: int
    exported_at: datetime
    source: str
    anonymised: bool
    incidents: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file, and when it is read."""

    where: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What of an import is to be kept, what it replaces, and how many were known: the same incident, by its id or by
    its page, time and services."""

    kept: tuple[Learned, ...]
    replaced: tuple[UUID, ...]
    known: int


def written(learned: Sequence[Learned], source: str, now: datetime, *, anonymised: bool) -> Iterator[bytes]:
    """The lines of the file."""
    head = Head(
        format=FORMAT, version=VERSION, exported_at=now, source=_text(source, SHORT), anonymised=anonymised,
        incidents=len(learned),
    )  # fmt: skip
    for value in (head, *learned):
        yield msgspec.json.encode(value, order="sorted") + b"\n"


def read(file: BinaryIO, where: str, now: datetime, source: str = "") -> tuple[Head, tuple[Learned, ...]]:
    """The file, checked. `source` is put on what names none. Raises BadInputError naming the line that is wrong."""
    lines = iter(lambda: file.readline(LINE_BYTES + 1), b"")
    head = _decoded(next(lines, b""), Head, f"{where}: line 1")
    if head.format != FORMAT or not 1 <= head.version <= VERSION:
        raise BadInputError(
            f"it is {head.format[:40]!r} version {head.version}, this COMPASS reads {FORMAT} up to {VERSION}",
            where=where, hint="compass knowledge export writes one",
        )  # fmt: skip
    named = _text(source or head.source, SHORT) or "import"
    found: dict[UUID, Learned] = {}
    for number, line in enumerate(lines, start=2):
        if len(found) >= MOST:
            raise BadInputError(f"more than {MOST:,} incidents", where=where, hint="import it in parts")
        one = _checked(_decoded(line, Learned, f"{where}: line {number}"), Place(f"{where}: line {number}", now), named)
        found[one.incident.investigation] = one
    return head, tuple(found.values())


def merged(known: Iterable[PastIncident], incoming: Iterable[Learned]) -> Merged:
    """Of an incident that is known under another id one is kept: the one of which people said what it was."""
    by_id = {one.investigation: one for one in known}
    by_page = {_page(one): one for one in by_id.values()}
    kept: dict[UUID, Learned] = {}
    replaced: list[UUID] = []
    same = 0
    for one in incoming:
        incident = one.incident
        old = by_id.get(incident.investigation) or by_page.get(_page(incident))
        if old is not None and not _better(incident, old):
            same += 1
            continue
        if old is not None and old.source and old.investigation != incident.investigation:
            replaced.append(old.investigation)
            kept.pop(old.investigation, None)
        kept[incident.investigation] = one
        by_id[incident.investigation] = by_page[_page(incident)] = incident
    return Merged(kept=tuple(kept.values()), replaced=tuple(replaced), known=same)


def _better(new: PastIncident, old: PastIncident) -> bool:
    if new.investigation == old.investigation:
        return bool(old.source) and new.seq > old.seq
    return new.cause is not None and old.cause is None


def _page(one: PastIncident) -> tuple[str, int, tuple[str, ...]]:
    """What two people who investigated one incident have in common: the page, the minute, what was hit."""
    return one.title.strip().casefold(), int(one.at.timestamp()) // 60, tuple(sorted(one.signature.services))


def _decoded(line: bytes, kind: type[T], where: str) -> T:
    if len(line) > LINE_BYTES:
        raise BadInputError(f"longer than {LINE_BYTES:,} bytes", where=where)
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(
            f"not what was exported: {bound(str(error), 200)}", where=where, hint="compass knowledge export writes one"
        ) from error


def _checked(one: Learned, place: Place, source: str) -> Learned:
    """Bounded, through the gate, and about one investigation. Raises BadInputError."""
    incident, of = one.incident, one.incident.investigation
    if len(one.lessons) > LESSONS or len(one.gaps) > GAPS:
        raise BadInputError(f"more than {LESSONS} lessons or {GAPS} gaps", where=place.where)
    if len(one.judgements) > JUDGEMENTS or len(incident.recalled) > RECALLED:
        raise BadInputError(f"more than {JUDGEMENTS} judgements or {RECALLED} patterns", where=place.where)
    if one.of != {of}:
        raise BadInputError("lessons, gaps or judgements of another investigation", where=place.where)
    if not (0 <= incident.seq <= MOST_SEQ and 0 <= incident.number <= MOST_NUMBER):
        raise BadInputError("a number of events or of an investigation that cannot be", where=place.where)
    taken = Learned(
        incident=replace(
            incident, title=_text(incident.title, SHORT), fix=_text(incident.fix, LONG), at=_moment(incident.at, place),
            signature=_signature(incident.signature, place), led=_cause(incident.led), cause=_cause(incident.cause),
            source=_text(incident.source, SHORT) or source,
            recalled=tuple(_recalled(pattern) for pattern in incident.recalled),
        ),
        lessons=tuple(_lesson(lesson, place) for lesson in one.lessons),
        gaps=tuple(_gap(gap, place) for gap in one.gaps),
        judgements=tuple(_judgement(judgement, place, source) for judgement in one.judgements),
    )  # fmt: skip
    for ids in ([lesson.id for lesson in taken.lessons], [judgement.id for judgement in taken.judgements]):
        if len(set(ids)) < len(ids):
            raise BadInputError("two lessons or two judgements under one id", where=place.where)
    return taken


def _lesson(one: Lesson, place: Place) -> Lesson:
    return replace(
        one, id=_text(one.id, SHORT), mechanism=_text(one.mechanism, SHORT), by=_text(one.by, SHORT),
        entity=_entity(one.entity), signature=_signature(one.signature, place), at=_moment(one.at, place),
    )  # fmt: skip


def _gap(one: KnownGap, place: Place) -> KnownGap:
    return replace(
        one, gap=_text(one.gap, SHORT), hides=_text(one.hides, SHORT), suggestion=_text(one.suggestion, LONG),
        at=_moment(one.at, place),
    )  # fmt: skip


def _judgement(one: Judgement, place: Place, source: str) -> Judgement:
    return replace(
        one, id=_text(one.id, SHORT), mechanism=_text(one.mechanism, SHORT), entity=_entity(one.entity),
        at=_moment(one.at, place), by=_text(one.by, SHORT), reason=_text(one.reason, LONG),
        source=_text(one.source, SHORT) or source,
    )  # fmt: skip


def _recalled(one: RecalledPattern) -> RecalledPattern:
    return replace(one, mechanism=_text(one.mechanism, SHORT), entity=_entity(one.entity))


def _signature(one: Signature, place: Place) -> Signature:
    if len(one.signs) > SIGNS or len(one.services) > SERVICES:
        raise BadInputError(f"more than {SIGNS} signs or {SERVICES} services", where=place.where)
    if not all(math.isfinite(strength) and 0 <= strength <= 1 for strength in one.signs.values()):
        raise BadInputError("a sign's strength is not in [0, 1]", where=place.where)
    return Signature(
        signs={_text(sign, SHORT): strength for sign, strength in one.signs.items()},
        services=tuple(_text(key, SHORT) for key in one.services), words=_text(one.words, LONG),
    )  # fmt: skip


def _cause(one: Cause | None) -> Cause | None:
    if one is None:
        return None
    entity = None if one.entity is None else _entity(one.entity)
    return Cause(
        mechanism=_text(one.mechanism, SHORT), entity=entity, change=_text(one.change, SHORT),
        said=_text(one.said, LONG),
    )  # fmt: skip


def _entity(one: EntityRef) -> EntityRef:
    return replace(
        one, name=_text(one.name, SHORT), namespace=_text(one.namespace, SHORT), cluster=_text(one.cluster, SHORT)
    )  # fmt: skip


def _moment(at: datetime, place: Place) -> datetime:
    """A moment in the future would never decay."""
    if at.tzinfo is None or not 1970 <= at.year <= 9000:
        raise BadInputError("a time without its offset from UTC, or out of reach", where=place.where)
    return min(at.astimezone(UTC), place.now)


def _text(text: str, most: int) -> str:
    return redact(bound(text, most))
