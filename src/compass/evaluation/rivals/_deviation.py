"""Rank services by how far their series move away from what they were before a point in time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compass.analysis.graph import ServiceGraph
from compass.analysis.robust import MIN_SAMPLES, finite_count
from compass.domain.entity import EntityRef
from compass.evaluation.rivals._asking import RANKED
from compass.tables.series import Floats, SeriesTable

BLOCK_ROWS = 16_384

Score = Callable[[Floats, Floats], Floats]
"""(samples before [rows, times], samples after [rows, times]) → how far each row moved [rows]; NaN = no sample."""


def rank_by(score: Score, table: SeriesTable, graph: ServiceGraph, split_ns: int) -> tuple[EntityRef, ...]:
    """Services and nodes by the largest score of their series; equal scores in the order of their keys.

    A series counts with at least three samples before `split_ns` and one at it or later. (Times are ends of steps, so a
    sample at the split may belong to either side; before it, it would spoil the mean.)
    """
    late = table.times_ns >= split_ns
    best: dict[EntityRef, float] = {}
    for lo in range(0, len(table.rows), BLOCK_ROWS):
        block = table.values[lo : lo + BLOCK_ROWS]
        values = np.where(np.isfinite(block), block, np.nan)
        before, after = values[:, ~late], values[:, late]
        usable = np.flatnonzero((finite_count(before) >= MIN_SAMPLES) & (finite_count(after) >= 1))
        if not usable.size:
            continue
        for row, value in zip(usable.tolist(), score(before[usable], after[usable]).tolist(), strict=True):
            entity = graph.owner(table.rows[lo + row].entity)
            if entity.kind in RANKED:
                best[entity] = max(value, best.get(entity, value))
    return tuple(sorted(best, key=lambda entity: (-best[entity], entity.key)))


def largest_step(values: Floats, centre: Floats, spread: Floats) -> Floats:
    """max |values − centre| / spread of each row; a spread of zero is taken as one, as feature scalers do."""
    width = np.where(spread > 0, spread, 1.0)
    largest: Floats = np.nanmax(np.abs(values - centre[:, None]), axis=1) / width
    return largest
