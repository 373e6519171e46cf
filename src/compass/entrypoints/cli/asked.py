"""One line of a person, where there is one to ask."""

from __future__ import annotations

import sys

from compass.ports.errors import BadInputError


def answered(given: str, question: str, example: str, *, needed: bool = True) -> str:
    """What the option says; without one a person at a terminal is asked. Raises BadInputError with the example where it
    is needed and nobody is there."""
    if given:
        return given
    if sys.stdin.isatty() and sys.stderr.isatty():
        print(question, end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline().strip()
        if line or not needed:
            return line
    if needed:
        raise BadInputError("it was not said", where="--was", hint=example)
    return ""
