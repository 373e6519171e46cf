"""Change point detection and a robust score: Pham, Ha and Zhang, FSE 2024 (BARO). Our own code, after the paper.

Two parts. Multivariate Bayesian online change point detection over the front-line series (latency and errors) says when
it began; RobustScorer ranks by how far series rise above what they were before, on a scale of median and interquartile
range, which one wild sample cannot stretch.

The scorer gets the labelled onset where there is one: published evaluations of it do the same, and it is the strongest
form. The change point is its own only where no onset is known. To bound its cost the detection sees at most 400 points
(means of equal blocks of steps) and the leading principal components of the standardised series, at most sixteen.
"""

from __future__ import annotations

import asyncio

import numpy as np

from compass.analysis import robust
from compass.analysis.graph import ServiceGraph
from compass.domain.entity import EntityRef
from compass.domain.telemetry import SignalKind
from compass.evaluation.rivals._asking import containment, series
from compass.evaluation.rivals._bocpd import change_points
from compass.evaluation.rivals._deviation import largest_step, rank_by
from compass.evaluation.rivals.base import Scene
from compass.tables.series import Floats, Ints, SeriesTable

FRONT = (SignalKind.LATENCY, SignalKind.CLIENT_LATENCY, SignalKind.ERRORS, SignalKind.SUCCESS)
MEAN_RUN = 250.0
"""Samples between two changes that the detection expects (Adams & MacKay 2007 use the same)."""
MAX_POINTS = 400
MAX_DIMENSIONS = 16
EXPLAINED = 0.9
"""Share of the variance that the principal components kept have to carry."""
BLOCK_ROWS = 8_192


class Baro:
    """Multivariate change point detection, then a robust score of every series; a service takes its largest."""

    id = "baro"
    summary = "multivariate Bayesian change point detection and RobustScorer (Pham et al., FSE 2024: BARO)"

    async def rank(self, scene: Scene) -> tuple[EntityRef, ...]:
        table, graph = await series(scene), await containment(scene)
        return await asyncio.to_thread(_rank, table, graph, scene)


def _rank(table: SeriesTable, graph: ServiceGraph, scene: Scene) -> tuple[EntityRef, ...]:
    split = scene.onset_ns if scene.labelled else change_near(table, scene.incident.detected_ns)
    return rank_by(robust_scores, table, graph, split)


def robust_scores(before: Floats, after: Floats) -> Floats:
    """max |x - median| / IQR [rows], median and IQR of the samples before (RobustScorer)."""
    low, centre, high = robust.quantiles(before, (0.25, 0.5, 0.75))
    return largest_step(after, centre, high - low)


def change_near(table: SeriesTable, page_ns: int) -> int:
    """Just after the last step before the change that led to the page.

    That is the last change detected up to the page, else the first one behind it; the page where there is none.
    """
    front = table.of(*FRONT)
    blocks = points(front if front.rows else table)
    if blocks is None:
        return page_ns
    samples, ends_ns = blocks
    found = [int(ends_ns[start - 1]) + 1 for start in change_points(samples, MEAN_RUN)]
    earlier = [moment for moment in found if moment <= page_ns]
    return earlier[-1] if earlier else found[0] if found else page_ns


def points(table: SeriesTable) -> tuple[Floats, Ints] | None:
    """Principal components [times, dimensions] of unit size, and the end of each time; None when nothing moves."""
    steps = table.times_ns.size
    size = -(-steps // MAX_POINTS) if steps else 1
    count = steps // size
    if count < 2 * robust.MIN_SAMPLES:
        return None
    first = steps - count * size  # an incomplete block at the start is left out
    gram = np.zeros((count, count))
    for lo in range(0, len(table.rows), BLOCK_ROWS):
        standard = _standard(_means(table.values[lo : lo + BLOCK_ROWS, first:], size))
        gram += standard.T @ standard
    strength, vectors = np.linalg.eigh(gram)
    strength, vectors = strength[::-1], vectors[:, ::-1]
    if strength[0] <= 0:
        return None
    carried = np.cumsum(np.maximum(strength, 0.0)) / np.maximum(strength, 0.0).sum()
    kept = min(MAX_DIMENSIONS, int(np.searchsorted(carried, EXPLAINED)) + 1)
    return vectors[:, :kept] * np.sqrt(count), table.times_ns[first + size - 1 :: size]


def _means(values: Floats, size: int) -> Floats:
    """Means of blocks of `size` steps, NaN where a block has no sample."""
    blocks = values.reshape(values.shape[0], -1, size)
    finite = np.isfinite(blocks)
    total = np.where(finite, blocks, 0.0).sum(axis=2)
    seen = finite.sum(axis=2)
    means: Floats = np.divide(total, seen, out=np.full_like(total, np.nan), where=seen > 0)
    return means


def _standard(values: Floats) -> Floats:
    """Rows with mean 0 and deviation 1, gaps filled with the last sample before them; constant rows are left out."""
    column = np.where(np.isfinite(values), np.arange(values.shape[1])[None, :], -1)
    last = np.maximum.accumulate(column, axis=1)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=1)
    filled = np.where(last < 0, robust.median(values)[:, None], filled)
    filled = filled[np.isfinite(filled).all(axis=1)]
    centred = filled - filled.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1)
    moving = spread > 1e-9 * np.abs(filled).max(axis=1, initial=0.0)
    standard: Floats = centred[moving] / spread[moving, None]
    return standard
