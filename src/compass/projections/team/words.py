"""How an entry is named to people."""

from __future__ import annotations

from compass.domain.team import Entry, FalseAlarm


def kind_of(entry: Entry) -> str:
    return "false alarm" if isinstance(entry, FalseAlarm) else "normal behaviour"


def where(entry: Entry) -> str:
    """Where it is written, as editors and reviewers find it."""
    return f"{entry.written.path}:{entry.written.line}"
