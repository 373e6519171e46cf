"""Words about patterns that stand in a chronicle which is to be forgotten: a pattern may be of others too."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID, uuid4

from compass.analysis.patterns import patterns_of
from compass.domain.chronicle import NewEvent
from compass.domain.learned import PatternJudged
from compass.entrypoints.learning import catch_up
from compass.ports.chronicle import Chronicle

MOST = 10_000


async def carry_on(chronicle: Chronicle, leaving: Collection[UUID]) -> int:
    """Say again, in an investigation that stays and taught the pattern, what holds of patterns by the words of those
    that are `leaving`; how many. Without the reason, which may quote them. Before they are forgotten."""
    knowledge = chronicle.knowledge
    incidents = await knowledge.incidents(MOST)
    own = {one.investigation for one in incidents if not one.source} - set(leaving)
    carried = 0
    for pattern in patterns_of(await knowledge.lessons(), incidents, await knowledge.judgements()):
        word = pattern.judgement
        anchor = next((one for one in pattern.incidents if one in own), None)
        if word is None or word.investigation not in leaving or anchor is None:
            continue
        payload = PatternJudged(
            by=word.by, mechanism=pattern.mechanism, entity=pattern.entity, verdict=word.verdict
        )  # fmt: skip
        await chronicle.append(anchor, None, [NewEvent(key=f"pattern/{uuid4()}", payload=payload, actor=word.by)])
        carried += 1
    if carried:
        await catch_up(chronicle)
    return carried
