"""What an investigation asks on its way where it is no conversation: one line on standard input, or nobody."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping

from compass.domain.board import Board
from compass.domain.mechanism import Mechanism
from compass.entrypoints.cli.render.beside import documents, told_lines
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.render.output import page, prompt, show, tell
from compass.entrypoints.cli.render.screen import what, where
from compass.investigation.advising.hear import Consent
from compass.investigation.runner import Gate
from compass.projections.build_view import build_view


async def answer_within(most_s: float) -> str | None:
    """The line that somebody types. None: nobody did in time, or standard input has ended, and nobody is there."""
    try:
        line = await asyncio.wait_for(_line(), most_s)
    except TimeoutError:
        line = ""
    if not line:
        tell()
        return None
    return line.strip().lower()


async def _line() -> str:
    """In a way that can be cancelled: a stop must not wait for a key."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def typed() -> None:
        if not line.done():
            line.set_result(sys.stdin.readline())

    try:
        loop.add_reader(sys.stdin.fileno(), typed)
    except PermissionError:  # a file, or what swallows all: it cannot be waited for, and never lets anybody wait
        return sys.stdin.readline()
    try:
        return await line
    finally:
        loop.remove_reader(sys.stdin.fileno())


def gate(live: LiveView, mechanisms: Mapping[str, Mechanism], most_s: float) -> Gate:
    """One keystroke on the terminal: what and where are shown, Enter goes on."""

    async def ask(board: Board) -> bool | None:
        view = build_view(board, mechanisms, id="", number=0)
        with live.paused():
            on = page(live.console)
            show(live.console, [*what(view, on), *where(view, on), *documents(view, on), *told_lines(view, on)])
            prompt("Enter: go on to why · s: stop here  ")
            answer = await answer_within(most_s)
        return None if answer is None else not answer.startswith("s")

    return ask


def consent(live: LiveView, most_s: float) -> Consent:
    """The budget is reached: one line of a person decides. With nobody there for a while it is unattended."""

    async def ask(words: str) -> bool | None:
        with live.paused():
            tell(words)
            prompt(f"y: spend it · anything else, or {most_s:.0f} s: go on without the model  ")
            answer = await answer_within(most_s)
        return None if answer is None else answer in ("y", "yes")

    return ask
