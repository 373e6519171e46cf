from __future__ import annotations

import pytest

from compass.domain.telemetry import (
    Answer,
    Capability,
    Coverage,
    Health,
    LogQuery,
    NativeQuery,
    ObjectQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)
from compass.domain.time import Window
from compass.investigation.funnel import FAILURES_TO_OPEN, Funnel
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError, SourceUnavailableError
from compass.tables.logs import LogTable
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesTable, empty_series
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


async def test_the_circuit_opens_after_three_passing_failures() -> None:
    source = Flaky()
    funnel = Funnel(source)
    for i in range(FAILURES_TO_OPEN):
        with pytest.raises(SourceUnavailableError):
            await funnel.logs(LogQuery(window=HOUR, limit=i + 1), deadline=Deadline())
    with pytest.raises(SourceRefusedError, match="not asked again"):
        await funnel.logs(LogQuery(window=HOUR, limit=99), deadline=Deadline())
    assert source.asked == ["logs"] * FAILURES_TO_OPEN


async def test_a_permanent_failure_opens_it_at_once_and_other_parts_go_on() -> None:
    source = Flaky()
    funnel = Funnel(source)
    with pytest.raises(SourceRefusedError, match="no permission"):
        await funnel.spans(SpanQuery(window=HOUR, limit=1), deadline=Deadline())
    with pytest.raises(SourceRefusedError, match="not asked again"):
        await funnel.spans(SpanQuery(window=HOUR, limit=2), deadline=Deadline())
    await funnel.series(signals(SignalKind.CPU), deadline=Deadline())
    assert source.asked == ["spans", "series"]
