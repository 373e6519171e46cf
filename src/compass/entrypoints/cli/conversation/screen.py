"""The terminal that a conversation is painted on: a screen of its own, repainted whole in one write, given back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from compass.entrypoints.cli.conversation.scene import Row
from compass.entrypoints.cli.render.page import Page
from compass.redaction import bound

# Another screen, pastes marked as such, no cursor, nothing wraps by itself; and all of it back.
_OPEN, _CLOSE = "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[?7l\x1b[2J", "\x1b[?7h\x1b[?25h\x1b[?2004l\x1b[?1049l"
_BEGIN, _END = "\x1b[?2026h\x1b[H", "\x1b[?2026l"  # terminals that know it show the frame at once
LOWEST, NARROWEST = 3, 20
"""Below that the terminal cuts off what does not fit."""


@dataclass(slots=True)
class Screen:
    """Lines on a terminal. Nothing is written where nothing changed."""

    console: Console
    unicode: bool = True
    of: int = 0
    """What commands that are told must name: here always the number, whatever begins meanwhile."""
    gone: bool = False
    """The terminal went away: nobody sees what would be painted, and nothing waits for it."""
    lent: bool = False
    """The terminal is somebody else's for now: nothing is painted over that."""
    _last: str = ""

    def take(self) -> None:
        """Also again: all of it is painted anew then."""
        self.lent, self._last = False, ""
        self._write(_OPEN)

    def give_back(self) -> None:
        """With what stood there before."""
        self._write(_CLOSE)
        self.lent = True

    def page(self) -> Page:
        """The room there is now."""
        columns, lines = self._size()
        return Page(width=max(NARROWEST, columns), height=max(LOWEST, lines), unicode=self.unicode, of=self.of)

    def paint(self, rows: Sequence[Row], width: int) -> None:
        """Show these instead of what is there."""
        drawn = "\r\n".join(self._line(row, width) for row in rows)
        if drawn != self._last:
            self._last = drawn
            self._write(f"{_BEGIN}{drawn}{_END}")

    def forget(self) -> None:
        """The terminal is another one than before (it was resized): paint all of it."""
        self._last = ""
        self._write("\x1b[2J")

    def _line(self, row: Row, width: int) -> str:
        text = row.text
        clean = bound(text.plain, 4000)
        if clean != text.plain:
            text = text.blank_copy(clean)
        with self.console.capture() as captured:
            self.console.print(text, end="", no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
        drawn = captured.get()
        if not row.whole:
            return f"\x1b[2K{drawn}"
        # Filled up to the edge, so that nothing of an earlier line shows; copied, it is one line.
        return f"\x1b[?7h{drawn}{' ' * (row.height(width) * width - len(clean))}\x1b[?7l"

    def _size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self.console.file.fileno())
        except OSError:
            self.gone = True
            return 80, 24
        return size.columns or 80, size.lines or 24  # one that does not know how large it is says nothing

    def _write(self, text: str) -> None:
        if self.gone or self.lent:
            return
        try:
            self.console.file.write(text)
            self.console.file.flush()
        except OSError:
            self.gone = True
