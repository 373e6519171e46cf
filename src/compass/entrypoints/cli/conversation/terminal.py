"""The terminal of a conversation: taken whole, given back whole, with what was said meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from compass.entrypoints.cli.conversation.foreground import in_foreground
from compass.entrypoints.cli.conversation.keys import Key, Keyboard
from compass.entrypoints.cli.conversation.screen import Screen
from compass.entrypoints.cli.render.output import tell

LOOKS_S = 0.3
"""Between two looks whether what runs in the background is in the foreground by now."""


def stop() -> None:
    """Until somebody lets this process go on."""
    os.kill(os.getpid(), signal.SIGSTOP)


@dataclass(slots=True)
class Terminal:
    """A screen that is painted on, keys that are read from `file`, and its size. `pressed`, `resized` (also: all has to
    be painted anew) and `gone` are called by the running event loop.

    Stopped by SIGTSTP it gives the terminal back first. Whatever stopped it, it takes the terminal again when it goes
    on in the foreground: a shell has set it up for itself meanwhile. In the background it goes on without.
    """

    screen: Screen
    file: int
    pressed: Callable[[Sequence[Key]], None]
    resized: Callable[[], None]
    gone: Callable[[], None]
    stop: Callable[[], None] = stop
    _kept: list[str] = field(default_factory=list)
    _keyboard: Keyboard = field(init=False)
    _waiting: asyncio.TimerHandle | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self._keyboard = Keyboard(self.file, self.pressed, self.gone)

    def __enter__(self) -> Terminal:
        loop = asyncio.get_running_loop()
        heard = {signal.SIGWINCH: self.resized, signal.SIGTSTP: self._stopped, signal.SIGCONT: self._goes_on}
        with ExitStack() as opened:
            opened.callback(self._give_back)
            opened.callback(self._wait_no_more)
            self._take()
            for one, then in heard.items():
                loop.add_signal_handler(one, then)
                opened.callback(loop.remove_signal_handler, one)
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

    def _take(self) -> None:
        self.screen.take()
        self._keyboard.take()

    def _give_back(self) -> None:
        if not self.screen.lent:
            self._keyboard.give_back()
            self.screen.give_back()

    def _stopped(self) -> None:
        self._give_back()
        self.stop()

    def _goes_on(self) -> None:
        self._wait_no_more()
        if in_foreground(self.file):
            self._take()
            self.resized()
        else:  # to set it up would stop this process, and it is set up as the shell likes it
            self._keyboard.rest()
            self.screen.lent = True
            # A shell that fetches to the front what runs in the background sends no signal.
            self._waiting = asyncio.get_running_loop().call_later(LOOKS_S, self._goes_on)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
