from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compass.domain.telemetry import SpanQuery
from compass.ports.clock import Deadline
from compass.sources.recording import RecordingSource, slices
from tests.support.recordings import Span, window, write_recording


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
