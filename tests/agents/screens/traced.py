"""A telemetry port with spans and lines in memory, and a look at an onset in the middle."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Incident, Onset
from compass.domain.telemetry import Answer, LogQuery, ObjectKind, ObjectQuery, SpanQuery
from compass.domain.time import NS_PER_S, Instant, Window
from compass.ports.clock import Deadline
from compass.ports.specialist import Look
from compass.tables.logs import LogTable, empty_logs
from compass.tables.objects import KubeObject, ObjectTable
from compass.tables.spans import SpanTable, empty_spans
from tests.agents.screens.fakes import FakeTelemetry, KeptShared


@dataclass
class TracedTelemetry(FakeTelemetry):
    """Counts the queries for spans and lines in `asked`."""

    span_table: SpanTable = field(default_factory=empty_spans)
    log_table: LogTable = field(default_factory=empty_logs)
    kubernetes: tuple[KubeObject, ...] = ()

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:
        self.asked.append(query)
        return self._answer(self.span_table, query.window)

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:
        self.asked.append(query)
        return self._answer(self.log_table, query.window)

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:
        if query.kind is ObjectKind.KUBERNETES:
            return self._answer(ObjectTable(kubernetes=self.kubernetes), query.window)
        return await super().objects(query, deadline=deadline)


def look_at(telemetry: TracedTelemetry, onset_s: int, end_s: int, *entities: str) -> Look:
    """A look at seconds 0..`end_s` with the onset at `onset_s` and the page at the end."""
    end = end_s * NS_PER_S
    incident = Incident(title="slow", window=Window(start_ns=0, end_ns=end), detected_ns=end, now_ns=end)
    board = Board(
        incident=incident, onset=Onset(instant=Instant(ns=onset_s * NS_PER_S), method="given"), phase="screen",
        entities=tuple(EntityRef(kind=EntityKind.SERVICE, name=name) for name in entities),
    )  # fmt: skip
    return Look(board=board, telemetry=telemetry, shared=KeptShared())


def lines(rows: list[tuple[float, str, str, str, str]]) -> LogTable:
    """(second, service, line, trace id, span id) → a table."""
    rows = sorted(rows)
    names = sorted({row[1] for row in rows})
    at = np.array([names.index(row[1]) for row in rows], dtype=np.int32)

    def column(k: int) -> np.ndarray:
        return np.array([row[k] for row in rows], dtype=object)

    return LogTable(
        entities=tuple(EntityRef(kind=EntityKind.SERVICE, name=name) for name in names),
        times_ns=np.array([int(row[0] * NS_PER_S) for row in rows], dtype=np.int64), entity=at, service=at,
        line=column(2), trace_id=column(3), span_id=column(4), weight=np.ones(len(rows)),
    )  # fmt: skip
