"""The terminal of a conversation: stopped and gone on, in the foreground and not, it is sane for whoever has it."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import termios
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from compass.entrypoints.cli.conversation import terminal as terminal_module
from compass.entrypoints.cli.conversation.scene import Row
from compass.entrypoints.cli.conversation.screen import Screen
from compass.entrypoints.cli.conversation.terminal import Terminal

OPENED, CLOSED = b"\x1b[?1049h", b"\x1b[?1049l"


@dataclass
class Desk:
    """A terminal, and what a shell that it belongs to would see of it."""

    terminal: Terminal
    controller: int
    end: int
    before: list[Any]
    drawn: bytearray = field(default_factory=bytearray)
    stopped: list[bool] = field(default_factory=list)

    @property
    def raw(self) -> bool:
        return not termios.tcgetattr(self.end)[3] & (termios.ICANON | termios.ECHO)

    def stop(self) -> None:
        self.stopped.append(termios.tcgetattr(self.end) == self.before)

    def read(self) -> None:
        self.drawn += os.read(self.controller, 65536)

    def paint(self) -> None:
        self.terminal.screen.paint([Row(Text("the keys"))], 80)

    async def until(self, so: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not so():  # noqa: ASYNC110  # a state of the terminal has no event
                await asyncio.sleep(0.01)

        await asyncio.wait_for(wait(), 30)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    controller, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 80))
    with os.fdopen(os.dup(end), "w") as file:
        screen = Screen(Console(file=file, force_terminal=True, width=80))
        terminal = Terminal(screen, end, lambda keys: None, lambda: made.paint(), lambda: None, lambda: made.stop())
        made = Desk(terminal, controller, end, termios.tcgetattr(end))
        asyncio.get_running_loop().add_reader(controller, made.read)
        yield made
        asyncio.get_running_loop().remove_reader(controller)
    os.close(controller)
    os.close(end)


async def test_stopped_it_gives_the_terminal_back_first_and_takes_it_again(desk: Desk) -> None:
    with desk.terminal:
        desk.paint()
        os.kill(os.getpid(), signal.SIGTSTP)
        await desk.until(lambda: bool(desk.stopped))
        assert desk.stopped == [True], "as it was before it stops"
        await desk.until(lambda: desk.drawn.endswith(CLOSED))
        os.kill(os.getpid(), signal.SIGCONT)
        await desk.until(lambda: desk.drawn.count(b"the keys") == 2)
        assert desk.raw
        assert desk.drawn.count(OPENED) == 2
    assert termios.tcgetattr(desk.end) == desk.before
    await desk.until(lambda: desk.drawn.endswith(CLOSED))


async def test_stopped_without_a_word_it_is_set_up_again_and_in_the_end_it_is_as_it_was_at_first(desk: Desk) -> None:
    with desk.terminal:
        desk.paint()
        termios.tcsetattr(desk.end, termios.TCSANOW, desk.before)  # so does a shell
        os.kill(os.getpid(), signal.SIGCONT)
        await desk.until(lambda: desk.drawn.count(b"the keys") == 2)
        assert desk.raw
    assert termios.tcgetattr(desk.end) == desk.before


async def test_in_the_background_the_terminal_is_the_shells_until_it_is_let_to_the_front(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    front: list[bool] = []
    monkeypatch.setattr(terminal_module, "in_foreground", lambda _file: bool(front))
    with desk.terminal:
        termios.tcsetattr(desk.end, termios.TCSANOW, desk.before)
        os.kill(os.getpid(), signal.SIGCONT)
        await desk.until(lambda: desk.terminal.screen.lent)
        desk.paint()
        assert not desk.raw
        assert not asyncio.get_running_loop().remove_reader(desk.end), "to read would stop it"
        front.append(True)  # a shell sends no signal to what runs already
        await desk.until(lambda: b"the keys" in desk.drawn)
        assert desk.raw


async def test_what_ends_in_the_background_leaves_the_terminal_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal_module, "in_foreground", lambda _file: False)
    with desk.terminal:
        desk.terminal.keep("compass: it was said meanwhile")
        os.kill(os.getpid(), signal.SIGCONT)
        await desk.until(lambda: desk.terminal.screen.lent)
        shell = termios.tcgetattr(desk.end)
        drawn = bytes(desk.drawn)
    assert termios.tcgetattr(desk.end) == shell
    assert bytes(desk.drawn) == drawn
    assert "said meanwhile" in capsys.readouterr().err
