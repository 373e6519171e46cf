"""What is wrong in a team's files: everything at once, each with its line and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from compass.domain.team import Written


class Gravity(StrEnum):
    """An error has to be mended before anything is applied; a warning is worth a look; a note only says."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`line` counts from 1; 0 is the file as a whole."""

    path: str
    line: int
    what: str
    do: str = ""
    gravity: Gravity = Gravity.ERROR

    def __str__(self) -> str:
        label = "" if self.gravity is Gravity.ERROR else f"{self.gravity}: "
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {label}{self.what}{f'; {self.do}' if self.do else ''}"


@dataclass(slots=True)
class Problems:
    """Collects them. `errors` counts those that have to be mended."""

    found: list[Problem] = field(default_factory=list)
    errors: int = 0

    def add(self, at: Written, what: str, do: str = "", gravity: Gravity = Gravity.ERROR) -> None:
        self.found.append(Problem(path=at.path, line=at.line, what=what, do=do, gravity=gravity))
        self.errors += gravity is Gravity.ERROR

    def warn(self, at: Written, what: str, do: str = "") -> None:
        self.add(at, what, do, Gravity.WARNING)

    def note(self, at: Written, what: str, do: str = "") -> None:
        self.add(at, what, do, Gravity.NOTE)

    def ordered(self) -> tuple[Problem, ...]:
        """By file and line, once each."""
        return tuple(sorted(dict.fromkeys(self.found), key=lambda one: (one.path, one.line, one.gravity, one.what)))


def meant(word: str, known: Iterable[str], *, most: int = 8) -> str:
    """What to do about a word that is not known: the nearest ones, or what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"known: {', '.join(names[:most])}{', ...' if len(names) > most else ''}" if names else ""
