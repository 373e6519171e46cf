"""What an investigation reads of the team's knowledge when it begins, and that it never waits or fails for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from compass.domain.team import TeamKnowledge
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.team import Applied, applied_knowledge
from compass.ports.errors import StorageError
from compass.storage.memory import MemoryChronicle
from compass.storage.memory_team import MemoryTeamStore


@dataclass
class Broken(MemoryTeamStore):
    """Fails, or never answers."""

    fails: bool

    async def read(self, number: int | None = None) -> TeamKnowledge | None:
        if self.fails:
            raise StorageError("the database failed", where="here")
        await asyncio.Event().wait()
        raise AssertionError


async def test_the_latest_version_is_read() -> None:
    chronicle = MemoryChronicle(SystemClock())
    assert await applied_knowledge(chronicle) == Applied()
    await chronicle.team_knowledge.apply(TeamKnowledge(digest="d", commit="c"), based_on=0, by="alice")
    found = await applied_knowledge(chronicle)
    assert found == Applied(knowledge=replace(TeamKnowledge(digest="d", commit="c"), version=1))


async def test_a_failing_or_silent_store_is_said_and_ends_nothing() -> None:
    chronicle = MemoryChronicle(SystemClock())
    chronicle.team_knowledge = Broken(fails=True)
    assert (await applied_knowledge(chronicle)).lost == "here: the database failed"
    chronicle.team_knowledge = Broken(fails=False)
    assert (await applied_knowledge(chronicle, within_s=0.01)).lost == "no answer within 0 s"
