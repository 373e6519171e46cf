"""An import that is killed in the middle leaves all that was known before."""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID, uuid4

import psycopg
import pytest

from compass.domain.knowledge import Learned
from tests.storage.conftest import backend
from tests.storage.learned import Counting, past
from tests.storage.support import blocked, child_environment

IMPORTER = """
import asyncio, sys
from uuid import UUID
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.sharing import take_in
from compass.storage.connect import open_chronicle
from tests.storage.learned import Counting, learned, past

async def main(url, team):
    chronicle = await open_chronicle(clock=SystemClock(), database_url=url, team=team, embedder=Counting())
    incoming = [learned(past(investigation=UUID(int=n), number=n, source="import")) for n in (2, 3)]
    await take_in(chronicle.knowledge, incoming)
    await chronicle.close()

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


async def test_what_is_replaced_by_an_import_that_is_killed_stays(
    request: pytest.FixtureRequest, debian_url: str
) -> None:
    """It is killed while it waits to keep the lessons of an incident that replaces a known one."""
    team = f"team-{uuid4()}"
    known = past(investigation=UUID(int=1), number=2, source="laptop", solved=False)  # the page of the second, unsolved
    async with backend(request, "debian", team, Counting()) as chronicle:
        await chronicle.knowledge.learn([Learned(incident=known)])
        async with await psycopg.AsyncConnection.connect(debian_url) as keeping:
            await keeping.execute("lock table compass.lesson in share mode")
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", IMPORTER, debian_url, team, env=child_environment()
            )
            async with asyncio.timeout(60):
                await blocked(keeping)
            child.kill()
            await child.wait()
            await keeping.commit()
        assert await chronicle.knowledge.incidents() == (known,)
