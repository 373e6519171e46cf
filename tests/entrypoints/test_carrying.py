"""Words about patterns outlive the investigations they were said in."""

from __future__ import annotations

from uuid import UUID, uuid4

from compass.analysis.standing import standing, verdict_on
from compass.domain.chronicle import NewEvent
from compass.domain.learned import PatternJudged, PatternVerdict, Resolved
from compass.entrypoints.carrying import carry_on
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.learning import catch_up
from compass.entrypoints.sharing import from_elsewhere
from compass.storage.memory import MemoryChronicle
from tests.storage.learned import ORDERS_DB, Counting, cause, learned, past
from tests.storage.support import ended, new, opened

MECHANISM = "db.pool_exhaustion"


async def one_more(chronicle: MemoryChronicle, *, taught: bool) -> UUID:
    made = await chronicle.create("x")
    said = [NewEvent(key="r", payload=Resolved(by="human", cause=cause()), actor="human")] if taught else []
    await chronicle.append(made, None, [new("o", opened()), new("s"), new("e", ended()), *said])
    await catch_up(chronicle)
    return made


async def say(chronicle: MemoryChronicle, where: UUID, verdict: PatternVerdict) -> None:
    payload = PatternJudged(by="human", mechanism=MECHANISM, entity=ORDERS_DB, verdict=verdict, reason="as in #1")
    await chronicle.append(where, None, [NewEvent(key=f"pattern/{uuid4()}", payload=payload, actor="human")])
    await catch_up(chronicle)


async def forget(chronicle: MemoryChronicle, which: UUID) -> int:
    carried = await carry_on(chronicle, {which})
    await chronicle.erasure.forget(which)
    return carried


async def holds(chronicle: MemoryChronicle) -> PatternVerdict:
    knowledge = chronicle.knowledge
    found = standing(await knowledge.judgements(), await knowledge.lessons())
    return verdict_on((MECHANISM, ORDERS_DB), found)


def memory() -> MemoryChronicle:
    return MemoryChronicle(SystemClock(), embedder=Counting())


async def test_a_word_about_a_pattern_that_was_imported_moves_to_the_latest_that_stays() -> None:
    chronicle = memory()
    await chronicle.knowledge.learn([from_elsewhere(learned(past()), "elsewhere")])
    stays, goes = [await one_more(chronicle, taught=False) for _ in range(2)]
    await say(chronicle, goes, PatternVerdict.REJECTED)
    assert await forget(chronicle, goes) == 1
    assert await holds(chronicle) is PatternVerdict.REJECTED
    (word,) = [one for one in await chronicle.knowledge.judgements() if one.mechanism == MECHANISM]
    assert (word.investigation, word.reason, word.source) == (stays, "", "")


async def test_what_was_taken_back_stays_taken_back() -> None:
    chronicle = memory()
    stays, goes = [await one_more(chronicle, taught=True) for _ in range(2)]
    await say(chronicle, stays, PatternVerdict.REJECTED)
    await say(chronicle, goes, PatternVerdict.OPEN)
    assert await holds(chronicle) is PatternVerdict.OPEN
    assert await forget(chronicle, goes) == 1
    assert await holds(chronicle) is PatternVerdict.OPEN


async def test_a_pattern_of_which_nothing_stays_is_forgotten_with_its_word() -> None:
    chronicle = memory()
    await one_more(chronicle, taught=False)
    goes = await one_more(chronicle, taught=True)
    await say(chronicle, goes, PatternVerdict.REJECTED)
    assert await forget(chronicle, goes) == 0
    assert await chronicle.knowledge.judgements() == ()


async def test_a_word_that_takes_back_nothing_that_stays_is_not_said_again() -> None:
    chronicle = memory()
    _, goes = [await one_more(chronicle, taught=True) for _ in range(2)]
    await say(chronicle, goes, PatternVerdict.REJECTED)
    await say(chronicle, goes, PatternVerdict.OPEN)
    assert await forget(chronicle, goes) == 0
