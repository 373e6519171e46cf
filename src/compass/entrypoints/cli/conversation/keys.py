"""Keys of a terminal: bytes to keys, and the terminal as it was afterwards whatever happens."""

from __future__ import annotations

import asyncio
import codecs
import os
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

ENTER, ESC, BACK, END, KILL = "enter", "esc", "backspace", "end", "kill"
UP, DOWN, PAGE_UP, PAGE_DOWN = "up", "down", "page up", "page down"
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"
ESC_S = 0.05
"""After this long an escape that nothing followed was the key, not the beginning of a sequence."""
PASTE_S = 3.0
"""After this long a paste whose end did not come is over: else a lost end would make every later key a part of it."""
MOST_READ = 65_536
MOST_HELD = 262_144
"""Characters of one paste that are kept, its beginning: more than anything takes of it."""
_CONTROLS = {
    "\r": ENTER, "\n": ENTER, "\x7f": BACK, "\x08": BACK, "\x04": END, "\x15": KILL,
}  # fmt: skip
_SEQUENCES = {"A": UP, "B": DOWN, "5~": PAGE_UP, "6~": PAGE_DOWN}


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `name` is empty for what is typed or pasted as text; a paste is one key, whatever it holds."""

    name: str = ""
    text: str = ""
    pasted: bool = False


@dataclass(slots=True)
class Decoder:
    """Bytes as they come to keys. A sequence may be cut anywhere; what is not known is dropped whole."""

    held: str = ""
    _utf8: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))

    def feed(self, data: bytes) -> list[Key]:
        """The keys that are whole now."""
        came = self._utf8.decode(data)
        if self.pasting and not self._ends(came):
            return []
        self.held += came
        found: list[Key] = []
        while self.held:
            taken, key = self._first()
            if not taken:
                break
            self.held = self.held[taken:]
            found += [key] if key is not None else []
        return found

    def flush(self) -> list[Key]:
        """What is held although nothing followed: an escape was the key itself, a paste without its end is whole."""
        if self.pasting:
            text, self.held = self.held.removeprefix(PASTE_BEGINS), ""
            return [_pasted(text)]
        if not self.held.startswith("\x1b"):
            return []
        rest, self.held = self.held[1:], ""
        return [Key(ESC), *self.feed(rest.encode())]

    @property
    def pasting(self) -> bool:
        """Whether a paste has begun and its end has not come."""
        return self.held.startswith(PASTE_BEGINS)

    def _ends(self, came: str) -> bool:
        """Whether the paste that is under way ends in what came. If not, that is held, as far as it may be: each part
        is looked at once, however much is pasted."""
        near = self.held[1 - len(PASTE_ENDS) :] + came
        if PASTE_ENDS in near:
            return True
        self.held += came
        if len(self.held) > MOST_HELD:
            self.held = self.held[:MOST_HELD] + near[1 - len(PASTE_ENDS) :]  # its end may have begun
        return False

    def _first(self) -> tuple[int, Key | None]:
        """(how many characters the first key takes, the key); 0 while it is not whole, None where it means nothing."""
        text = self.held
        if text[0] != "\x1b":
            if text[0] in _CONTROLS:
                return 1, Key(_CONTROLS[text[0]])
            return 1, Key(text=text[0]) if text[0].isprintable() else None
        if text.startswith(PASTE_BEGINS):
            ends = text.find(PASTE_ENDS)
            if ends < 0:
                return 0, None
            return ends + len(PASTE_ENDS), _pasted(text[len(PASTE_BEGINS) : ends])
        if len(text) == 1:
            return 0, None
        if text[1] not in "[O":
            return (1, Key(ESC)) if text[1] == "\x1b" else (2, None)  # Alt and a key means nothing
        for at, character in enumerate(text[2:], start=2):
            if "@" <= character <= "~":
                return at + 1, Key(known) if (known := _SEQUENCES.get(text[2 : at + 1])) else None
        return 0, None


def _pasted(text: str) -> Key:
    return Key(text=text.replace("\r\n", "\n").replace("\r", "\n"), pasted=True)


@dataclass(slots=True)
class Keyboard:
    """Keys of one terminal, unechoed, as many at a time as came at once. Read by the running event loop. Ctrl-C stays
    what it is.

    Given back as it was when left, also by an exception. `gone` is called when the terminal went away.
    """

    terminal: int
    pressed: Callable[[Sequence[Key]], None]
    gone: Callable[[], None]
    _decoder: Decoder = field(default_factory=Decoder)
    _before: list[int | list[bytes | int]] | None = None
    _waiting: asyncio.TimerHandle | None = None

    def __enter__(self) -> Keyboard:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_back()

    def take(self) -> None:
        """Also again: a shell has set the terminal up for itself meanwhile. What it was at first is what it will be."""
        if self._before is None:
            self._before = termios.tcgetattr(self.terminal)
        mode = termios.tcgetattr(self.terminal)
        # Ctrl-S must not freeze who writes, and with it the lease; what is frozen by Ctrl-Z would lose it.
        mode[0] &= ~termios.IXON
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        controls = list(mode[6])
        controls[termios.VMIN], controls[termios.VTIME] = 1, 0
        controls[termios.VSUSP] = bytes([os.fpathconf(self.terminal, "PC_VDISABLE")])
        mode[6] = controls
        termios.tcsetattr(self.terminal, termios.TCSADRAIN, mode)  # what was typed already counts
        asyncio.get_running_loop().add_reader(self.terminal, self._read)

    def give_back(self) -> None:
        """As it was at first."""
        self.rest()
        if self._before is not None:
            with suppress(termios.error):  # it went away: there is nothing to give back
                termios.tcsetattr(self.terminal, termios.TCSADRAIN, self._before)

    def rest(self) -> None:
        """Read no keys for now, and leave the terminal as it is."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._decoder = Decoder()
        asyncio.get_running_loop().remove_reader(self.terminal)

    def _read(self) -> None:
        try:
            data = os.read(self.terminal, MOST_READ)
        except OSError:
            data = b""
        if not data:  # whoever runs goes on alone
            self.rest()
            self.gone()
            return
        self._send(self._decoder.feed(data))
        if self._waiting is not None:
            self._waiting.cancel()
        wait = PASTE_S if self._decoder.pasting else ESC_S
        self._waiting = asyncio.get_running_loop().call_later(wait, self._alone) if self._decoder.held else None

    def _alone(self) -> None:
        self._send(self._decoder.flush())

    def _send(self, keys: list[Key]) -> None:
        if keys:
            self.pressed(keys)
