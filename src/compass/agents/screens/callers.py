"""Do all who suffer first call the same thing, although that thing sees nothing wrong with itself?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from compass.agents.observe import observe, strength_of
from compass.agents.screens.series import graph_of, scores_of, series_of
from compass.analysis import findings
from compass.analysis.fronts import Shared, shared_callees
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.observation import Observation, Quality, Verdict
from compass.domain.telemetry import Answer, SignalKind
from compass.ports.specialist import Look, StepResult
from compass.tables.series import SeriesTable

KINDS = frozenset({SignalKind.LATENCY, SignalKind.CLIENT_LATENCY, SignalKind.ERRORS, SignalKind.SUCCESS})
_TROUBLE = {
    "callers.slow": ("latency.up", "client_latency.up"),
    "callers.failing": ("errors.up", "success.down"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallersScreen:
    """Compares who is in trouble with who calls whom."""

    agent: str
    id: str = "callers"
    text: str = "looking for what all who suffer have in common"
    cost: float = 1.0

    async def run(self, look: Look) -> StepResult:
        """One observation a shared callee and sort of trouble. Raises SourceError from the port."""
        answer = await series_of(look, KINDS)
        if not answer.data.rows or not answer.data.times_ns.size or look.board.onset is None:
            return StepResult(found="no latency or errors to compare", work=self.cost)
        return await asyncio.to_thread(self._judge, look.board, answer)

    def _judge(self, board: Board, answer: Answer[SeriesTable]) -> StepResult:
        table = answer.data
        graph = graph_of(board, table)
        scores = scores_of(board, table, graph)
        found = findings.find(table, scores, graph, board.baseline, board.during)
        observations: list[Observation] = []
        for sign, trouble in _TROUBLE.items():
            judged = [f for f in found if f.sign in trouble]
            troubled: dict[EntityRef, float] = {}
            for fact in judged:
                if fact.abnormal:
                    troubled[fact.entity] = max(fact.score, troubled.get(fact.entity, 0.0))
            common = shared_callees(troubled, {f.entity for f in judged}, graph)
            observations += [self._observe(sign, shared, answer) for shared in common]
        said = observations[0].text if observations else "nothing in common beyond what each shows itself"
        return StepResult(observations=tuple(observations), found=said, work=self.cost)

    def _observe(self, sign: str, shared: Shared, answer: Answer[SeriesTable]) -> Observation:
        names = ", ".join(str(front) for front in shared.fronts[:4])
        what = "slow" if sign == "callers.slow" else "failing"
        return observe(
            agent=self.agent, sign=sign, entity=shared.callee, answer=answer, verdict=Verdict.ANOMALY,
            strength=strength_of(shared.score), quality=Quality.CORROBORATED,
            text=f"{names} are {what} and all call {shared.callee}, which sees nothing wrong with itself",
        )  # fmt: skip
