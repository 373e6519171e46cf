"""Work that a team announced, where it meets the incident: it annotates what is seen meanwhile, suppresses nothing."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.team import Maintenance
from compass.domain.time import Window
from compass.projections.team.hours import meeting
from compass.projections.team.names import known_entities
from compass.projections.team.reach import holding_anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One stretch of announced work. `after_onset`: it surely began after the onset, so it began nothing."""

    entry: Maintenance
    window: Window
    after_onset: bool = False


def announced(board: Board) -> tuple[Work, ...]:
    """All that meets the window of the incident up to now, about anything that is known here, in order of time."""
    if board.team is None or board.incident is None or not board.team.maintenance:
        return ()
    incident, latest = board.incident, board.onset.instant.latest_ns if board.onset is not None else None
    over = Window(start_ns=incident.window.start_ns, end_ns=max(incident.window.start_ns, incident.now_ns))
    here = holding_anywhere(board.team.maintenance, known_entities(board), board.containment, incident.now_ns)
    found = [
        Work(entry=entry, window=window, after_onset=latest is not None and latest < window.start_ns)
        for entry in here
        for window in meeting(entry.spans, entry.weekly, over)
    ]
    return tuple(sorted(found, key=lambda one: (one.window, one.entry.id)))
