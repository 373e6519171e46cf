"""What all feeds gave of one part, and what is left to say of it when the data itself has been written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compass.domain.telemetry import NativeQuery
from compass.ports.errors import SourceError
from compass.sources.live.gathered import Gathered

Lost = tuple[tuple[str, SourceError], ...]
"""Feeds that failed, by name, each with its error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`gave`: at least one feed gave something. `missing` names in words what was left out, and who was lost. `each` is
    that of `Gathered`; where several feeds lead to the same object, the first that can open it in a browser."""

    gave: bool = False
    lost: Lost = ()
    missing: tuple[str, ...] = ()
    queries: tuple[NativeQuery, ...] = ()
    each: Mapping[str, NativeQuery] = field(default_factory=dict)


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
            queries=tuple(query for one in self.gathered for query in one.queries), each=self._each(),
        )  # fmt: skip

    def _each(self) -> dict[str, NativeQuery]:
        found: dict[str, NativeQuery] = {}
        for one in self.gathered:
            for name, query in one.each.items():
                if name not in found or (query.url and not found[name].url):
                    found[name] = query
        return found
