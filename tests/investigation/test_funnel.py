from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import (
    Answer,
    Capability,
    Coverage,
    Health,
    LogQuery,
    NativeQuery,
    ObjectQuery,
    Signal,
    SignalKind,
    SignalQuery,
    SpanQuery,
)
from compass.domain.time import Window
from compass.investigation import funnel as funnel_module
from compass.investigation.funnel import FAILURES_TO_OPEN, Funnel
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError, SourceUnavailableError
from compass.tables.logs import LogTable
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesRow, SeriesTable, empty_series
from compass.tables.spans import SpanTable

HOUR = Window(start_ns=0, end_ns=3600 * 10**9)


class Flaky:
    """Metrics answer, logs time out, traces are refused. Counts what it was asked."""

    name = "flaky"
    capabilities: frozenset[Capability] = frozenset()

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:
        self.asked.append("series")
        coverage = Coverage(requested=query.window, received=query.window)
        return Answer(data=empty_series(), coverage=coverage, query=NativeQuery(language="x", text="x"), source="flaky")

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:
        self.asked.append("logs")
        raise SourceUnavailableError("timed out", where="flaky")

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:
        self.asked.append("spans")
        raise SourceRefusedError("no permission", where="flaky")

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:
        raise AssertionError("not asked here")

    async def check(self) -> tuple[Health, ...]:
        return ()


def signals(*kinds: SignalKind) -> SignalQuery:
    return SignalQuery(kinds=frozenset(kinds), window=HOUR)


async def test_equal_questions_are_asked_once() -> None:
    source = Flaky()
    funnel = Funnel(source)
    for _ in range(3):
        await funnel.series(signals(SignalKind.CPU, SignalKind.LATENCY), deadline=Deadline())
    await funnel.series(signals(SignalKind.CPU), deadline=Deadline())
    assert source.asked == ["series", "series"]
    assert funnel.queries == 2


async def test_what_was_released_is_asked_again() -> None:
    source = Flaky()
    funnel = Funnel(source)
    for _ in range(2):
        await funnel.series(signals(SignalKind.CPU), deadline=Deadline())
    await funnel.release()
    await funnel.series(signals(SignalKind.CPU), deadline=Deadline())
    assert source.asked == ["series"] * 2


async def test_every_series_there_is_is_not_kept() -> None:
    source = Flaky()
    funnel = Funnel(source)
    for _ in range(2):
        await funnel.series(signals(*SignalKind), deadline=Deadline())
    assert source.asked == ["series"] * 2


async def test_partial_answers_make_room_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one longest unused goes first."""

    class Wide(Flaky):
        async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:
            answer = await super().series(query, deadline=deadline)
            row = SeriesRow(entity=things[0], signal=Signal(kind=SignalKind.CPU), name="x")
            table = SeriesTable(rows=(row,), times_ns=np.arange(10), values=np.zeros((1, 10)), step_s=60.0)
            return replace(answer, data=table)

    monkeypatch.setattr(funnel_module, "KEPT_BYTES", 2 * 160)  # two answers of ten times and ten values
    things = [EntityRef(kind=EntityKind.SERVICE, name=name) for name in "abc"]
    source = Wide()
    funnel = Funnel(source)

    async def ask(*entities: EntityRef) -> int:
        """How often the source has been asked after this question."""
        query = replace(signals(SignalKind.CPU), entities=entities)
        assert len((await funnel.series(query, deadline=Deadline())).data.rows) == 1
        return len(source.asked)

    assert [await ask(things[0]), await ask(things[1])] == [1, 2]
    assert [await ask(things[0]), await ask(things[1]), await ask(things[0])] == [2, 2, 2]
    assert await ask(things[2]) == 3  # in place of the second
    assert [await ask(things[0]), await ask(things[2]), await ask(things[1])] == [3, 3, 4]
    assert await ask() == 5


async def test_the_circuit_opens_after_three_passing_failures() -> None:
    source = Flaky()
    funnel = Funnel(source)
    for i in range(FAILURES_TO_OPEN):
        with pytest.raises(SourceUnavailableError):
            await funnel.logs(LogQuery(window=HOUR, limit=i + 1), deadline=Deadline())
    with pytest.raises(SourceRefusedError, match="logs is not asked again: timed out"):
        await funnel.logs(LogQuery(window=HOUR, limit=99), deadline=Deadline())
    assert source.asked == ["logs"] * FAILURES_TO_OPEN


async def test_a_permanent_failure_opens_it_at_once_and_other_parts_go_on() -> None:
    source = Flaky()
    funnel = Funnel(source)
    with pytest.raises(SourceRefusedError, match="no permission"):
        await funnel.spans(SpanQuery(window=HOUR, limit=1), deadline=Deadline())
    with pytest.raises(SourceRefusedError, match="traces is not asked again: no permission"):
        await funnel.spans(SpanQuery(window=HOUR, limit=2), deadline=Deadline())
    await funnel.series(signals(SignalKind.CPU), deadline=Deadline())
    assert source.asked == ["spans", "series"]
