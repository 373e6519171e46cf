"""Lines that a team wants to see whatever else is said: what is about one of them is never set aside."""

from __future__ import annotations

from collections.abc import Mapping

from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.observation import LINES_SERIES, Observation, Verdict
from compass.domain.sign import CRITICAL
from compass.domain.team import CriticalError
from compass.projections.team.lines import contains, may_contain
from compass.projections.team.reach import holding


def critical_errors(
    entries: tuple[CriticalError, ...], o: Observation, containment: Mapping[EntityRef, EntityRef], now_ns: int,
    *, masked: bool = False,
) -> tuple[CriticalError, ...]:  # fmt: skip
    """The critical errors that an observation is, or may be, about: by the templates it rests on and, where it is read
    from lines, by its own words, which quote an example; what was looked for by name also by that name, as not all of
    a line is quoted. `masked`: also where nothing but an error code is named, and a wildcard may stand for it."""
    read = o.sign == CRITICAL or o.sign.startswith("log.") or o.series.startswith(LINES_SERIES)
    if not entries or not (read or o.statements):
        return ()
    return tuple(
        entry for entry in holding(entries, o.entity, containment, now_ns)
        if (o.sign == CRITICAL and o.series == series_of(o.entity, entry))
        or any(contains(o.text, line) for line in entry.lines)
        or any(may_contain(said, line, masked=masked) for line in entry.lines for said in o.statements)
    )  # fmt: skip


def series_of(entity: EntityRef, entry: CriticalError) -> str:
    """By which an observation of lines that were looked for says what they were looked for for."""
    return f"{LINES_SERIES}{entity.key}|{entry.id}"


def criticals(board: Board) -> tuple[tuple[Observation, tuple[CriticalError, ...]], ...]:
    """What is about critical errors on the board, what was read for their sake first, then the strongest."""
    if board.team is None or board.incident is None or not board.team.critical_errors:
        return ()
    entries, now_ns = board.team.critical_errors, board.incident.now_ns
    seen = (o for o in board.observations.values() if o.verdict is Verdict.ANOMALY)
    found = [(o, met) for o in seen if (met := critical_errors(entries, o, board.containment, now_ns))]
    return tuple(sorted(found, key=lambda one: (one[0].sign != CRITICAL, -one[0].strength, one[0].id)))
