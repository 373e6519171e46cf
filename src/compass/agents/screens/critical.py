"""Lines that the team must see, looked for by name: whether they are unusual or not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from compass.agents.observe import observe
from compass.agents.screens.logs import LogStudy, log_study
from compass.agents.screens.series import gap_unless_named
from compass.analysis.spans import Ints
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.observation import Observation, Quantity, Verdict
from compass.domain.sign import CRITICAL
from compass.domain.team import CriticalError
from compass.domain.time import Instant
from compass.ports.specialist import Look, StepResult
from compass.projections.team.critical import series_of
from compass.projections.team.lines import contains, plain, says
from compass.projections.team.reach import holding
from compass.redaction import redact

STRENGTH = 0.9
"""The team says that it is critical; nothing was compared. No mechanism that ships asks for the sign."""
Lines = Sequence[tuple[str, str]]
"""Lines as they were written and as they are compared."""
_PLACED = re.compile(r"(?i)\[?redacted[^\]]*\]?")
HIDES = "critical errors, as the team wrote them down"


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalScreen:
    """Looks for the lines of critical errors, wherever in the window they were written."""

    agent: str
    id: str = "critical"
    text: str = "looking for what the team calls critical"
    cost: float = 0.5

    async def run(self, look: Look) -> StepResult:
        """Raises SourceError from the port."""
        study = await log_study(look)
        if len(study.table) == 0:
            gaps = gap_unless_named(look.board, "logs", "no logs", HIDES)
            return StepResult(gaps=gaps, found="no logs", work=self.cost)
        seen = await asyncio.to_thread(lambda: tuple(self._find(study, look.board)))
        return StepResult(observations=seen, found=seen[0].text if seen else "none was written", work=self.cost)

    def _find(self, study: LogStudy, board: Board) -> Iterator[Observation]:
        team, incident = board.team, board.incident
        if team is None or incident is None:
            return
        for group, entity in enumerate(study.table.entities):
            entries = tuple(holding(team.critical_errors, entity, board.containment, incident.now_ns))
            if not entries:
                continue
            mine = np.flatnonzero(study.lines.group == group)
            mine = mine[np.argsort(study.table.times_ns[mine], kind="stable")]
            lines = [(line, plain(line)) for line in map(str, study.table.line[mine])]
            for entry in entries:
                rows = mine[list(_saying(lines, entry.lines))] if lines else mine
                if rows.size:
                    yield self._observe(study, entity, entry, rows)

    def _observe(self, study: LogStudy, entity: EntityRef, entry: CriticalError, rows: Ints) -> Observation:
        times_ns = study.table.times_ns[rows]
        now = rows[study.given.now(times_ns)]
        first = int(now[0] if now.size else rows[0])
        means = f" ({entry.means})" if entry.means else ""
        counted = f"{now.size} line{'s' * (now.size != 1)} since the onset, {rows.size - now.size} before"
        text = f"{entity}: {entry.id}{means}, {counted}: {study.example(first)}"
        return observe(
            agent=self.agent, sign=CRITICAL, entity=entity, verdict=Verdict.ANOMALY, text=text, answer=study.answer,
            series=series_of(entity, entry), strength=STRENGTH, statements=study.statements(first),
            since=Instant(ns=int(study.table.times_ns[first])), value=Quantity(value=float(now.size)),
            baseline=Quantity(value=float(rows.size - now.size)),
        )  # fmt: skip


def _saying(lines: Lines, wanted: tuple[str, ...]) -> Iterator[int]:
    """The numbers of the lines that say one of `wanted`, as they were written or as COMPASS shows them.

    Every line is read: a template has a wildcard where an error code stands, and only a part of a structured line.
    """
    shown = tuple((one, _beside(one)) for one in wanted if _PLACED.search(one))
    for number, (line, said) in enumerate(lines):
        if any(says(said, one) for one in wanted) or any(
            all(piece in said for piece in beside) and contains(redact(line), one) for one, beside in shown
        ):
            yield number


def _beside(wanted: str) -> tuple[str, ...]:
    """What a line says as it was written where, with its secrets left out, it says `wanted`: to leave them out takes
    much longer than to look for this."""
    return tuple(piece for part in _PLACED.sub("*", wanted).split("*") if (piece := plain(part)))
