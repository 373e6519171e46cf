"""Servers for the storage tests: started once a session, stopped at its end, away from any home."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.chronicle import Chronicle
from compass.ports.knowledge import Embedder
from compass.storage.connect import open_chronicle
from compass.storage.embedded import EmbeddedServer
from compass.storage.memory import MemoryChronicle
from tests.storage.support import DEBIAN_BIN, folder_outside_homes, owner_for_tests, server_user

BACKENDS = ("memory", "embedded", "debian")


@pytest.fixture(scope="session")
def embedded_dir() -> Iterator[Path]:
    """The data folder of an embedded server; it is started by whoever connects first."""
    with folder_outside_homes() as folder:
        yield folder / "data"
        EmbeddedServer(folder / "data", server_user=server_user()).stop()


@pytest.fixture(scope="session")
def embedded_server(embedded_dir: Path) -> EmbeddedServer:
    server = EmbeddedServer(embedded_dir, server_user=server_user())
    server.start()
    return server


@pytest.fixture(scope="session")
def debian_url() -> Iterator[str]:
    """A PostgreSQL as a customer would give it: another version, without pgvector."""
    if not DEBIAN_BIN.is_dir():
        pytest.skip("needs Debian package postgresql")
    owner = owner_for_tests()
    with folder_outside_homes() as folder:
        owner.give(folder, writable=True)
        data, options = str(folder / "data"), f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        assert owner.run([f"{DEBIAN_BIN}/initdb", "-D", data, "-U", "alice", "-A", "trust", "-E", "UTF8", "-N"])[0] == 0
        start = ["start", "-w", "-s", "-D", data, "-l", str(folder / "log"), "-o", options]
        assert owner.run([f"{DEBIAN_BIN}/pg_ctl", *start])[0] == 0
        yield f"postgresql://alice@/postgres?host={folder}"
        assert owner.run([f"{DEBIAN_BIN}/pg_ctl", "stop", "-w", "-m", "immediate", "-D", data])[0] == 0


@pytest.fixture(params=BACKENDS)
async def chronicle(request: pytest.FixtureRequest) -> AsyncIterator[Chronicle]:
    """Every implementation, each test with a team of its own."""
    team = f"team-{uuid4()}"
    async with backend(request, request.param, team) as opened:
        yield opened


@asynccontextmanager
async def backend(
    request: pytest.FixtureRequest, name: str, team: str, embedder: Embedder | None = None
) -> AsyncIterator[Chronicle]:
    clock = SystemClock()
    opened: Chronicle
    if name == "memory":
        opened = MemoryChronicle(clock, team, embedder=embedder)
    elif name == "embedded":
        folder = request.getfixturevalue("embedded_dir")
        opened = await open_chronicle(
            clock=clock, data_dir=folder, team=team, server_user=server_user(), embedder=embedder
        )
    else:
        url = request.getfixturevalue("debian_url")
        opened = await open_chronicle(clock=clock, database_url=url, team=team, embedder=embedder)
    try:
        yield opened
    finally:
        await opened.close()
        await asyncio.sleep(0)
