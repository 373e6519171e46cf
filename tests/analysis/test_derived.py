from __future__ import annotations

import numpy as np

from compass.analysis.derived import with_ratios
from compass.domain.telemetry import SignalKind
from tests.analysis.synthetic import row, service, table

CACHE, DB = service("cache"), service("db")


def test_hits_become_a_ratio_that_traffic_does_not_move() -> None:
    rows = [row(CACHE, SignalKind.CACHE_HITS, "{hit}/s"), row(CACHE, SignalKind.CACHE_MISSES, "{miss}/s")]
    found = with_ratios(table(rows, np.array([[90.0, 9.0, 0.0, np.nan], [10.0, 1.0, 0.0, 5.0]])))
    assert [r.signal.kind for r in found.rows] == [SignalKind.OTHER, SignalKind.CACHE_MISSES, SignalKind.CACHE_HITS]
    assert found.values[2, :2].tolist() == [0.9, 0.9]
    assert np.isnan(found.values[2, 2:]).all()


def test_rows_are_counted_per_statement() -> None:
    rows = [row(DB, SignalKind.DB_ROWS_READ, "{row}/s"), row(DB, SignalKind.DB_TRAFFIC, "{operation}/s")]
    found = with_ratios(table(rows, np.array([[500.0, 1000.0], [5.0, 10.0]])))
    assert found.values[2].tolist() == [100.0, 100.0]
    assert found.rows[2].signal.kind is SignalKind.DB_ROWS_READ


def test_a_ratio_stays_and_hits_without_misses_say_nothing() -> None:
    ratio = table([row(CACHE, SignalKind.CACHE_HITS, "1")], np.array([[0.9, 0.8]]))
    assert with_ratios(ratio) is ratio
    alone = with_ratios(table([row(CACHE, SignalKind.CACHE_HITS, "{hit}/s")], np.array([[9.0, 8.0]])))
    assert [r.signal.kind for r in alone.rows] == [SignalKind.OTHER]
