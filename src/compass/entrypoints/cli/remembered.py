"""Reads what the team's past adds up to: patterns, unsolved incidents, gaps."""

from __future__ import annotations

from dataclasses import dataclass

from compass.analysis.effectiveness import PatternEffect, effects_of
from compass.analysis.patterns import Cluster, PatternCount, RankedGap, clusters_of, patterns_of, ranked_gaps
from compass.entrypoints.cli import session
from compass.entrypoints.learning import catch_up
from compass.ports.chronicle import Chronicle

MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Of all incidents that are known, `incidents` of them."""

    incidents: int
    patterns: tuple[PatternCount, ...]
    effects: tuple[PatternEffect, ...]
    unsolved: tuple[Cluster, ...]
    gaps: tuple[RankedGap, ...]


def read_past() -> Past:
    """Everything, up to date. It is small: texts and counts, no evidence."""
    chosen = session.settings()

    async def work() -> Past:
        async with session.open_chronicle(chosen) as chronicle:
            await catch_up(chronicle)
            return await past_of(chronicle)

    return session.run(work)


async def past_of(chronicle: Chronicle) -> Past:
    knowledge = chronicle.knowledge
    incidents, lessons = await knowledge.incidents(MOST), await knowledge.lessons()
    patterns = patterns_of(lessons, incidents, await knowledge.judgements())
    return Past(
        incidents=await knowledge.count(), patterns=patterns, effects=effects_of(patterns, incidents),
        unsolved=clusters_of(incidents), gaps=ranked_gaps(await knowledge.gaps()),
    )  # fmt: skip
