"""The rule of thumb every monitoring course teaches: what lies most standard deviations from its mean."""

from __future__ import annotations

import asyncio

import numpy as np

from compass.domain.entity import EntityRef
from compass.evaluation.rivals._asking import containment, series
from compass.evaluation.rivals._deviation import largest_step, rank_by
from compass.evaluation.rivals.base import Scene
from compass.tables.series import Floats


class NSigma:
    """max |z| of every series after the onset, mean and standard deviation taken before it (Shewhart's chart)."""

    id = "nsigma"
    summary = "largest |z| after the onset against mean and deviation before it (n-sigma rule; Shewhart 1931)"

    async def rank(self, scene: Scene) -> tuple[EntityRef, ...]:
        table, graph = await series(scene), await containment(scene)
        return await asyncio.to_thread(rank_by, z_scores, table, graph, scene.onset_ns)


def z_scores(before: Floats, after: Floats) -> Floats:
    """max |z| [rows]; every row has finite samples on both sides."""
    return largest_step(after, np.nanmean(before, axis=1), np.nanstd(before, axis=1))
