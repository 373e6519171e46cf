"""What is learned keeps up with the chronicle, whoever comes next, and never in the way of an investigation."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from compass.domain.chronicle import Ended, NewEvent, Opened
from compass.domain.failure import Status
from compass.domain.learned import Cause, Resolved
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.learning import catch_up, catching_up
from compass.ports.errors import StorageError
from compass.storage.memory import MemoryChronicle
from tests.support.boards import INCIDENT, ORDERS


async def ended(chronicle: MemoryChronicle) -> UUID:
    investigation = await chronicle.create("t")
    opened = Opened(incident=INCIDENT, engine="t", mode="parallel", commander="human", specialists=())
    end = Ended(status=Status.DONE, exit_code=0, said="done")
    news = [NewEvent(key="opened", payload=opened, actor="t"), NewEvent(key="ended", payload=end, actor="t")]
    await chronicle.append(investigation, None, news)
    return investigation


async def test_every_investigation_that_ended_is_learned_from_once() -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    for _ in range(3):
        await ended(chronicle)
    assert await catch_up(chronicle, at_once=2) == 2
    assert await catch_up(chronicle) == 1
    assert await catch_up(chronicle) == 0
    assert {one.number for one in await chronicle.knowledge.incidents()} == {1, 2, 3}


async def test_a_word_that_came_later_is_learned_by_whoever_comes_next() -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    investigation = await ended(chronicle)
    await catch_up(chronicle)
    said = Resolved(by="human", cause=Cause(mechanism="pool", entity=ORDERS))
    await chronicle.append(investigation, None, [NewEvent(key="resolved/1", payload=said, actor="human")])
    assert await chronicle.knowledge.lessons() == ()
    async with catching_up(chronicle, pytest.fail):
        while not await chronicle.knowledge.lessons():  # noqa: ASYNC110  # the task beside has no event to wait for
            await asyncio.sleep(0)
    (lesson,) = await chronicle.knowledge.lessons()
    assert (lesson.mechanism, lesson.id) == ("pool", "#1/resolved/1/for")


async def test_what_goes_wrong_beside_an_investigation_is_told_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    told: list[str] = []

    async def gone() -> tuple[UUID, ...]:
        raise StorageError("the database is gone")

    monkeypatch.setattr(chronicle.knowledge, "behind", gone)
    async with catching_up(chronicle, told.append):
        while not told:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0)
    assert told == ["compass: what earlier incidents teach is not up to date: the database is gone"]
