"""Rows that only mean something as a ratio: cache hits per look-up, rows read per statement.

Rates of both rise and fall with the traffic, which is no news; their ratio is.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compass.analysis.units import to_base
from compass.domain.entity import EntityRef
from compass.domain.telemetry import Direction, Signal, SignalKind
from compass.tables.series import Floats, SeriesRow, SeriesTable

HIT_RATIO = Signal(kind=SignalKind.CACHE_HITS, unit="1", worse=Direction.DOWN)
ROWS_PER_STATEMENT = Signal(kind=SignalKind.DB_ROWS_READ, unit="{row}", worse=Direction.UP)


def with_ratios(table: SeriesTable) -> SeriesTable:
    """The table with derived ratio rows appended, by entity.

    The rates they come from stay as rows of kind OTHER, so that row numbers keep their meaning. Without the second
    series (misses, statements) a rate of hits says nothing and becomes OTHER; rows read stay as they are.
    """
    rows = list(table.rows)
    hits, misses = _rates(table, SignalKind.CACHE_HITS), _rates(table, SignalKind.CACHE_MISSES)
    reads, statements = _rates(table, SignalKind.DB_ROWS_READ), _rates(table, SignalKind.DB_TRAFFIC)
    added: list[tuple[SeriesRow, Floats]] = []
    for entity in sorted(hits, key=lambda e: e.key):
        _set_aside(rows, hits[entity])
        if entity in misses:
            found = _sum(table, hits[entity])
            ratio = _divide(found, found + _sum(table, misses[entity]))
            added.append((SeriesRow(entity=entity, signal=HIT_RATIO, name="cache hit ratio"), ratio))
    for entity in sorted(reads.keys() & statements.keys(), key=lambda e: e.key):
        _set_aside(rows, reads[entity])
        ratio = _divide(_sum(table, reads[entity]), _sum(table, statements[entity]))
        added.append((SeriesRow(entity=entity, signal=ROWS_PER_STATEMENT, name="rows per statement"), ratio))
    if not added and not hits:
        return table
    values = np.vstack([table.values, *(line[None, :] for _, line in added)])
    return SeriesTable(
        rows=(*rows, *(row for row, _ in added)), times_ns=table.times_ns, values=values, step_s=table.step_s
    )


def _rates(table: SeriesTable, kind: SignalKind) -> dict[EntityRef, list[int]]:
    """Rows of a kind that are rates, not ratios already, by entity."""
    found: dict[EntityRef, list[int]] = {}
    for i, row in enumerate(table.rows):
        if row.signal.kind is kind and to_base(row.signal.unit)[0] == "count/s":
            found.setdefault(row.entity, []).append(i)
    return found


def _set_aside(rows: list[SeriesRow], indices: list[int]) -> None:
    for i in indices:
        rows[i] = replace(rows[i], signal=replace(rows[i].signal, kind=SignalKind.OTHER))


def _sum(table: SeriesTable, indices: list[int]) -> Floats:
    values = table.values[sorted(indices, key=lambda i: table.rows[i].key)]
    known = np.isfinite(values)
    return np.where(known.any(axis=0), np.where(known, values, 0.0).sum(axis=0), np.nan)


def _divide(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
