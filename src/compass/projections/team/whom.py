"""Whom to call, by how bad it is and what is hit, as the team wrote it down. COMPASS calls nobody."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.incident import Severity
from compass.domain.team import LEVELS, Escalation
from compass.projections.situation import paged, situation
from compass.projections.team.reach import holding_anywhere


def whom(board: Board) -> tuple[Escalation, ...]:
    """For the paged service, else for what is affected: the nearest reach first, then in the order of the files.

    Where nobody said how bad it is, everybody is named whose severities are not the point.
    """
    if board.team is None or board.incident is None or not board.team.escalation:
        return ()
    incident, first = board.incident, paged(board)
    about = (first,) if first is not None else situation(board).affected
    hit = about or board.entities
    able = [
        entry for entry in holding_anywhere(board.team.escalation, hit, board.containment, incident.now_ns)
        if not entry.severities or incident.severity in entry.severities or incident.severity is Severity.UNKNOWN
    ]  # fmt: skip
    return tuple(sorted(able, key=lambda entry: -LEVELS.index(entry.reach.level)))
