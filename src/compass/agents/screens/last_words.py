"""Why containers ended, as their own last lines say it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from compass.agents.observe import observe
from compass.agents.screens.kubernetes import shared_analysis
from compass.agents.screens.logs import LogStudy, log_study
from compass.agents.screens.series import objects_of
from compass.analysis.kubernetes.ends import End
from compass.analysis.last_words import last_words
from compass.analysis.log_meaning import whom
from compass.domain.observation import Observation, Quantity, Verdict
from compass.domain.telemetry import ObjectKind
from compass.domain.time import NS_PER_S, Instant
from compass.ports.specialist import Look, StepResult

STRENGTH = 0.8  # the process itself names its reason, and ended: the scale of analysis.kubernetes.finding
ONCE = 0.6  # it ended once and may be well again
NEAREST = 5  # lines; a reason is given at the end, and what stands far before it was survived


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWordsScreen:
    """Reads the last lines of containers that ended with an error and are not ready again."""

    agent: str
    id: str = "last_words"
    text: str = "reading what containers wrote before they ended"
    cost: float = 1.0

    async def run(self, look: Look) -> StepResult:
        """Raises SourceError from the port. Missing objects or logs are named by the screens that rest on them."""
        answer = await objects_of(look, ObjectKind.KUBERNETES)
        ends = (await shared_analysis(look, answer)).ends if answer.data.kubernetes else ()
        if not ends:
            return StepResult(found="no container ended with an error", work=self.cost)
        study = await log_study(look)
        seen = await asyncio.to_thread(lambda: tuple(self._tell(study, ends)))
        return StepResult(
            observations=seen, found=seen[0].text if seen else "their last lines give no reason", work=self.cost
        )

    def _tell(self, study: LogStudy, ends: tuple[End, ...]) -> Iterator[Observation]:
        told = set()
        for end in reversed(ends):  # the latest speaks for its workload
            for words in last_words(study.table, end.pod, end.at_ns, lambda row: _signs(study, row)):
                if words.before_end < NEAREST and (words.sign, end.entity) not in told:
                    told.add((words.sign, end.entity))
                    yield self._observe(study, end, words.sign, words.row)

    def _observe(self, study: LogStudy, end: End, sign: str, row: int) -> Observation:
        line = str(study.table.line[row])
        text = (
            f"container {end.container} of {end.entity} ended with exit code {end.exit_code} "
            f"({end.restarts} restarts), and wrote just before: {study.example(row)}"
        )
        return observe(
            agent=self.agent, sign=sign, entity=end.entity, verdict=Verdict.ANOMALY, text=text, answer=study.answer,
            series=f"last words|{end.entity.key}", strength=STRENGTH if end.restarts > 1 else ONCE,
            value=Quantity(value=float(end.restarts)), since=Instant(ns=end.at_ns, uncertainty_ns=NS_PER_S),
            peer=whom(study.meanings.named(line), end.entity, study.known, study.addresses),
        )  # fmt: skip


def _signs(study: LogStudy, row: int) -> tuple[str, ...]:
    level = study.templates.levels[int(study.templates.ids[row])]
    return study.meanings.signs(str(study.table.line[row]), level)
