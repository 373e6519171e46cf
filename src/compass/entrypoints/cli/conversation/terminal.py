"""The terminal of a conversation: taken whole, given back whole, with what was said meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from compass.entrypoints.cli.conversation.keys import Key, Keyboard
from compass.entrypoints.cli.conversation.screen import Screen
from compass.entrypoints.cli.render.output import tell


@dataclass(slots=True)
class Terminal:
    """A screen that is painted on, keys that are read from `file`, and its size. `pressed` and `resized` are called by
    the running event loop."""

    screen: Screen
    file: int
    pressed: Callable[[Sequence[Key]], None]
    resized: Callable[[], None]
    _kept: list[str] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Terminal:
        loop = asyncio.get_running_loop()
        with ExitStack() as opened:
            opened.enter_context(self.screen)
            opened.enter_context(Keyboard(self.file, self.pressed))
            loop.add_signal_handler(signal.SIGWINCH, self.resized)
            opened.callback(loop.remove_signal_handler, signal.SIGWINCH)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        for text in self._kept:  # it was painted over
            tell(text)

    def keep(self, text: str) -> None:
        """It is told when the terminal is given back: what is painted is gone then."""
        self._kept.append(text)
