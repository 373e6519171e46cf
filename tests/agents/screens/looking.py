"""A look at a fixed set of objects and probes, without a source."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.incident import Incident, Onset
from compass.domain.telemetry import (
    Answer,
    Capability,
    Coverage,
    Health,
    LogQuery,
    NativeQuery,
    ObjectKind,
    ObjectQuery,
    SignalQuery,
    SpanQuery,
)  # fmt: skip
from compass.domain.time import NS_PER_S, Instant, Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError, SourceUnavailableError
from compass.ports.specialist import Look
from compass.tables.logs import LogTable
from compass.tables.objects import KubeObject, ObjectTable, Probe
from compass.tables.series import SeriesTable
from compass.tables.spans import SpanTable

R = TypeVar("R")
MINUTE = 60 * NS_PER_S


class FixedTelemetry:
    """Answers object queries from what it was given; `lost` kinds fail. Counts what was asked."""

    name = "fixed"
    capabilities: frozenset[Capability] = frozenset({ObjectKind.KUBERNETES, ObjectKind.PROBES})

    def __init__(
        self, objects: Sequence[KubeObject] = (), probes: Sequence[Probe] = (), *, truncated: bool = False,
        lost: frozenset[ObjectKind] = frozenset(),
    ) -> None:  # fmt: skip
        self._tables = {
            ObjectKind.KUBERNETES: ObjectTable(kubernetes=tuple(objects)),
            ObjectKind.PROBES: ObjectTable(probes=tuple(probes)),
        }
        self._truncated, self._lost = truncated, lost
        self.asked: list[ObjectKind] = []

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:
        self.asked.append(query.kind)
        if query.kind in self._lost:
            raise SourceUnavailableError("timed out", where="fixed")
        coverage = Coverage(requested=query.window, received=query.window, truncated=self._truncated)
        native = NativeQuery(language="kubernetes", text=query.kind.value)
        return Answer(data=self._tables[query.kind], coverage=coverage, query=native, source="fixed")

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:
        raise SourceRefusedError("no series here")

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:
        raise SourceRefusedError("no logs here")

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:
        raise SourceRefusedError("no spans here")

    async def check(self) -> tuple[Health, ...]:
        return ()


class OneTime:
    """Shared results without concurrency: computed at the first request."""

    def __init__(self) -> None:
        self._kept: dict[str, object] = {}

    async def get(self, key: str, make: Callable[[], Awaitable[R]]) -> R:
        if key not in self._kept:
            self._kept[key] = await make()
        return self._kept[key]  # type: ignore[return-value]


def look(telemetry: FixedTelemetry, now_ns: int, *, entities: tuple[EntityRef, ...] = ()) -> Look:
    """Ten minutes before `now_ns`, the onset in the middle."""
    window = Window(start_ns=now_ns - 10 * MINUTE, end_ns=now_ns)
    incident = Incident(title="page", window=window, detected_ns=now_ns - MINUTE, now_ns=now_ns)
    onset = Onset(instant=Instant(ns=now_ns - 5 * MINUTE), method="given")
    return Look(board=Board(incident=incident, onset=onset, entities=entities), telemetry=telemetry, shared=OneTime())
