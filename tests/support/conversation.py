"""Somebody who types: a command on a pseudo-terminal that asks questions and gets answers."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
from collections.abc import Sequence
from pathlib import Path

from tests.support.cli import PATIENCE_S, Cli, Done, plain


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


class Seat:
    """A command on a terminal that somebody sits at: waits for what is drawn, types, resizes, sends signals."""

    def __init__(self, cli: Cli, *arguments: str | Path, rows: int = 24, columns: int = 80) -> None:
        self._controller, self._terminal = pty.openpty()
        self._size(rows, columns)
        self.before = termios.tcgetattr(self._terminal)
        self.process = cli.start(*arguments, terminal=self._terminal, TERM="xterm-256color")
        self._drawn, self._seen = bytearray(), 0

    def sees(self, text: str) -> None:
        """Wait until that is drawn, after what was waited for before."""
        while (at := self._drawn.find(text.encode(), self._seen)) < 0:
            assert self._read(), f"it never drew {text!r} after {self._tail()}"
        self._seen = at + len(text.encode())

    def types(self, keys: str, sees: str = "") -> None:
        """Type, and wait for what comes of it."""
        os.write(self._controller, keys.encode())
        if sees:
            self.sees(sees)

    def pastes(self, text: str, sees: str) -> None:
        """Paste, as a terminal marks it."""
        self.types(f"\x1b[200~{text}\x1b[201~", sees)

    def resizes(self, rows: int, columns: int) -> None:
        self._size(rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def leaves(self) -> Done:
        """Wait for its end. The terminal has to be as it was before."""
        code = None
        while code is None:
            self._read(0.05)
            code = self.process.poll()
        while self._read(0.05):
            pass
        after = termios.tcgetattr(self._terminal)
        os.close(self._terminal)
        os.close(self._controller)
        assert after == self.before, "the terminal is not as it was"
        return Done(code=code, out=self._drawn.decode("utf-8", "replace").replace("\r\n", "\n"), err="")

    def dies(self) -> None:
        """SIGKILL: the terminal stays as it is, and nobody tidies up."""
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)
        os.close(self._controller)

    def _read(self, wait_s: float = PATIENCE_S) -> bool:
        if not select.select([self._controller], [], [], wait_s)[0]:
            return False
        self._drawn += os.read(self._controller, 65536)
        return True

    def _size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _tail(self) -> str:
        return plain(self._drawn[self._seen :].decode("utf-8", "replace"))[-4000:]
