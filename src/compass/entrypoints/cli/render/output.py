"""Where lines go: a colour terminal, a plain pipe, or JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from compass.entrypoints.cli.render.page import Page
from compass.redaction import bound, escape_json

NARROWEST = 40
USUAL = 80
SHORTEST = 16
LONGEST = 4_000
"""Characters of one line that holds words of telemetry."""


@dataclass(slots=True)
class _Line:
    """The last line of the terminal that this process writes to: whether a progress line stands on it."""

    stands: bool = False

    def clear(self) -> None:
        if self.stands:
            self.stands = False
            _beside(CLEAR, end="")


CLEAR = "\r\x1b[K"
_LINE = _Line()
"""There is one terminal for a process, and whatever is printed next has to know what stands there."""


class _Lined(Console):
    def print(self, *objects: Any, **how: Any) -> None:
        """Never behind a progress line."""
        _LINE.clear()
        super().print(*objects, **how)


class _Console(_Lined):
    def on_broken_pipe(self) -> None:
        """Leave it to the outermost boundary: a reader that went away (`| head`) is no failure."""
        raise BrokenPipeError


class _Progress(_Lined):
    def on_broken_pipe(self) -> None:
        _nobody_reads()


def console() -> Console:
    """Colours on a terminal unless NO_COLOR is set; never wraps, so that columns stay columns."""
    return _Console(highlight=False, soft_wrap=True, markup=False, emoji=False, file=sys.stdout)


def progress_console() -> Console:
    """What is being done, on stderr. Work goes on when nobody reads it any more (`2>&1 | head`)."""
    return _Progress(stderr=True, highlight=False)


def page(out: Console, *, full: bool = False, of: int = 0) -> Page:
    """The room there is, for what is shown `of` an investigation (see `Page`). A pipe gets everything, uncut: nothing
    may be lost on the way to a file or to grep."""
    if not out.is_terminal:
        return Page(width=100, full=full, uncut=True, unicode=_unicode(), of=of)
    if full:  # a view of details is there to be read whole: the terminal wraps what is long
        return Page(width=max(NARROWEST, out.width), full=True, uncut=True, unicode=_unicode(), of=of)
    return Page(width=max(NARROWEST, out.width), height=max(SHORTEST, out.height), full=full, unicode=_unicode(), of=of)


def show(out: Console, lines: Iterable[Text]) -> None:
    """Print lines; control characters that telemetry brought along are taken out."""
    for line in lines:
        plain = line.plain
        cleaned = clean(plain)
        out.print(line if cleaned == plain else Text(cleaned), no_wrap=True, overflow="ignore", crop=False)


def say(text: str = "") -> None:
    """A line of an answer on stdout. Control characters that telemetry and servers brought along go."""
    _LINE.clear()
    print(clean(text))


def tell(text: str = "") -> None:
    """A line beside the answer, on stderr: the same."""
    _LINE.clear()
    _beside(clean(text), end="\n")


def prompt(text: str) -> None:
    """A question on stderr that is answered on its line."""
    _LINE.clear()
    _beside(clean(text), end="")


def progress(text: str) -> None:
    """On a terminal how far it is, in place of what was said last; empty: nothing more. Else nothing. It stands until
    anything else is said, and takes one row: only that can be taken back."""
    if sys.stderr.isatty():
        _beside(f"{CLEAR}{clean(text)[: _columns() - 1]}", end="")
        _LINE.stands = bool(text)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL
    except OSError:
        return USUAL


def _beside(text: str, end: str) -> None:
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except BrokenPipeError:
        _nobody_reads()


def _nobody_reads() -> None:
    """What is told beside the answer has lost its reader. That ends no work: it goes nowhere from here on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    os.close(nowhere)


def clean(text: str) -> str:
    """A line that may be printed as it is: nothing in it moves the cursor, sets the clipboard or hides what follows."""
    return bound(text, LONGEST)


@contextmanager
def meanwhile(text: str) -> Iterator[None]:
    """Say on a terminal what is being done, and leave nothing of it behind."""
    progress(text)
    try:
        yield
    finally:
        progress("")


def show_json(value: object, *, model_lost: str | None = None) -> None:
    """One JSON document on standard output, keys in order. `model_lost` is added to a part of a view, which does not
    hold it: why the language model was not asked any more, empty where it was not lost."""
    plain = msgspec.to_builtins(value, str_keys=True, order="sorted")
    if model_lost is not None:
        plain = {**plain, "model_lost": model_lost}
    data = msgspec.json.encode(plain, order="sorted")
    _LINE.clear()
    sys.stdout.write(escape_json(msgspec.json.format(data, indent=2).decode()) + "\n")


def _unicode() -> bool:
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return encoding == "utf8" and os.environ.get("TERM") != "linux"
