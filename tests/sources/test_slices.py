from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compass.domain.telemetry import LogQuery, SpanQuery
from compass.ports.clock import Deadline
from compass.sources.recording import RecordingSource, slices
from tests.support.recordings import Line, Span, window, write_recording


@pytest.mark.parametrize("limit", [1, 7, 30, 1000])
async def test_slices_give_what_one_query_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """Whatever the limit, with crowded and with empty slices, and with a span at the very end."""
    times = [*(i * 0.1 for i in range(60)), 3000.0, 3000.0, 3600.0]
    spans = [
        Span(at_s=at, trace=f"t{i // 3}", id=f"s{i}", parent=f"s{i - 1}" if i % 3 else None, service=f"service-{i % 4}")
        for i, at in enumerate(times)
    ]
    folder = write_recording(tmp_path / "r", spans=spans)
    query = SpanQuery(window=window(0, 3600), limit=limit)
    whole = await RecordingSource.open(folder).spans(query, deadline=Deadline())
    monkeypatch.setattr(slices, "SLICE_ROWS", 9)
    sliced = await RecordingSource.open(folder).spans(query, deadline=Deadline())
    assert len(sliced.data) == min(limit, len(spans))
    assert sliced.coverage == whole.coverage
    assert sliced.query == whole.query
    for name in ("start_ns", "parent", "span_ids", "trace", "service", "kind", "status", "duration_ns"):
        assert np.array_equal(getattr(sliced.data, name), getattr(whole.data, name)), name
    assert sliced.data.entities == whole.data.entities


@pytest.mark.parametrize("limit", [1, 7, 30, 1000])
@pytest.mark.parametrize("errors_only", [False, True])
async def test_lines_in_slices_are_those_of_one_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, errors_only: bool
) -> None:
    times = [*(i * 0.1 for i in range(60)), 3000.0, 3000.0, 3600.0]
    lines = [
        Line(at_s=at, line=f"request {i} {'failed' if i % 3 else 'done'}", labels={"service_name": f"s{i % 4}"})
        for i, at in enumerate(times)
    ]
    folder = write_recording(tmp_path / "r", logs=lines)
    query = LogQuery(window=window(0, 3600), limit=limit, errors_only=errors_only)
    whole = await RecordingSource.open(folder).logs(query, deadline=Deadline())
    monkeypatch.setattr(slices, "SLICE_ROWS", 2)
    sliced = await RecordingSource.open(folder).logs(query, deadline=Deadline())
    assert len(sliced.data) == min(limit, sum(i % 3 > 0 or not errors_only for i in range(len(times))))
    assert sliced.coverage == whole.coverage
    assert sliced.query == whole.query
    for name in ("times_ns", "line", "entity", "service", "weight", "trace_id", "span_id"):
        assert np.array_equal(getattr(sliced.data, name), getattr(whole.data, name)), name
    assert sliced.data.entities == whole.data.entities
