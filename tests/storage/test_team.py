"""One suite for the versions of a team's knowledge: in memory, embedded, and in a PostgreSQL without pgvector."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from compass.domain.team import MetricRule, Reach, TeamKnowledge, Written
from compass.ports.chronicle import Chronicle
from compass.ports.errors import StorageError
from compass.ports.team import OutrunError
from compass.storage.knowledge_rows import decode
from compass.storage.team_rows import encode, entries_in
from tests.support.team import read, whole


@pytest.fixture
def knowledge(tmp_path: Path) -> TeamKnowledge:
    found = read(whole(tmp_path))
    assert not found.errors
    return replace(found.knowledge, commit="abc+")


async def test_nothing_holds_before_anything_was_applied(chronicle: Chronicle) -> None:
    store = chronicle.team_knowledge
    assert await store.latest() is None
    assert await store.read() is None
    assert await store.read(1) is None
    assert await store.versions() == ()


async def test_what_was_applied_is_read_as_it_was_given(chronicle: Chronicle, knowledge: TeamKnowledge) -> None:
    store = chronicle.team_knowledge
    first = await store.apply(knowledge, based_on=0, by="alice")
    assert (first.number, first.by, first.commit, first.digest) == (1, "alice", "abc+", knowledge.digest)
    assert first.entries == entries_in(knowledge) == 9
    assert abs(datetime.now(UTC) - first.at) < timedelta(hours=1)
    assert await store.read() == replace(knowledge, version=1)
    assert await store.latest() == first
    second = await store.apply(TeamKnowledge(digest="empty"), based_on=1, by="bob")
    again = await store.apply(knowledge, based_on=2, by="bob", restores=1)
    assert await store.versions() == (again, second, first)
    assert await store.versions(limit=1) == (again,)
    assert (again.restores, second.restores, second.entries) == (1, None, 0)
    assert await store.read(1) == replace(knowledge, version=1)
    assert await store.read(2) == TeamKnowledge(digest="empty", version=2)
    assert await store.read() == replace(knowledge, version=3)
    assert await store.read(4) is None
    assert await store.read(0) is None


async def test_whoever_saw_an_older_version_is_told_and_changes_nothing(chronicle: Chronicle) -> None:
    store = chronicle.team_knowledge
    await store.apply(TeamKnowledge(digest="one"), based_on=0, by="alice")
    with pytest.raises(OutrunError, match=r"version 1 was applied by alice meanwhile.*nothing applied yet") as told:
        await store.apply(TeamKnowledge(digest="two"), based_on=0, by="bob")
    assert told.value.latest == await store.latest()
    with pytest.raises(OutrunError, match="differs from version 7"):
        await store.apply(TeamKnowledge(digest="two"), based_on=7, by="bob")
    assert len(await store.versions()) == 1


async def test_a_version_is_not_built_on_nothing(chronicle: Chronicle) -> None:
    with pytest.raises(StorageError, match="no version 3 to build on"):
        await chronicle.team_knowledge.apply(TeamKnowledge(), based_on=3, by="alice")


async def test_of_two_at_once_one_is_kept(chronicle: Chronicle) -> None:
    store = chronicle.team_knowledge
    tries = [store.apply(TeamKnowledge(digest=f"d{n}"), based_on=0, by=f"p{n}") for n in range(4)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, OutrunError) for one in done) == 3
    assert len(await store.versions()) == 1


async def test_what_could_not_be_read_again_is_not_kept(chronicle: Chronicle) -> None:
    strange = MetricRule(id="x", reach=Reach(), written=Written(path="a", line=1), rule={"name": float("nan")})
    with pytest.raises(StorageError, match="read as something else"):
        await chronicle.team_knowledge.apply(TeamKnowledge(metrics=(strange,)), based_on=0, by="alice")
    broken = replace(strange, rule={"name": object()})
    with pytest.raises(StorageError, match="cannot be stored"):
        await chronicle.team_knowledge.apply(TeamKnowledge(metrics=(broken,)), based_on=0, by="alice")
    with pytest.raises(StorageError, match="something else"):
        await chronicle.team_knowledge.apply(TeamKnowledge(digest="a\0b"), based_on=0, by="alice")
    assert await chronicle.team_knowledge.latest() is None


def test_text_and_back(knowledge: TeamKnowledge) -> None:
    assert decode(TeamKnowledge, encode(knowledge)) == replace(knowledge, commit="")
