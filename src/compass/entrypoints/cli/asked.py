"""One line of a person, where there is one to ask."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from compass.entrypoints.cli.render.output import prompt, tell
from compass.entrypoints.cli.stopped import NOTHING, StoppedError
from compass.ports.errors import BadInputError


@contextmanager
def question(left: str = NOTHING) -> Iterator[None]:
    """While a person is asked the first Ctrl-C ends the question, its line with it. Raises StoppedError(left).

    In a coroutine it would not: asyncio only notes the first one, for a task that awaits nothing while it reads."""
    try:
        with _heard_at_once():
            yield
    except KeyboardInterrupt:
        tell()
        raise StoppedError(left) from None


@contextmanager
def _heard_at_once() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # signals are none of its business
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def answered(given: str, asked: str, example: str, *, needed: bool = True) -> str:
    """What the option says; without one a person at a terminal is asked. Raises BadInputError with the example where it
    is needed and nobody is there."""
    if given:
        return given
    if somebody_there():
        line = line_of(asked)
        if line or not needed:
            return line
    if needed:
        raise BadInputError("it was not said", where="--was", hint=example)
    return ""


def line_of(asked: str, left: str = NOTHING) -> str:
    """What a person at the terminal answers to a question, on its line. Raises StoppedError(left) for Ctrl-C."""
    return _read(asked, left).strip()


def _read(asked: str, left: str = NOTHING) -> str:
    with question(left):
        prompt(asked)
        return sys.stdin.readline()


def said_yes(asked: str, left: str = NOTHING) -> bool:
    """Whether a person at the terminal says yes; Enter and all else is no. Raises StoppedError(left) for Ctrl-C."""
    return line_of(asked, left).lower() in ("y", "yes")


def somebody_there() -> bool:
    """Whether a person at a terminal can read a question and answer it."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))  # None: it was closed


def picked(asked: str, options: Sequence[str], other: str) -> int | None:
    """The place of the option that a person picks by its number; None for `other`, also with Enter. What is neither is
    asked again. Raises BadInputError where the input ends."""
    tell(f"{asked}:")
    for number, option in enumerate(options, start=1):
        tell(f"  {number}  {option}")
    tell(f"  0  {other}")
    while True:
        line = _read(f"Which is meant (1 to {len(options)}; Enter: 0)? ")
        if not line:
            raise BadInputError("nothing was picked", where="what it was", hint="; ".join(options))
        if line.strip() in ("", "0"):
            return None
        if line.strip().isdecimal() and 0 < int(line) <= len(options):
            return int(line) - 1
