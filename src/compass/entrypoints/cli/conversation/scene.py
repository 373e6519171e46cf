"""What a conversation is painted from, and what is painted: data alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from compass.entrypoints.cli.conversation import modes as m
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.render.page import Page
from compass.investigation.commanding import Desk

MOST_ACCOUNTS = 9
LEAST_ABOVE = 6
"""Lines of the list that stay in sight whatever is said below."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `whole`: it is to be copied, and goes over the edge of the screen rather than being cut or broken."""

    text: Text
    whole: bool = False

    def height(self, width: int) -> int:
        return max(1, -(-len(self.text.plain) // width)) if self.whole else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that is painted from. `news`: the last thing that was committed, in words. `asked`: what the investigation
    asks (`question`), in words. `reading`: the lines of what is read. `leaves_s`: when an ended conversation closes by
    itself."""

    desk: Desk | None
    live: LiveView
    mode: m.Mode
    page: Page
    said: Sequence[str] = ()
    news: str = ""
    asked: str = ""
    question: m.Question = m.Question.NONE
    reading: Sequence[Text] = ()
    ended: bool = False
    leaves_s: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What is painted, and the lines of accounts in it as they stand there (None: no list is in sight)."""

    rows: tuple[Row, ...]
    shown: tuple[str, ...] | None
