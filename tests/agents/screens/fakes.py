"""A telemetry port over tables in memory, and boards to look from, for tests of screens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.incident import Change, Dependency, Incident, Onset
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
)
from compass.domain.time import Instant, Window
from compass.ports.clock import Deadline
from compass.ports.specialist import Look
from compass.tables.logs import LogTable, empty_logs
from compass.tables.objects import Alert, ObjectTable
from compass.tables.series import SeriesTable, empty_series
from compass.tables.spans import SpanTable, empty_spans
from tests.analysis.synthetic import START_NS, times

R = TypeVar("R")


@dataclass
class FakeTelemetry:
    """Answers from memory; `missing` parts say so in their coverage. Counts what was asked."""

    table: SeriesTable = field(default_factory=empty_series)
    changes: tuple[Change, ...] = ()
    alerts: tuple[Alert, ...] = ()
    missing: tuple[str, ...] = ()
    asked: list[object] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "fake"

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset()

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:
        self.asked.append(query)
        return self._answer(self.table.of(*query.kinds), query.window)

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:
        return self._answer(empty_logs(), query.window)

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:
        return self._answer(empty_spans(), query.window)

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:
        self.asked.append(query)
        if query.kind is ObjectKind.CHANGES:
            return self._answer(ObjectTable(changes=self.changes), query.window)
        alerts = self.alerts if query.kind is ObjectKind.ALERTS else ()
        return self._answer(ObjectTable(alerts=alerts), query.window)

    async def check(self) -> tuple[Health, ...]:
        return ()

    def _answer(self, data: R, window: Window) -> Answer[R]:
        coverage = Coverage(requested=window, received=window, missing=self.missing)
        return Answer(data=data, coverage=coverage, query=NativeQuery(language="derived", text="test"), source="fake")


class KeptShared:
    """Computes once per key."""

    def __init__(self) -> None:
        self.kept: dict[str, object] = {}

    async def get(self, key: str, make: Callable[[], Awaitable[R]]) -> R:
        if key not in self.kept:
            self.kept[key] = await make()
        return cast("R", self.kept[key])


def look(
    telemetry: FakeTelemetry, count: int, at: int, *, paged: str | None = None, entities: Sequence[EntityRef] = (),
    dependencies: Sequence[Dependency] = (), containment: Mapping[EntityRef, EntityRef] | None = None,
    shared: KeptShared | None = None, step_s: int = 15,
) -> Look:  # fmt: skip
    """A look from a board whose onset lies between samples `at` − 1 and `at` of `count`."""
    ends = times(count, step_s)
    incident = Incident(
        title="web is slow", window=Window(start_ns=START_NS, end_ns=int(ends[-1])),
        detected_ns=int(ends[min(at + 4, count - 1)]),
        now_ns=int(ends[-1]), service=paged, symptom="latency above 1 s",
    )  # fmt: skip
    board = Board(
        incident=incident, onset=Onset(instant=Instant(ns=int(ends[at - 1])), method="given"), entities=tuple(entities),
        dependencies=tuple(dependencies), containment=containment or {}, phase="screen",
    )  # fmt: skip
    return Look(board=board, telemetry=telemetry, shared=shared or KeptShared())
