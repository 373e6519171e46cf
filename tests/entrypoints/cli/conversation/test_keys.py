"""Bytes to keys, and the terminal given back as it was."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
from collections.abc import Iterator, Sequence

import pytest

from compass.entrypoints.cli.conversation.keys import (
    MOST_HELD,
    PASTE_BEGINS,
    PASTE_ENDS,
    Decoder,
    Key,
    Keyboard,
)


def keys(*chunks: bytes) -> list[Key]:
    decoder = Decoder()
    found = [key for chunk in chunks for key in decoder.feed(chunk)]
    return [*found, *decoder.flush()]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([b"r2\r"], [Key(text="r"), Key(text="2"), Key("enter")]),
        ([b"\x7f\x08\x04\x15\n"], [Key("backspace"), Key("backspace"), Key("end"), Key("kill"), Key("enter")]),
        ([b"\x1b"], [Key("esc")]),
        ([b"\x1b\x1b"], [Key("esc"), Key("esc")]),
        ([b"\x1b", b"[A"], [Key("up")]),
        ([b"\x1b[5", b"~\x1bOB"], [Key("page up"), Key("down")]),
        ([b"\x1b[15~\x1b[1;5Cx"], [Key(text="x")]),  # keys that mean nothing here
        ([b"\x1bs"], []),  # Alt and s is no s
        ([b"\x1a\x00\x13"], []),
        (["ü".encode()[:1], "ü".encode()[1:]], [Key(text="ü")]),
        ([b"\xff"], [Key(text="�")]),
        ([b"\x1b[200~a\r\ns\x1b[2", b"01~q"], [Key(text="a\ns", pasted=True), Key(text="q")]),
    ],
)
def test_keys_come_whole_however_their_bytes_are_cut(chunks: list[bytes], expected: list[Key]) -> None:
    assert keys(*chunks) == expected


def test_a_paste_under_way_is_no_escape_and_one_whose_end_is_lost_swallows_no_keys() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x1b[200~half") == []
    assert decoder.pasting
    assert decoder.feed(b" of it\x1b[201~") == [Key(text="half of it", pasted=True)]
    assert decoder.feed(b"\x1b[200~all that\rcame") == []
    assert decoder.flush() == [Key(text="all that\ncame", pasted=True)]
    assert decoder.feed(b"q") == [Key(text="q")]


@pytest.mark.parametrize("cut", range(1, len(PASTE_ENDS) + 1))
def test_of_an_endless_paste_the_beginning_is_held_and_its_end_is_found_wherever_it_is_cut(cut: int) -> None:
    decoder, line = Decoder(), "a line of a log\n"
    decoder.feed(PASTE_BEGINS.encode())
    for _ in range(3 * MOST_HELD // len(line) // 256):
        assert decoder.feed(line.encode() * 256) == []
        assert len(decoder.held) <= MOST_HELD + len(PASTE_ENDS)
    assert decoder.feed(PASTE_ENDS[:cut].encode()) == [] or cut == len(PASTE_ENDS)
    if cut < len(PASTE_ENDS):
        paste, after = decoder.feed(PASTE_ENDS[cut:].encode() + b"q")
        assert after == Key(text="q")
        assert paste.pasted
        assert paste.text.startswith(line * 1000)
        assert "\x1b" not in paste.text
    assert decoder.held == ""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    controller, end = pty.openpty()
    yield controller, end
    os.close(controller)
    os.close(end)


async def test_the_terminal_is_given_back_as_it_was_also_by_an_exception(terminal: tuple[int, int]) -> None:
    controller, end = terminal
    before = termios.tcgetattr(end)
    pressed: asyncio.Queue[Key] = asyncio.Queue()

    def typed(keys: Sequence[Key]) -> None:
        for key in keys:
            pressed.put_nowait(key)

    async def talked() -> None:
        with Keyboard(end, typed, lambda: None):
            assert not termios.tcgetattr(end)[3] & (termios.ICANON | termios.ECHO)
            assert termios.tcgetattr(end)[3] & termios.ISIG, "Ctrl-C stays what it is"
            os.write(controller, b"w\x1b")
            assert await asyncio.wait_for(pressed.get(), 30) == Key(text="w")
            assert await asyncio.wait_for(pressed.get(), 30) == Key("esc")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await talked()
    assert termios.tcgetattr(end) == before


async def test_a_terminal_that_goes_away_is_told_and_ends_nothing() -> None:
    controller, end = pty.openpty()
    gone: list[bool] = []
    keyboard = Keyboard(end, lambda keys: None, lambda: gone.append(True))
    keyboard.take()
    os.close(controller)
    keyboard._read()
    assert gone == [True]
    assert not asyncio.get_running_loop().remove_reader(end), "it is still read"
    os.close(end)
