"""The digest chain, without I/O: how events are numbered, sealed, read back and checked.

PostgreSQL and the in-memory twin both store what this module makes, so neither can drift from the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from json import dumps
from uuid import UUID

from compass.domain.chronicle import VERSION, Ended, Event, NewEvent, Opened, Resumed, Tombstone
from compass.domain.failure import Status
from compass.ports.errors import StaleRunnerError, StorageError
from compass.projections.events import PayloadError, decode, encode

GENESIS = bytes(32)
"""The digest before the first event."""

_SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of an investigation's chain, and what its row says. `next_seq` is what the next event gets."""

    next_seq: int
    digest: bytes
    epoch: int
    status: Status
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An event as stored. `salt` and `data` are None once the payload has been erased."""

    id: UUID
    team: str
    investigation: UUID
    seq: int
    epoch: int | None
    key: str
    kind: str
    version: int
    actor: str
    cause: str | None
    occurred_at: datetime
    recorded_at: datetime
    payload_digest: bytes
    digest: bytes
    salt: bytes | None
    data: bytes | None
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What is the same for every event of one append. Times are UTC and cut to microseconds."""

    team: str
    investigation: UUID
    epoch: int | None
    occurred_at: datetime
    recorded_at: datetime


def check_epoch(head: Head, epoch: int | None, investigation: UUID) -> None:
    """Raise StaleRunnerError unless `epoch` is the current lease's, or None (a human command)."""
    if epoch is None or (epoch == head.epoch and epoch > 0):
        return
    raise StaleRunnerError(
        f"epoch {epoch} is not current (the investigation is at epoch {head.epoch})",
        where=f"investigation {investigation}",
        hint="another runner has taken over; stop this one" if epoch else "claim the investigation first",
    )


def check_texts(events: Sequence[NewEvent]) -> None:
    """Raise StorageError for a key, actor or cause that a database column cannot hold."""
    for event in events:
        for text in (event.key, event.actor, event.cause or ""):
            if text != clean_title(text):
                raise StorageError(f"{text!r} has characters that cannot be stored", where=f"event {event.key!r}")


def clean_title(title: str) -> str:
    """A title as a database column can hold it: telemetry may bring NUL and broken characters."""
    return title.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def seal(
    head: Head, stamp: Stamp, events: Sequence[NewEvent], known: Container[str], new_id: Callable[[], UUID]
) -> tuple[Head, tuple[Row, ...]]:
    """Number and chain the events whose key is not `known`; returns the head after them and the new rows.

    Raises StorageError for a payload that cannot be written down.
    """
    rows: list[Row] = []
    taken: set[str] = set()
    for event in events:
        if event.key in known or event.key in taken:
            continue
        taken.add(event.key)
        row = _seal_one(head, stamp, event, new_id())
        rows.append(row)
        head = _after(head, row, event)
    return head, tuple(rows)


def _seal_one(head: Head, stamp: Stamp, event: NewEvent, event_id: UUID) -> Row:
    try:
        data = encode(event.payload)
    except PayloadError as error:
        raise StorageError(str(error), where=f"event {event.key}") from error
    salt = os.urandom(_SALT_BYTES)
    row = Row(
        id=event_id,
        team=stamp.team,
        investigation=stamp.investigation,
        seq=head.next_seq,
        epoch=stamp.epoch,
        key=event.key,
        kind=event.kind,
        version=VERSION,
        actor=event.actor,
        cause=event.cause,
        occurred_at=stamp.occurred_at,
        recorded_at=stamp.recorded_at,
        payload_digest=_payload_digest(salt, data),
        digest=b"",
        salt=salt,
        data=data,
    )
    return replace(row, digest=_digest(head.digest, row))


def _after(head: Head, row: Row, event: NewEvent) -> Head:
    """The head once `row` is appended; the events that open, resume and end an investigation set its row."""
    head = replace(head, next_seq=row.seq + 1, digest=row.digest)
    match event.payload:
        case Opened(incident=incident):
            return replace(head, status=Status.RUNNING, title=clean_title(incident.title) or head.title)
        case Resumed():
            return replace(head, status=Status.RUNNING)
        case Ended(status=status):
            return replace(head, status=status)
        case _:
            return head


def to_event(row: Row) -> Event:
    """The committed event of a stored row. Raises StorageError when its payload cannot be read."""
    if row.data is None:
        erased_at = row.erased_at.astimezone(UTC).isoformat() if row.erased_at else ""
        payload: object = Tombstone(erased_at=erased_at)
    else:
        try:
            payload = decode(row.kind, row.version, row.data)
        except PayloadError as error:
            raise StorageError(str(error), where=f"investigation {row.investigation}, event {row.seq}") from error
    return Event(
        id=row.id,
        team=row.team,
        investigation=row.investigation,
        seq=row.seq,
        epoch=row.epoch,
        key=row.key,
        kind=row.kind,
        version=row.version,
        actor=row.actor,
        cause=row.cause,
        occurred_at=row.occurred_at.astimezone(UTC),
        recorded_at=row.recorded_at.astimezone(UTC),
        payload=payload,  # type: ignore[arg-type]  # decode gives a Payload or UnknownPayload
        digest=row.digest,
    )


def verify(head: Head, rows: Sequence[Row], investigation: UUID) -> int:
    """Check numbering, chain and payloads against `head`; returns the number of events.

    Raises StorageError naming the first event that is missing or was altered.
    """
    digest = GENESIS
    for expected, row in enumerate(rows, start=1):
        problem = _problem(digest, expected, row)
        if problem:
            raise StorageError(problem, where=f"investigation {investigation}, event {expected}", hint=_TAMPERED)
        digest = row.digest
    if len(rows) != head.next_seq - 1 or digest != head.digest:
        raise StorageError(
            f"the chain ends after {len(rows)} events, {head.next_seq - 1} were recorded",
            where=f"investigation {investigation}, event {len(rows) + 1}",
            hint=_TAMPERED,
        )
    return len(rows)


_TAMPERED = "the chronicle was changed outside COMPASS; restore it from a backup"


def _problem(previous: bytes, expected: int, row: Row) -> str | None:
    if row.seq != expected:
        return f"event {expected} is missing"
    if row.digest != _digest(previous, row):
        return f"event {expected} does not fit the digest chain"
    if row.data is None:
        return None
    if row.salt is None or row.payload_digest != _payload_digest(row.salt, row.data):
        return f"the payload of event {expected} is not the one that was recorded"
    return None


def _payload_digest(salt: bytes, data: bytes) -> bytes:
    """Salted, so that an erased payload cannot be guessed from the digest that stays."""
    return sha256(salt + data).digest()


def _digest(previous: bytes, row: Row) -> bytes:
    envelope = [
        str(row.id),
        row.team,
        str(row.investigation),
        row.seq,
        row.epoch,
        row.key,
        row.kind,
        row.version,
        row.actor,
        row.cause,
        _canonical_time(row.occurred_at),
        _canonical_time(row.recorded_at),
    ]
    text = dumps(envelope, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return sha256(previous + text + row.payload_digest).digest()


def _canonical_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
