"""What a Prometheus with a recording in it has to give back, whichever way it is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np

from compass.sources.live.feed import Scope
from compass.sources.live.gathered import Metrics
from compass.sources.recording import RecordingSource
from compass.tables.series import SeriesTable

LAB = Path(__file__).parents[1] / "data" / "lab" / "lab-002"
"""The recording that both ways are compared on."""


def scope_of(folder: Path, **more: bool) -> Scope:
    """All that a recording is about."""
    incident = RecordingSource.open(folder).incident()
    return Scope(window=incident.window, detected_ns=incident.detected_ns, **more)


def assert_recorded(data: Metrics, folder: Path) -> None:
    """Exactly the samples of `folder` came, each in its series."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT name, labels, epoch_ns(time), value FROM read_parquet('{folder}/metrics/samples.parquet') AS one"
            f" JOIN read_parquet('{folder}/metrics/series.parquet') AS two USING (series)"
        ).fetchall()
    recorded = {(name, _key(json.loads(labels)), at): value for name, labels, at, value in rows if value is not None}
    came = {
        (data.names[s], _key(data.labels[s]), int(at)): value
        for s, at, value in zip(data.series, data.time_ns, data.value, strict=True)
    }
    assert came.keys() == recorded.keys()
    assert all(came[key] == recorded[key] or np.isnan(recorded[key]) for key in recorded)


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def assert_same_shape(exact: SeriesTable, coarse: SeriesTable) -> None:
    """Half of the series have come, and their medians over the window are mostly within two per cent of the exact."""
    one, other = ({row.key: table.values[i] for i, row in enumerate(table.rows)} for table in (exact, coarse))
    common = one.keys() & other.keys()
    assert len(common) >= 0.5 * len(one)
    off = [abs(np.nanmedian(other[k]) / np.nanmedian(one[k]) - 1) for k in common if np.nanmedian(one[k]) > 0]
    assert np.median(off) < 0.02
