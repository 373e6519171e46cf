"""What was committed, as far as the screen has to know it: who does what, and what came last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from compass.domain.chronicle import Event, Opened, Proposed
from compass.entrypoints.cli.render.live import LiveView


@dataclass(slots=True)
class Course:
    """`live`: the agents and what they do. `news`: the last thing that was committed, in words."""

    live: LiveView
    news: str = ""

    def take(self, event: Event) -> None:
        """One committed event."""
        line = self.live.take(event.payload).strip()
        self.news = line.split("\n")[0] or self.news

    def recall(self, events: Iterable[Event]) -> None:
        """What was committed before this run began: who works, and what theories are called. It is no news."""
        for event in events:
            if isinstance(event.payload, Opened | Proposed):
                self.live.take(event.payload)
