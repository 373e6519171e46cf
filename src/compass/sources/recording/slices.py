"""A large answer fetched in slices of time, so that only one slice is held in full.

DuckDB sorts what it is asked for at once, and every text it returns is an object of its own, even where a million rows
share ten names. Slices bound the first, sharing equal texts the second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from compass.domain.time import Window
from compass.sources.recording.engine import Column, Engine, text

SLICE_ROWS = 64_000
_DISTINCT = 0.5  # a text column with more distinct values than this share of its rows is not worth sharing

Sql = Callable[[Window, bool, int], str]
"""(window, whether its end belongs to it, most rows) → the query, ordered by time first."""


def fetch(engine: Engine, sql: Sql, window: Window, closed: bool, rows: int, most: int) -> Mapping[str, Column]:
    """The first `most` rows of `sql` over `window`, as one query over it would give them, NULL texts as "".

    `rows` is about how many there are. Raises SourceRefusedError when a file cannot be read.
    """
    count = max(1, -(-rows // SLICE_ROWS))
    edges = [window.start_ns + (window.end_ns - window.start_ns) * i // count for i in range(count + 1)]
    shared: dict[str, dict[str, str]] = {}
    parts: list[dict[str, Column]] = []
    left = most
    for i in range(count):
        if left <= 0 and parts:
            break
        part = Window(start_ns=edges[i], end_ns=edges[i + 1])
        found = engine.query(sql(part, closed and i == count - 1, left))
        parts.append({name: _column(name, column, shared) for name, column in found.items()})
        left -= len(next(iter(found.values())))
    return {name: _joined([part.pop(name) for part in parts]) for name in list(parts[0])}


def _column(name: str, column: Column, shared: dict[str, dict[str, str]]) -> Column:
    if column.dtype != object:
        return column
    values = text(column)
    distinct = set(values.tolist())
    if len(distinct) > _DISTINCT * values.size:
        return values
    known = shared.setdefault(name, {})
    one = {value: known.setdefault(value, value) for value in distinct}
    out = np.empty(values.size, dtype=object)
    out[:] = [one[value] for value in values.tolist()]
    return out


def _joined(columns: list[Column]) -> Column:
    if len(columns) == 1:
        return columns[0]
    if any(isinstance(column, np.ma.MaskedArray) for column in columns):
        joined: Column = np.ma.concatenate(columns)  # type: ignore[no-untyped-call]
        return joined
    return np.concatenate(columns)
