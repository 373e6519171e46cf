"""The telemetry port: one funnel for recordings and live servers."""

from __future__ import annotations

from typing import Protocol

from compass.domain.observation import Observation
from compass.domain.telemetry import (
    Answer,
    Asked,
    Capability,
    Health,
    LogQuery,
    NativeQuery,
    ObjectQuery,
    SignalQuery,
    SpanQuery,
)
from compass.ports.clock import Deadline
from compass.tables.logs import LogTable
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesTable
from compass.tables.spans import SpanTable


class Telemetry(Protocol):
    """Read-only by construction: there is no method that writes.

    Every method raises SourceUnavailableError (passing) or SourceRefusedError (permanent), never another
    error; an absent part of a source (no logs recorded) is an empty answer whose coverage says so in `missing`.
    """

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]: ...

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]: ...

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]: ...

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]: ...

    async def check(self) -> tuple[Health, ...]:
        """One Health a part (metrics, logs, traces, kubernetes, changes, alerts, probes, topology)."""
        ...

    def native(self, observation: Observation) -> NativeQuery:
        """How a person asks for what one observation rests on, once its data has been asked for."""
        ...

    @property
    def asked(self) -> tuple[Asked, ...]:
        """What servers were asked for it, so far; nothing where there are none."""
        ...

    async def aclose(self) -> None:
        """Give back connections and files. Safe to call twice."""
        ...
