"""Issues that a team knows and has not mended: which of them show themselves here."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.observation import Observation, Verdict
from compass.domain.team import KnownIssue
from compass.projections.team.discount import is_about
from compass.projections.team.reach import holding


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An issue, and what of this incident looks like it, strongest first."""

    entry: KnownIssue
    seen: tuple[Observation, ...]


def known_issues(board: Board) -> tuple[Known, ...]:
    """In the order of the team's files. What was set aside is like nothing."""
    if board.team is None or board.incident is None or not board.team.known_issues:
        return ()
    met: dict[int, list[Observation]] = {}
    abnormal = [o for o in board.observations.values() if o.verdict is Verdict.ANOMALY]
    for o in sorted(abnormal, key=lambda o: (-o.strength, o.id)):
        for entry in holding(board.team.known_issues, o.entity, board.containment, board.incident.now_ns):
            if is_about(entry.matching, o):
                met.setdefault(id(entry), []).append(o)
    return tuple(
        Known(entry=entry, seen=tuple(met[id(entry)])) for entry in board.team.known_issues if id(entry) in met
    )
