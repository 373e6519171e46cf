"""What of the team's own knowledge bears on an incident, in lines: for every screen, `--json` and the post-mortem."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from compass.domain.entity import EntityRef
from compass.domain.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalLine:
    """A fact (`label`: E4) about errors that the team must see: their `names`, what they mean, where that stands."""

    label: str
    entity: EntityRef
    text: str
    observation: Observation
    names: tuple[str, ...]
    means: tuple[str, ...]
    written: tuple[str, ...]  # PATH:LINE


def one_each(lines: Iterable[CriticalLine]) -> tuple[CriticalLine, ...]:
    """The first of those that are about the same errors of the same thing: several facts may rest on one line."""
    first: dict[object, CriticalLine] = {}
    for one in lines:
        first.setdefault((one.entity, one.names), one)
    return tuple(first.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideLine:
    """A fact that the team's knowledge sets aside: `what` is "normal behaviour" or "false alarm", `name` the entry."""

    label: str
    entity: EntityRef
    text: str
    what: str
    name: str
    why: str
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLine:
    """An issue that the team knows and that shows itself in `labels`. `here`: what became of what it proposes
    ("H4, 7%"), "" where it proposes nothing that this system has."""

    name: str
    says: str
    labels: tuple[str, ...]
    workaround: str
    link: str
    here: str
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkLine:
    """Announced work, UTC nanoseconds. `after_onset`: it surely began after the onset."""

    name: str
    says: str
    start_ns: int
    end_ns: int
    after_onset: bool
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedLine:
    """A dependency that only the team states: no telemetry showed it."""

    caller: EntityRef
    callee: EntityRef


@dataclass(frozen=True, slots=True, kw_only=True)
class WhomLine:
    """Whom to call and how, as the team wrote it; `severities` none: for any."""

    who: str
    how: str
    severities: tuple[str, ...]
    why: str
    written: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPart:
    """Which version of the team's knowledge this investigation goes by (0: one that was never applied), and what it
    did here."""

    version: int
    digest: str
    commit: str
    aside: tuple[AsideLine, ...] = ()
    known: tuple[KnownLine, ...] = ()
    work: tuple[WorkLine, ...] = ()
    stated: tuple[StatedLine, ...] = ()
    whom: tuple[WhomLine, ...] = ()
