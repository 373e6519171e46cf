"""One line of a person, where there is one to ask."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from compass.entrypoints.cli.render.output import prompt, tell
from compass.ports.errors import BadInputError


def answered(given: str, question: str, example: str, *, needed: bool = True) -> str:
    """What the option says; without one a person at a terminal is asked. Raises BadInputError with the example where it
    is needed and nobody is there."""
    if given:
        return given
    if somebody_there():
        line = line_of(question)
        if line or not needed:
            return line
    if needed:
        raise BadInputError("it was not said", where="--was", hint=example)
    return ""


def line_of(question: str) -> str:
    """What a person at the terminal answers to a question, on its line."""
    prompt(question)
    return sys.stdin.readline().strip()


def said_yes(question: str) -> bool:
    """Whether a person at the terminal says yes; Enter and all else is no."""
    return line_of(question).lower() in ("y", "yes")


def somebody_there() -> bool:
    """Whether a person at a terminal can read a question and answer it."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))  # None: it was closed


def picked(question: str, options: Sequence[str], other: str) -> int | None:
    """The place of the option that a person picks by its number; None for `other`, also with Enter. What is neither is
    asked again. Raises BadInputError where the input ends."""
    tell(f"{question}:")
    for number, option in enumerate(options, start=1):
        tell(f"  {number}  {option}")
    tell(f"  0  {other}")
    while True:
        prompt(f"Which is meant (1 to {len(options)}; Enter: 0)? ")
        line = sys.stdin.readline()
        if not line:
            raise BadInputError("nothing was picked", where="what it was", hint="; ".join(options))
        if line.strip() in ("", "0"):
            return None
        if line.strip().isdecimal() and 0 < int(line) <= len(options):
            return int(line) - 1
