"""What really happened, as a label file says it. Read by evaluation alone, never where an investigation runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from compass.domain.entity import EntityKind
from compass.domain.time import from_datetime
from compass.ports.errors import BadInputError

NONE = "none"
"""The kind of entity of a recording in which nothing is wrong, and the kind of trigger where no change did it."""
KINDS = (*(kind.value for kind in EntityKind), "commit")
"""What a labelled place may be; `commit`: the change itself."""
_NUMBER = re.compile(r"([-_]\d+)+$")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A labelled thing: its kind (one of KINDS) and name."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One label. `accepted` are the places that count as right, the labelled one first; empty: nothing is wrong.

    `trigger` None: not labelled; NONE: no change did it; else the id of the change. `decoys` are names of entities or
    ids of changes that are wrong on purpose. `onset_ns` None: not labelled.
    """

    id: str
    fault_type: str
    accepted: tuple[Place, ...]
    trigger: str | None = None
    decoys: frozenset[str] = frozenset()
    onset_ns: int | None = None

    @property
    def healthy(self) -> bool:
        return not self.accepted


class _Entity(msgspec.Struct, frozen=True):
    kind: str
    name: str = ""


class _Trigger(msgspec.Struct, frozen=True):
    kind: str
    id: str = ""


class _Label(msgspec.Struct, frozen=True):
    """The file. What is not named here (indicators, blast radius) is not scored. `onset`: see `_nanoseconds`."""

    id: str
    entity: _Entity
    fault_type: str = ""
    also_accept: list[_Entity | str] | None = None
    onset: object = None
    decoys: list[_Entity | str] | None = None
    trigger: _Trigger | None = None


def load_truth(path: Path) -> Truth:
    """The label in one file. Raises BadInputError naming the file and what is wrong in it."""
    try:
        label = msgspec.yaml.decode(path.read_bytes(), type=_Label)
        accepted = () if label.entity.kind == NONE else _places([label.entity, *(label.also_accept or [])])
        trigger = _trigger(label.trigger)
        onset_ns = _nanoseconds(label.onset) if label.onset is not None else None
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (msgspec.DecodeError, ValueError) as error:
        hint = "see truth/<id>.yaml in docs/recording-format.md"
        raise BadInputError(f"this label cannot be understood: {error}", where=str(path), hint=hint) from error
    return Truth(
        id=label.id, fault_type=label.fault_type or "unlabelled", accepted=accepted, trigger=trigger,
        decoys=frozenset(d if isinstance(d, str) else d.name for d in label.decoys or []),
        onset_ns=onset_ns,
    )  # fmt: skip


def set_of(identity: str) -> str:
    """The set that an id belongs to: the id without its trailing number (`shop-0922-07` → `shop`)."""
    return _NUMBER.sub("", identity) or identity


def _places(entities: list[_Entity | str]) -> tuple[Place, ...]:
    """ValueError: what nothing on a list could ever be, so that a misspelt kind is not scored as a miss."""
    places = [
        Place(kind="service", name=e) if isinstance(e, str) else Place(kind=e.kind, name=e.name) for e in entities
    ]
    for place in places:
        if place.kind not in KINDS:
            raise ValueError(f"no entity has the kind {place.kind!r} (there are {', '.join(KINDS)})")
        if not place.name:
            raise ValueError(f"a {place.kind} needs a name")
    return tuple(dict.fromkeys(places))


def _trigger(trigger: _Trigger | None) -> str | None:
    if trigger is None:
        return None
    if trigger.kind != NONE and not trigger.id:
        raise ValueError("a trigger needs the id of its change")
    return NONE if trigger.kind == NONE else trigger.id


def _nanoseconds(moment: object) -> int:
    """A YAML time, or one in quotes; without a zone it is UTC, as everywhere in the format. ValueError: no time."""
    read = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    if not isinstance(read, datetime):
        raise ValueError(f"onset {moment!r} is no time")
    return from_datetime(read if read.tzinfo is not None else read.replace(tzinfo=UTC))
