"""Words about patterns that stand in a chronicle which is to be forgotten: a pattern may be of others too."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID, uuid4

from compass.analysis.standing import PatternKey, latest_words, standing, verdict_on
from compass.domain.chronicle import NewEvent
from compass.domain.learned import PatternJudged, PatternVerdict
from compass.entrypoints.learning import catch_up
from compass.ports.chronicle import Chronicle

MOST = 10_000


async def carry_on(chronicle: Chronicle, leaving: Collection[UUID]) -> int:
    """Say again, in an investigation that stays, what holds of patterns by the words of those that are `leaving`; how
    many. Without the reason, which may quote them. Before they are forgotten.

    In the latest that taught the pattern, else (it is known by import) in the latest of this database. A pattern of
    which nothing stays is forgotten with its word. A word that took one back is said again where an older or imported
    word would hold without it.
    """
    knowledge = chronicle.knowledge
    own = [one.investigation for one in await knowledge.incidents(MOST) if not one.source]
    staying = [one for one in own if one not in leaving]
    lessons, judgements = await knowledge.lessons(), await knowledge.judgements()
    taught: dict[PatternKey, set[UUID]] = {}
    for lesson in lessons:
        if lesson.investigation not in leaving:
            taught.setdefault((lesson.mechanism, lesson.entity), set()).add(lesson.investigation)
    others = {(one.mechanism, one.entity) for one in judgements if one.investigation not in leaving}
    stands = standing(judgements, lessons)
    carried = 0
    for key, word in latest_words(judgements).items():
        verdict = verdict_on(key, stands)
        needed = key in others or (key in taught and verdict is not PatternVerdict.OPEN)
        if word.investigation not in leaving or not needed or not staying:
            continue
        anchor = next((one for one in staying if one in taught.get(key, ())), staying[0])
        payload = PatternJudged(by=word.by, mechanism=key[0], entity=key[1], verdict=verdict)
        await chronicle.append(anchor, None, [NewEvent(key=f"pattern/{uuid4()}", payload=payload, actor=word.by)])
        carried += 1
    if carried:
        await catch_up(chronicle)
    return carried
