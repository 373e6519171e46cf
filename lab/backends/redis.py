"""A Redis server for one recording: in memory, loopback only, gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from lab.processes import LabError, die_with_parent, stop, wait_until

APT_SECONDS = 300


@dataclass(frozen=True)
class RedisServer:
    """A running server."""

    url: str
    pid: int
    log: Path


def find_binary() -> str | None:
    """Where redis-server is, if it is installed."""
    return shutil.which("redis-server")


def install() -> None:
    """Install Debian's redis-server when it is missing and we may."""
    if find_binary() is not None:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise LabError("needs Debian package redis-server")
    # RUNLEVEL=1 keeps the package from starting a server of its own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "redis-server"]):
        subprocess.run(command, check=False, capture_output=True, timeout=APT_SECONDS, env=environment)
    if find_binary() is None:
        raise LabError("needs Debian package redis-server: apt-get could not install it")


@contextmanager
def run_redis(folder: Path, port: int, name: str) -> Iterator[RedisServer]:
    """Start a server without persistence and stop it at the end."""
    install()
    log = folder / f"{name}.log"
    command = [
        find_binary() or "redis-server",
        *("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
        *("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru", "--dir", str(folder)),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TZ": "UTC"},
            preexec_fn=die_with_parent,
        )
    url = f"redis://127.0.0.1:{port}/0"
    try:
        wait_until(lambda: _answers(url), process, "Redis")
        yield RedisServer(url, process.pid, log)
    finally:
        stop(process)


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
    finally:
        client.close()
