"""Somebody who types: a command on a pseudo-terminal that asks questions and gets answers."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
from collections.abc import Sequence
from pathlib import Path

from tests.support.cli import PATIENCE_S, Cli, Done


def converse(
    cli: Cli, *arguments: str | Path, answers: Sequence[tuple[str, str]], rows: int = 24, columns: int = 80,
    cwd: Path | None = None, **environment: str,
) -> Done:  # fmt: skip
    """Run to the end. Each of `answers` is (what is waited for on the screen, what is typed then, before Enter)."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = cli.start(*arguments, cwd=cwd, terminal=terminal, **{"TERM": "xterm-256color", **environment})
    os.close(terminal)
    drawn, seen, left = bytearray(), 0, list(answers)
    while True:
        if not select.select([controller], [], [], PATIENCE_S)[0]:
            process.kill()
            process.wait()
            os.close(controller)
            raise AssertionError(f"it waits for {left}:\n{drawn.decode('utf-8', 'replace')}")
        try:
            chunk = os.read(controller, 65536)
        except OSError:  # the last process closed the terminal
            break
        if not chunk:
            break
        drawn += chunk
        if left and (at := drawn.find(left[0][0].encode(), seen)) >= 0:
            seen = at + len(left[0][0].encode())
            os.write(controller, f"{left.pop(0)[1]}\n".encode())
    os.close(controller)
    out = drawn.decode("utf-8", "replace").replace("\r\n", "\n")
    code = process.wait(PATIENCE_S)
    assert not left, f"it never asked {left[0][0]!r}:\n{out}"
    return Done(code=code, out=out, err="")
