"""Commands as processes of their own that need not import everything again.

Starting an interpreter and importing what a command needs takes longer than most commands run. So a template process
(tests/support/template.py) does that once, and each command is a fork of it: with its own memory, streams,
environment, folder and signals, and it can be frozen and killed. What the interpreter reads from its environment when
it starts cannot be given to a fork: `can_fork` says which environments need a start of their own.
"""

from __future__ import annotations

import array
import atexit
import functools
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from tests.support.template import LONGEST_MESSAGE, NUMBER

TEMPLATE = Path(__file__).with_name("template.py")
FRESH = "COMPASS_TEST_FRESH"
"""Set to have every command start an interpreter of its own."""
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "COVERAGE_", "OPENBLAS_", "OMP_")


def bare() -> dict[str, str]:
    """Nothing of this machine's settings but what a process needs to run."""
    own = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    if "PYTHONPATH" in own:  # a command in another folder is the same command
        own["PYTHONPATH"] = os.pathsep.join(
            str(Path(entry).absolute()) for entry in own["PYTHONPATH"].split(os.pathsep)
        )
    return own | {"LANG": "C.UTF-8", "TZ": "UTC"}


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether an interpreter started with this environment would be as the template is."""
    return FRESH not in os.environ and _at_start(environment) == _at_start(bare())


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environment.items() if key.startswith(_READ_AT_START)}


class Forked:
    """A running command: what `subprocess.Popen` gives, as far as tests need it."""

    def __init__(self, report: socket.socket, stdout: int | None, stderr: int | None) -> None:
        self._report = report
        self.pid = int(NUMBER.unpack(_exactly(report))[0])
        self.stdout = None if stdout is None else _text(stdout)
        self.stderr = None if stderr is None else _text(stderr)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code; minus the signal's number for one that was killed; None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("compass", timeout or 0.0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Everything that it still writes, and its end."""
        ends = None if timeout is None else time.monotonic() + timeout
        written = {name: bytearray() for name in ("stdout", "stderr")}
        with selectors.DefaultSelector() as waiting:
            for name, stream in (("stdout", self.stdout), ("stderr", self.stderr)):
                if stream is not None and not stream.closed:
                    waiting.register(stream.fileno(), selectors.EVENT_READ, (name, stream))
            while waiting.get_map():
                ready = waiting.select(None if ends is None else max(0.0, ends - time.monotonic()))
                if not ready:
                    raise subprocess.TimeoutExpired("compass", timeout or 0.0)
                for key, _ in ready:
                    name, stream = key.data
                    chunk = os.read(key.fd, 65536)
                    written[name] += chunk
                    if not chunk:
                        waiting.unregister(key.fd)
                        stream.close()
        self.wait(None if ends is None else max(0.0, ends - time.monotonic()))
        return written["stdout"].decode("utf-8", "replace"), written["stderr"].decode("utf-8", "replace")

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, within_s: float | None) -> int | None:
        if self.returncode is None:
            self._report.settimeout(within_s)
            try:
                status = NUMBER.unpack(_exactly(self._report))[0]
            except (BlockingIOError, TimeoutError):
                return None
            self._report.close()
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def _exactly(report: socket.socket) -> bytes:
    said = report.recv(NUMBER.size, socket.MSG_WAITALL)
    assert len(said) == NUMBER.size, "the template process has ended"
    return said


def _text(descriptor: int) -> TextIO:
    return open(descriptor, encoding="utf-8", errors="replace")


def fork(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: Path | None, terminal: int | None = None
) -> Forked:
    """Start a command: on the terminal given, or with no input and pipes to read from."""
    if terminal is not None:
        return Forked(_told(arguments, environment, cwd, (terminal, terminal, terminal)), None, None)
    nothing = os.open(os.devnull, os.O_RDONLY)
    (out, its_out), (err, its_err) = os.pipe(), os.pipe()
    try:
        return Forked(_told(arguments, environment, cwd, (nothing, its_out, its_err)), out, err)
    finally:
        for descriptor in (nothing, its_out, its_err):
            os.close(descriptor)


def _told(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: Path | None, streams: tuple[int, int, int]
) -> socket.socket:
    """Tell the template what to become. Returns where it will say the number and the end of the process."""
    command = {"arguments": list(arguments), "environment": dict(environment), "folder": str(cwd or Path.cwd())}
    message = json.dumps(command).encode()
    assert len(message) < LONGEST_MESSAGE
    report, its_report = socket.socketpair()
    with its_report:
        passed = array.array("i", (*streams, its_report.fileno()))
        _template().sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
    return report


@functools.cache
def _template() -> socket.socket:
    """The socket of the template process of this test process. It ends when this socket is closed."""
    control, its_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its_control:
        process = subprocess.Popen(
            [sys.executable, str(TEMPLATE), str(its_control.fileno())], env=bare(), pass_fds=[its_control.fileno()]
        )

    def end() -> None:
        control.close()
        process.wait(10.0)

    atexit.register(end)
    return control
