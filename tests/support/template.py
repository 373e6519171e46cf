"""A process that has imported the command line, and forks itself for every command: see tests/support/forked.py.

Run as a script: `template.py FD`. FD is a socket over which a command comes as one JSON message with four descriptors:
its standard streams, and where its process number and, when it has ended, its wait status are told.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
from typing import NoReturn, TextIO, cast

LONGEST_MESSAGE = 1 << 17
NUMBER = struct.Struct("=i")
DESCRIPTORS = 4
NOT_AHEAD = "compass.llm.providers."
"""Not imported ahead: each brings a library of its own, and one command needs one of them."""
LIBRARIES = ("psycopg", "pydantic_ai.models.openai", "pydantic_ai.providers.openai_compatible")
"""Imported by functions that need them, so that modules without them start quickly. Of the providers' libraries the one
that nearly all tests with a model speak through."""


def import_ahead() -> None:
    """Everything that some command imports when it is needed."""
    import compass

    for module in pkgutil.walk_packages(compass.__path__, "compass."):
        if not module.name.startswith(NOT_AHEAD):
            importlib.import_module(module.name)
    for name in LIBRARIES:
        importlib.import_module(name)


def read_ahead() -> None:
    """The package's own files that nearly every command reads, and keeps for as long as it runs."""
    from compass.analysis.log_meaning import load_meanings
    from compass.mechanisms.loader import load_catalogue
    from compass.signals.catalogue import builtin

    for read in (load_meanings, load_catalogue, builtin):
        read()


def serve(control: socket.socket) -> None:
    """Fork for each command that comes. Returns in the child only; the template ends when its starter does."""
    reports: dict[int, socket.socket] = {}
    awake, wake = socket.socketpair()
    for end in (awake, wake):
        end.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a test run is for whoever started it
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    while True:
        ready, _, _ = select.select([control, awake], [], [])
        if awake in ready:
            awake.recv(4096)
            reap(reports)
        if control in ready:
            message, ancillary, _, _ = control.recvmsg(
                LONGEST_MESSAGE, socket.CMSG_SPACE(DESCRIPTORS * NUMBER.size), socket.MSG_CMSG_CLOEXEC
            )
            if not message:
                os._exit(0)
            descriptors = array.array("i", ancillary[0][2][: DESCRIPTORS * NUMBER.size]).tolist()
            report = socket.socket(fileno=descriptors.pop())
            number = os.fork()
            if number == 0:
                for mine in (control, awake, wake, report, *reports.values()):
                    mine.close()
                become(json.loads(message), descriptors)
                return
            report.sendall(NUMBER.pack(number))
            reports[number] = report
            for descriptor in descriptors:
                os.close(descriptor)


def reap(reports: dict[int, socket.socket]) -> None:
    """Tell of everything that has ended."""
    while reports:
        number, status = os.waitpid(-1, os.WNOHANG)
        if number == 0:
            return
        with reports.pop(number) as report, contextlib.suppress(BrokenPipeError):  # whoever started it has ended
            report.sendall(NUMBER.pack(status))


def become(command: dict[str, object], streams: list[int]) -> None:
    """Be what a fresh interpreter would be for this command: its streams, environment, folder, signals and name."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    environment, arguments, folder = command["environment"], command["arguments"], command["folder"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    assert isinstance(folder, str)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    time.tzset()
    tempfile.tempdir = None
    sys.stdin, sys.stdout, sys.stderr = (
        stream(0, sys.stdin, "r"),
        stream(1, sys.stdout, "w"),
        stream(2, sys.stderr, "w"),
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    main = sys.modules["compass.entrypoints.cli.main"]
    sys.modules["__main__"] = main  # what processes that a command starts import again
    sys.argv = [str(main.__file__), *arguments]


def stream(number: int, model: TextIO, mode: str) -> TextIO:
    """A standard stream, encoded as the interpreter's own, and buffered as it would be on this descriptor."""
    buffering = 1 if number == 2 or os.isatty(number) else -1
    return cast(
        TextIO,
        open(number, mode, buffering, encoding=model.encoding, errors=model.errors, closefd=False),
    )


def leave(code: int) -> NoReturn:
    """End as an interpreter does, but for taking every module apart: that takes longer than most commands run."""
    threading._shutdown()  # type: ignore[attr-defined]  # as processes of multiprocessing end
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> NoReturn:
    control = socket.socket(fileno=int(sys.argv[1]))
    import_ahead()
    read_ahead()
    gc.freeze()  # what is here stays: no command need look at it
    serve(control)
    from compass.entrypoints.cli.main import run

    try:
        run()
    except SystemExit as end:
        leave(end.code if isinstance(end.code, int) else 0)
    raise AssertionError("a command says how it ended")


if __name__ == "__main__":
    main()
