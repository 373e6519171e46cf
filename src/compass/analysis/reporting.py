"""Who still reports: how much of what a thing's instances always tell about themselves arrives, step by step.

A processor or memory gauge has a value whatever the traffic, so its absence is a fact about the instance: it is down,
or restarting again and again. Latencies and error counts are left out, because without requests they are silent too.
Steps in which most of everything is missing are a hole in the collection and say nothing about anybody.
"""

from __future__ import annotations

import numpy as np

from compass.analysis.graph import ServiceGraph
from compass.analysis.robust import Bools
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import Direction, Signal, SignalKind
from compass.tables.series import Floats, SeriesRow, SeriesTable

REPORTING = Signal(kind=SignalKind.REPLICAS, unit="1", worse=Direction.DOWN)
NAME = "share of what it always reports"
_ALWAYS = frozenset({SignalKind.CPU, SignalKind.MEMORY})
STEADY = 0.9
"""A row must have samples in this share of the steps of its life before it can be missed."""
MIN_OTHERS = 3
"""Silence is measured against this many other things that report."""
_THINGS = (
    EntityKind.SERVICE, EntityKind.WORKLOAD, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, EntityKind.NODE,
)  # fmt: skip


def with_reporting(table: SeriesTable, graph: ServiceGraph) -> SeriesTable:
    """The table with one row a thing appended: the share [0, 1] of its steady rows that have a sample in each step.

    A new instance beside an old one does not count as missing: rows are judged from their first sample on, and what
    a thing reports is compared with the most it reported at one time in the first half.
    """
    owners: dict[EntityRef, list[int]] = {}
    for i, row in enumerate(table.rows):
        if row.signal.kind in _ALWAYS and row.peer is None:
            owner = graph.owner(row.entity)
            if owner.kind in _THINGS:
                owners.setdefault(owner, []).append(i)
    if len(owners) <= MIN_OTHERS or table.values.shape[1] < 4:
        return table
    there = np.isfinite(table.values)
    anybody = np.stack([there[rows].any(axis=0) for rows in owners.values()])
    known = anybody.mean(axis=0) > 0.5
    known[-1] = False  # the last step may not be over
    added: list[tuple[SeriesRow, Floats]] = []
    for owner in sorted(owners, key=lambda e: e.key):
        share = _share(there[owners[owner]], known)
        if share is not None:
            added.append((SeriesRow(entity=owner, signal=REPORTING, name=NAME), share))
    if not added:
        return table
    return SeriesTable(
        rows=(*table.rows, *(row for row, _ in added)), times_ns=table.times_ns, step_s=table.step_s,
        values=np.vstack([table.values, *(line[None, :] for _, line in added)]),
    )  # fmt: skip


def _share(there: Bools, known: Bools) -> Floats | None:
    """Rows that report against the usual number of them; None when nothing of it was steady."""
    half = there.shape[1] // 2
    early = there[:, :half][:, known[:half]]
    steady = early.mean(axis=1) >= STEADY if early.shape[1] else np.zeros(there.shape[0], dtype=bool)
    if not steady.any():
        return None
    usual = float(np.median(early.sum(axis=0)))
    now = np.minimum(there.sum(axis=0) / max(usual, 1.0), 1.0)
    now = np.where(known, now, np.nan)
    # one scrape that failed is no silence: a step counts as its neighbours do where both are better
    before, after = np.r_[1.0, now[:-1]], np.r_[now[1:], 1.0]
    return np.where(
        np.isfinite(now), np.fmax(now, np.fmin(np.nan_to_num(before, nan=1.0), np.nan_to_num(after, nan=1.0))), np.nan
    )
