"""What all feeds gave of one part, and what is left to say of it when the data itself has been written."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.telemetry import NativeQuery
from compass.ports.errors import SourceError
from compass.sources.live.gathered import Gathered

Lost = tuple[tuple[str, SourceError], ...]
"""Feeds that failed, by name, each with its error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`gave`: at least one feed gave something. `missing` names in words what was left out, and who was lost."""

    gave: bool = False
    lost: Lost = ()
    missing: tuple[str, ...] = ()
    queries: tuple[NativeQuery, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One part as it came."""

    gathered: tuple[Gathered, ...] = ()
    lost: Lost = ()

    @property
    def told(self) -> Told:
        said = [note for one in self.gathered for note in one.missing]
        return Told(
            gave=bool(self.gathered), lost=self.lost,
            missing=(*said, *(f"{name} {error.what}" for name, error in self.lost)),
            queries=tuple(query for one in self.gathered for query in one.queries),
        )  # fmt: skip
