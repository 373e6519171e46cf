from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.telemetry import SignalKind, SignalQuery
from compass.ports.clock import Deadline
from compass.sources.recording import RecordingSource, metrics
from tests.support.recordings import Series, window, write_recording


@given(st.permutations(range(9)))
def test_rows_moved_in_place_are_rows_taken_in_order(order: list[int]) -> None:
    values = np.arange(27, dtype=np.float64).reshape(9, 3)
    wanted = values[order]
    metrics._arrange(values, order)
    assert np.array_equal(values, wanted)


async def test_a_growing_table_of_many_batches_keeps_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row by row what its series says, though it grows several times and its rows are put in order afterwards."""
    names = [f"thing{(i * 7) % 40:02d}_memory_usage_bytes" for i in range(40)]
    series = [
        Series(name=name, labels={"service_name": "web"}, values=[1e6 * (i + 1) + t for t in range(10)], step_s=60.0)
        for i, name in enumerate(names)
    ]
    folder = write_recording(tmp_path / "r", series=series)
    monkeypatch.setattr(metrics, "_ROOM", 3)
    monkeypatch.setattr(metrics, "BATCH_SAMPLES", 25)
    query = SignalQuery(kinds=frozenset(SignalKind), window=window(0, 600))
    found = (await RecordingSource.open(folder).series(query, deadline=Deadline())).data
    assert [row.name for row in found.rows] == sorted(names)
    for row, values in zip(found.rows, found.values, strict=True):
        first = 1e6 * (names.index(row.name) + 1)
        assert np.array_equal(values[np.isfinite(values)], first + np.arange(np.isfinite(values).sum()))
