"""A process of its own for the crash tests: appends events and says so, once each is committed.

usage: child.py DATA_DIR SERVER_USER TEAM INVESTIGATION runner|human NAME COUNT
       child.py open DATA_DIR SERVER_USER
       child.py home USER HOME
"""

from __future__ import annotations

import asyncio
import importlib
import os
import pwd
import sys
from pathlib import Path
from uuid import UUID

from compass.domain.chronicle import NewEvent, StepStarted
from compass.entrypoints.clock import SystemClock
from compass.ports.chronicle import Chronicle
from compass.ports.errors import StaleRunnerError
from compass.storage.connect import open_chronicle, open_server


async def claim(chronicle: Chronicle, investigation: UUID, name: str) -> int:
    """Wait for the lease of a runner that died."""
    while True:
        try:
            return await chronicle.claim(investigation, name, ttl_s=0.2)
        except StaleRunnerError:
            await asyncio.sleep(0.02)


async def append(arguments: list[str]) -> None:
    folder, user, team, identity, role, name, count = arguments
    chronicle = await open_chronicle(clock=SystemClock(), data_dir=Path(folder), team=team, server_user=user or None)
    investigation = UUID(identity)
    epoch = await claim(chronicle, investigation, name) if role == "runner" else None
    for number in range(int(count)):
        payload = StepStarted(agent=name, step="s", text="t" * 200, round=number)
        event = NewEvent(key=f"{name}.{number}", payload=payload, actor=name)
        (stored,) = await chronicle.append(investigation, epoch, [event])
        print(stored.seq, stored.key, flush=True)
    await chronicle.close()


async def open_only(folder: str, user: str) -> None:
    chronicle = await open_chronicle(clock=SystemClock(), data_dir=Path(folder), server_user=user or None)
    print(await chronicle.create("from a child"), flush=True)
    await chronicle.close()


async def in_default_folder() -> None:
    """What `compass` does for a user without any setting; the server is stopped again."""
    chronicle = await open_chronicle(clock=SystemClock())
    investigation = await chronicle.create("at home")
    payload = StepStarted(agent="a", step="s", text="t", round=1)
    await chronicle.append(investigation, None, [NewEvent(key="k", payload=payload, actor="a")])
    verified = await chronicle.verify(investigation)
    await chronicle.close()
    server = open_server()
    status = server.status()
    print(verified, status.running, status.data_dir, server.stop(), server.status().running, flush=True)


def become(user: str, home: str) -> None:
    """Stop being root for good. What is loaded lazily is loaded first: that user may not be able to read it."""
    for module in ("psycopg", "msgspec.json", "compass.storage.embedded", "compass.storage.migrate", *LAZY):
        importlib.import_module(module)
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = home
    for variable in ("XDG_DATA_HOME", "XDG_RUNTIME_DIR", "COMPASS_DATA_DIR"):
        os.environ.pop(variable, None)


LAZY = (
    "concurrent.futures.thread",
    "psycopg.conninfo",
    "psycopg.rows",
    "compass.storage.connections",
    "compass.storage.postgres",
)


if __name__ == "__main__":
    if sys.argv[1] == "open":
        asyncio.run(open_only(*sys.argv[2:]))
    elif sys.argv[1] == "home":
        become(*sys.argv[2:])
        asyncio.run(in_default_folder())
    else:
        asyncio.run(append(sys.argv[1:]))
