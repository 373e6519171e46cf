"""Child processes that do not outlive the lab, and free loopback ports."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from random import SystemRandom
from urllib.request import urlopen

REPOSITORY = Path(__file__).parents[1]
STOP_SECONDS = 10.0
PRIORITY = -10
PORTS = range(12_000, 32_000)


class LabError(RuntimeError):
    """The lab could not start, or could not go on."""


def free_ports(count: int) -> list[int]:
    """Distinct loopback ports that are free now.

    Below the range that outgoing connections draw from, so that none of those takes a port before it is used.
    """
    ports: list[int] = []
    chance = SystemRandom()
    with ExitStack() as held:
        while len(ports) < count:
            probe, port = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM)), chance.choice(PORTS)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(port)
    return ports


def go_first() -> None:
    """Where we may, run before the machine's other work: what is recorded should come from the incident alone."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)


def answers(port: int) -> bool:
    """Whether something takes connections on a loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def shows(port: int, path: str) -> bool:
    """Whether a loopback server shows a page."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:  # refused, late, or answered with an error: URLError is one
        return False


def die_with_parent() -> None:
    """Ask Linux to end this process when the lab's process ends, however it ends."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def stop(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> None:
    """End a child: politely, and after some seconds for certain."""
    if process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str, seconds: float = 30.0) -> None:
    """Poll until a child is ready; a child that ended or takes too long is an error."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise LabError(f"{what} ended while starting, with code {process.returncode}")
        if time.monotonic() > deadline:
            raise LabError(f"{what} was not ready after {seconds:.0f} s")
        time.sleep(0.05)
