"""What was counted from spans and error lines is counted again in the same way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from compass.analysis.graph import build_graph
from compass.disproof._again import Again, count_again, counted
from compass.domain.observation import Observation
from compass.domain.telemetry import LogQuery
from compass.ports.clock import Deadline
from compass.ports.errors import SourceUnavailableError
from compass.sources.recording import RecordingSource
from tests.support.boards import board, seen, service
from tests.support.recordings import Line, Span, window, write_recording

WEB = service("web", namespace="")
SLOW = replace(seen("latency.up", WEB), series=f"spans: p90 duration of {WEB}{{}}")
FAILING = seen("trace.errors_up", WEB)
LINES = replace(seen("log.errors_up", WEB), series=f"logs: error lines of {WEB}{{}}")
PART = window(600, 900)


async def again(folder: Path, *observations: Observation) -> Again:
    source = RecordingSource.open(folder)
    return await count_again(source, observations, board(), build_graph(()), PART, Deadline())


def spans(failing: int) -> list[Span]:
    """One a second, 100 ms until 600 s and 200 ms after it; of ten, `failing` fail after 600 s."""
    return [
        Span(at_s=float(i), trace=f"{i:032x}", id=f"{i:016x}", kind="server", duration_ms=200.0 if i >= 600 else 100.0,
             status="error" if i >= 600 and i % 10 < failing else "ok")
        for i in range(900)
    ]  # fmt: skip


async def test_spans_are_counted_in_the_window_alone(tmp_path: Path) -> None:
    found = await again(write_recording(tmp_path / "one", seconds=900, spans=spans(3)), SLOW, FAILING)
    assert found.lost == ()
    assert found.levels[SLOW.series] == pytest.approx(0.2)
    assert found.levels[counted(FAILING)] == pytest.approx(0.3, abs=0.05)
    none = await again(write_recording(tmp_path / "two", seconds=900, spans=spans(0)), FAILING)
    assert none.levels == {counted(FAILING): 0.0}


async def test_no_error_line_is_none_only_where_all_lines_were_read(tmp_path: Path) -> None:
    bad = [Line(at_s=600.0 + i, line="level=error msg=refused") for i in range(300)]
    quiet = [Line(at_s=float(10 * i), line="level=info msg=handled") for i in range(90)]
    many = await again(write_recording(tmp_path / "bad", seconds=900, logs=[*quiet, *bad]), LINES)
    assert many.levels[LINES.series] == pytest.approx(1.0, rel=0.1)
    assert (await again(write_recording(tmp_path / "quiet", seconds=900, logs=quiet), LINES)).levels == {
        LINES.series: 0.0
    }
    nobody = await again(write_recording(tmp_path / "nothing", seconds=900, spans=spans(0)), LINES)
    assert nobody.levels == {}, "no logs are connected: nothing is known"


async def test_what_cannot_be_asked_is_lost_and_the_rest_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(self: RecordingSource, query: LogQuery, *, deadline: Deadline) -> None:
        raise SourceUnavailableError("cannot be reached", where="loki")

    monkeypatch.setattr(RecordingSource, "logs", fails)
    found = await again(write_recording(tmp_path / "one", seconds=900, spans=spans(0)), LINES, SLOW)
    assert [error.where for error in found.lost] == ["loki"]
    assert set(found.levels) == {SLOW.series}


def test_other_facts_are_not_counted() -> None:
    assert counted(seen("log.errors_up", WEB, series="logs|service//web")) == ""
    assert counted(seen("latency.up", WEB, series="service//web|d{stat=p90}")) == ""
