"""What is printed is kept: real processes, killed with SIGKILL at random moments."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from compass.entrypoints.clock import SystemClock
from compass.storage.connect import open_chronicle
from compass.storage.embedded import EmbeddedServer
from compass.storage.postgres import PostgresChronicle
from tests.storage.support import ended, many, new, server_user, start_child

KILLS = 10


@pytest.fixture
def team() -> str:
    return f"team-{uuid4()}"


@pytest.fixture
async def chronicle(embedded_server: EmbeddedServer, embedded_dir: Path, team: str) -> AsyncIterator[PostgresChronicle]:
    opened = await open_chronicle(clock=SystemClock(), data_dir=embedded_dir, team=team, server_user=server_user())
    yield opened
    await opened.close()


def child_arguments(folder: Path, team: str, investigation: UUID, role: str, name: str, count: int) -> list[str]:
    return [str(folder), server_user() or "", team, str(investigation), role, name, str(count)]


def printed(output: str) -> dict[str, int]:
    """Key → number of the whole lines a child wrote."""
    lines = [line.split() for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return {key: int(seq) for seq, key in lines}


async def test_a_killed_runner_loses_nothing_it_said(
    chronicle: PostgresChronicle, embedded_dir: Path, team: str
) -> None:
    investigation = await chronicle.create("killed")
    said: dict[str, int] = {}
    randomness = random.Random(7)
    for number in range(KILLS):
        arguments = child_arguments(embedded_dir, team, investigation, "runner", f"child{number}", 100_000)
        child = start_child(arguments)
        assert child.stdout is not None
        first = await asyncio.to_thread(child.stdout.readline)
        await asyncio.sleep(randomness.uniform(0.0, 0.12))
        os.kill(child.pid, signal.SIGKILL)
        rest, _ = await asyncio.to_thread(child.communicate)
        said |= printed(first + rest)
        assert await chronicle.verify(investigation) >= len(said)
    events = await chronicle.read(investigation)
    stored = {event.key: event.seq for event in events}
    assert len(said) > KILLS
    assert {key: stored.get(key) for key in said} == said
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.epoch for event in events] == sorted(event.epoch or 0 for event in events)
    assert events[-1].epoch == KILLS
    assert len(events) <= len(said) + KILLS  # at most the one in flight at each kill was not said


async def test_a_runner_and_a_person_append_from_two_processes(
    chronicle: PostgresChronicle, embedded_dir: Path, team: str
) -> None:
    investigation = await chronicle.create("two at once")
    children = [
        start_child(child_arguments(embedded_dir, team, investigation, role, role, 60)) for role in ("runner", "human")
    ]
    said: dict[str, int] = {}
    for child in children:
        output, _ = await asyncio.to_thread(child.communicate)
        assert child.returncode == 0
        said |= printed(output)
    events = await chronicle.read(investigation)
    assert {event.key: event.seq for event in events} == said
    assert sorted(said.values()) == list(range(1, 121))
    assert {event.epoch for event in events if event.actor == "human"} == {None}
    assert await chronicle.verify(investigation) == 120


async def test_a_long_chronicle_is_read_in_pages(chronicle: PostgresChronicle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compass.storage.postgres._PAGE", 7)
    investigation = await chronicle.create("long")
    for count in (14, 6, 1):
        await chronicle.append(investigation, None, [*many(str(count), count)])
    await chronicle.append(investigation, None, [new("end", ended())])
    assert [event.seq for event in await chronicle.read(investigation)] == list(range(1, 23))
    assert [event.seq for event in await chronicle.read(investigation, after=8)] == list(range(9, 23))
    assert [event.seq async for event in chronicle.follow(investigation)] == list(range(1, 23))
    assert await chronicle.verify(investigation) == 22


async def test_a_follower_in_one_process_sees_appends_of_another(
    chronicle: PostgresChronicle, embedded_dir: Path, team: str
) -> None:
    investigation = await chronicle.create("followed")
    child = start_child(child_arguments(embedded_dir, team, investigation, "runner", "child", 40))
    seen: list[int] = []
    async with asyncio.timeout(20):
        async for event in chronicle.follow(investigation):
            seen.append(event.seq)
            if len(seen) == 40:
                break
    output, _ = await asyncio.to_thread(child.communicate)
    assert seen == list(printed(output).values()) == list(range(1, 41))


async def test_the_server_comes_back_after_it_was_killed(
    chronicle: PostgresChronicle, embedded_server: EmbeddedServer
) -> None:
    investigation = await chronicle.create("server killed")
    await chronicle.append(investigation, None, many("before", 20))
    written = 20
    pids = []
    for number in range(2):
        pid = embedded_server.status().pid
        assert pid is not None
        pids.append(pid)
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            # The process that serves this connection outlives its parent until it notices: it may take one or two more.
            while embedded_server.status().pid in (None, pid):
                written += 1
                await chronicle.append(investigation, None, [new(f"after.{number}.{written}")])
    assert len({*pids, embedded_server.status().pid}) == 3
    assert await chronicle.verify(investigation) == written


async def test_a_follower_survives_a_restart_of_the_server(
    chronicle: PostgresChronicle, embedded_server: EmbeddedServer
) -> None:
    investigation = await chronicle.create("restart")
    await chronicle.append(investigation, None, [new("one")])
    follower = aiter(chronicle.follow(investigation))
    async with asyncio.timeout(20):
        assert (await anext(follower)).key == "one"
        waiting = asyncio.ensure_future(anext(follower))
        await asyncio.sleep(0.1)
        assert await asyncio.to_thread(embedded_server.stop)
        await chronicle.append(investigation, None, [new("two")])
        assert (await waiting).key == "two"
    await follower.aclose()  # type: ignore[attr-defined]


async def test_a_killed_worker_of_the_server_is_not_noticed(
    chronicle: PostgresChronicle, embedded_server: EmbeddedServer
) -> None:
    investigation = await chronicle.create("backend killed")
    await chronicle.append(investigation, None, [new("one")])

    async def backend_of(connection: object) -> int:
        cursor = await connection.execute("select pg_backend_pid()")  # type: ignore[attr-defined]
        (pid,) = await cursor.fetchone()
        return int(pid)

    pid = await chronicle._connections.run(backend_of)
    os.kill(pid, signal.SIGKILL)
    await chronicle.append(investigation, None, [new("two")])
    assert await chronicle.verify(investigation) == 2
