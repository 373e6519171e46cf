"""What the storage tests share: a clock, payloads, and where servers may live."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from compass.domain.chronicle import Ended, NewEvent, Opened, Payload, Resumed, StepStarted
from compass.domain.failure import Status
from compass.domain.incident import Incident
from compass.domain.time import Window
from compass.storage.places import Owner

CHILD = Path(__file__).with_name("child.py")
SOURCES = Path(__file__).parents[2] / "src"
DEBIAN_BIN = Path("/usr/lib/postgresql/15/bin")


def owner_for_tests() -> Owner:
    """Who runs servers in tests. As root an existing user, so that a test run adds none to the machine."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Owner(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switched=False)
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return Owner(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switched=True)


def server_user() -> str | None:
    owner = owner_for_tests()
    return owner.name if owner.switched else None


@contextmanager
def folder_outside_homes() -> Iterator[Path]:
    """A temporary folder that the server's user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="compass-test-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def step(text: str = "look") -> StepStarted:
    return StepStarted(agent="database", step="observe", text=text, round=1)


def new(key: str, payload: Payload | None = None, *, cause: str | None = None) -> NewEvent:
    return NewEvent(key=key, payload=payload or step(key), actor="agent:database", cause=cause)


def many(prefix: str, count: int) -> tuple[NewEvent, ...]:
    return tuple(new(f"{prefix}.{number}") for number in range(count))


def opened(title: str = "orders are slow") -> Opened:
    incident = Incident(title=title, window=Window(start_ns=0, end_ns=10), detected_ns=5, now_ns=10)
    return Opened(incident=incident, engine="test", mode="parallel", commander="human", specialists=("database",))


def ended(status: Status = Status.DONE) -> Ended:
    return Ended(status=status, exit_code=0, said="done")


def resumed(after_seq: int = 1) -> Resumed:
    return Resumed(runner="b", after_seq=after_seq)


def child_environment(**more: str) -> dict[str, str]:
    inherited = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    path = os.pathsep.join([str(SOURCES), str(Path(__file__).parents[2]), *inherited])
    return {**os.environ, "PYTHONPATH": path, **more}


def start_child(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Run child.py; it prints the number of every event once that is committed."""
    return subprocess.Popen(
        [sys.executable, str(CHILD), *arguments], stdout=subprocess.PIPE, text=True, env=child_environment()
    )


async def blocked(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Return once somebody waits for what this connection has locked."""
    query = "select count(*) from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))"
    while await (await connection.execute(query)).fetchone() == (0,):
        await connection.execute("select pg_stat_clear_snapshot()")
