"""Lines that the team must see, looked for by name: whether they are unusual or not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compass.agents.observe import observe
from compass.agents.screens.logs import LogStudy, log_study
from compass.agents.screens.series import gap_unless_named
from compass.analysis.spans import Ints
from compass.analysis.templates import MAX_TOKENS
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.observation import LINES_SERIES, Observation, Quantity, Verdict
from compass.domain.sign import CRITICAL
from compass.domain.team import CriticalError
from compass.domain.time import Instant
from compass.ports.specialist import Look, StepResult
from compass.projections.team.lines import contains, may_contain
from compass.projections.team.reach import holding
from compass.redaction import redact

STRENGTH = 0.9
"""The team says that it is critical; nothing was compared. No mechanism that ships asks for the sign."""
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
            mine = study.lines.group == group
            for entry in holding(team.critical_errors, entity, board.containment, incident.now_ns):
                rows = _rows(study, np.flatnonzero(mine), entry)
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
            series=f"{LINES_SERIES}{entity.key}|{entry.id}", strength=STRENGTH, statements=study.statements(first),
            since=Instant(ns=int(study.table.times_ns[first])), value=Quantity(value=float(now.size)),
            baseline=Quantity(value=float(rows.size - now.size)),
        )  # fmt: skip


def _rows(study: LogStudy, rows: Ints, entry: CriticalError) -> Ints:
    """Of `rows` (in the order of time) those that say it. Templates that cannot are passed over: lines are many."""
    ids = study.templates.ids[rows]
    able = [k for k in np.unique(ids) if _able(study, int(k), entry.lines)]
    said = [int(row) for row in rows[np.isin(ids, able)] if _says(str(study.table.line[row]), entry.lines)]
    return np.array(said, dtype=np.int64)[np.argsort(study.table.times_ns[said], kind="stable")] if said else rows[:0]


def _able(study: LogStudy, template: int, wanted: tuple[str, ...]) -> bool:
    text = study.templates.texts[template]
    if len(text.split()) >= MAX_TOKENS:  # what stands behind is not in the template
        return True
    example = str(study.table.line[study.templates.examples[template]])  # with what a template leaves out: its level
    return any(may_contain(text, line) or contains(example, line) for line in wanted)


def _says(line: str, wanted: tuple[str, ...]) -> bool:
    return any(contains(line, one) for one in wanted) or any(contains(redact(line), one) for one in wanted)
