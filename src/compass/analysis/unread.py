"""Series whose names the catalogue does not know: which of them left their normal range since the onset. Pure.

Nobody knows what such a series measures, so a change counts in proportion to the row's own size, whatever its unit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compass.analysis import anomaly
from compass.analysis.anomaly import ANOMALY_SCORE
from compass.analysis.robust import Bools
from compass.domain.telemetry import Temporality
from compass.domain.time import NS_PER_S, Window
from compass.domain.unread import Unread, UnreadSeries, series_id
from compass.redaction import bound, redact
from compass.tables.series import Floats, NoRule, SeriesRow, SeriesTable

MOST_NAMES = 20
"""Names that are told one by one, those that moved most first."""
MOST_ROWS = 5_000
"""Rows that are judged at all, as many of each name: about half a second."""
OWN_SIZE = 0.10
"""A tenth of the largest value is noise: with ANOMALY_SCORE, a rise by two thirds or a fall by two fifths is clear."""
MOST_TEXT, MOST_LABELS = 120, 12
MOST_HELP = 200


def unread_of(table: SeriesTable, baseline: Window, during: Window) -> Unread | None:
    """What is unknown and how much of it moved; None where every name is known. Windows hold the ENDS of steps."""
    every: dict[str, list[int]] = {}
    for i, row in enumerate(table.rows):
        if row.no_rule is not None:
            every.setdefault(row.name, []).append(i)
    if not every:
        return None
    share = max(1, MOST_ROWS // len(every))
    judged = [i for some in every.values() for i in some[:share]][:MOST_ROWS]
    rows = _counted(table.take(judged))
    size = np.nan_to_num(np.abs(np.where(np.isfinite(rows.values), rows.values, 0.0)).max(axis=1, initial=0.0))
    scores = anomaly.screen(rows, baseline, during, absolute=OWN_SIZE * size)
    up = np.nan_to_num(scores.up.score) >= np.nan_to_num(scores.down.score)
    score = np.nan_to_num(np.fmax(scores.up.score, scores.down.score))
    value = np.where(up, scores.up.value, scores.down.value)
    names: dict[str, list[int]] = {}
    for i, row in enumerate(rows.rows):
        names.setdefault(row.name, []).append(i)
    moved = [_named(some, rows.rows, score, up, scores.centre, value) for some in names.values()]
    most = sorted((one for one in moved if one is not None), key=lambda one: (-one.score, -one.moved, one.name))
    series = sum(map(len, every.values()))
    return Unread(names=len(every), series=series, moved=len(most), most=tuple(most[:MOST_NAMES]))


def ids_of(table: SeriesTable) -> dict[str, str]:
    """Ids (`domain.unread.series_id`) of every unknown name of a table, by name."""
    found: dict[str, str] = {}
    for row in table.rows:
        if row.no_rule is not None and row.name not in found:
            name, kind, unit, told = _known_as(row)
            found[name] = series_id(name, kind, unit, told)
    return found


def _known_as(row: SeriesRow) -> tuple[str, str, str, str]:
    """Name, type, unit and help text, as they are kept."""
    told = row.no_rule or NoRule()
    said = "counter" if row.signal.temporality is Temporality.CUMULATIVE else ""
    return (
        _text(row.name, MOST_TEXT), _text(told.type or said, MOST_TEXT), row.signal.unit, _text(told.help, MOST_HELP)
    )  # fmt: skip


def _named(
    some: Sequence[int], rows: Sequence[SeriesRow], score: Floats, up: Bools, usual: Floats, value: Floats
) -> UnreadSeries | None:  # fmt: skip
    """One name, by the row that moved most; None where none moved."""
    moved = [i for i in some if score[i] >= ANOMALY_SCORE]
    if not moved:
        return None
    first = min(moved, key=lambda i: (-round(float(score[i]), 9), rows[i].entity.key, rows[i].key))
    row = rows[first]
    known, kind, unit, told = _known_as(row)
    keys = row.no_rule.labels if row.no_rule is not None else ()
    return UnreadSeries(
        name=known, type=kind, unit=unit, help=told,
        labels=tuple(_text(key, MOST_TEXT) for key in keys[:MOST_LABELS]),
        series=len(some), moved=len(moved), entity=row.entity, up=bool(up[first]), usual=_figure(usual[first]),
        value=_figure(value[first]), score=round(float(score[first]), 3),
    )  # fmt: skip


def _counted(table: SeriesTable) -> SeriesTable:
    """A gauge that never falls and mostly rises counts something, whatever its name says: its rate is judged, or every
    uptime would have moved."""
    change = np.diff(table.values, axis=1)
    known = np.isfinite(change)
    rising = (known & (change > 0)).sum(axis=1)
    falls = (known & (change < 0)).any(axis=1)
    gauge = np.array([row.signal.temporality is Temporality.GAUGE for row in table.rows], dtype=np.bool_)
    counting = gauge & ~falls & (rising > known.sum(axis=1) / 2)
    if not counting.any():
        return table
    values = table.values.copy()
    values[counting, 0] = np.nan
    values[counting, 1:] = change[counting] * (NS_PER_S / np.maximum(np.diff(table.times_ns), 1))
    return SeriesTable(rows=table.rows, times_ns=table.times_ns, values=values, step_s=table.step_s)


def _figure(value: float) -> float:
    return float(f"{float(value):.6g}")


def _text(text: str, most: int) -> str:
    """Whoever exports a metric writes its name and help: no secret and no long text is kept of them."""
    return bound(redact(" ".join(text.split())), most)
