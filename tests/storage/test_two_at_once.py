"""Two people at one database: two processes that learn, embed and forget at once leave what one would have left."""

from __future__ import annotations

import subprocess
import sys
from uuid import UUID, uuid4

import pytest

from compass.domain.learned import Signature
from tests.storage.conftest import backend
from tests.storage.learned import Counting
from tests.storage.support import child_environment

SHARED = 12
WRITER = """
import asyncio, sys
from uuid import UUID
from compass.storage.connect import open_chronicle
from dataclasses import replace
from compass.entrypoints.clock import SystemClock
from tests.storage.learned import Counting, learned, past

async def main(url, team, me):
    chronicle = await open_chronicle(clock=SystemClock(), database_url=url, team=team, embedder=Counting())
    print("ready", flush=True)
    sys.stdin.readline()
    for seq in range(1, 9):
        shared = [past(f"shared {n} {seq}", number=n, seq=seq, investigation=UUID(int=n + 1)) for n in range(12)]
        own = past(f"own {me} {seq}", number=seq, seq=1, investigation=UUID(int=1000 * me + seq))
        await chronicle.knowledge.learn([learned(one) for one in (*(shared if me == 1 else shared[::-1]), own)])
        await chronicle.knowledge.embed()
        await chronicle.knowledge.forget(UUID(int=500))
    await chronicle.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def start(url: str, team: str, me: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, team, str(me)], text=True, env=child_environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


async def test_two_processes_write_at_once(request: pytest.FixtureRequest, debian_url: str) -> None:
    team = f"team-{uuid4()}"
    writers = [start(debian_url, team, me) for me in (1, 2)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
    async with backend(request, "debian", team, Counting()) as chronicle:
        knowledge = chronicle.knowledge
        assert await knowledge.embed() == 0
        assert await knowledge.count() == SHARED + 16
        assert len(await knowledge.lessons()) == 2 * (SHARED + 16)
        assert len(await knowledge.gaps()) == SHARED + 16
        for number in range(SHARED):
            taught = await knowledge.taught(UUID(int=number + 1))
            assert taught is not None
            assert taught.incident.signature.words == f"shared {number} 8"
            (near,) = await knowledge.nearest(Signature(words=f"shared {number} 8"), limit=1)
            assert near.incident == taught.incident  # the vector is that of the words that stand there
