"""Where added time is spent, when there are only latency series to tell."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from compass.agents.observe import observe, spark_of
from compass.agents.screens.series import graph_of, scores_of, series_of
from compass.analysis import wording
from compass.analysis.own_time import OwnTime, idle, own_times
from compass.domain.board import Board
from compass.domain.observation import Observation, Quality, Quantity, Stats, Verdict
from compass.domain.telemetry import Answer, HealthStatus, SignalKind
from compass.ports.specialist import Look, StepResult
from compass.tables.series import SeriesTable

KINDS = frozenset({SignalKind.LATENCY, SignalKind.TRAFFIC, SignalKind.CPU})
LEAST = 0.3
"""Less of the added time than this says nothing about a place: several services can have as much."""
MOST_STRENGTH = 0.9
"""Series alone leave some doubt, however large the share: how often a request calls what is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTimeScreen:
    """Compares what services added to their latency with what those they call added. Traces say it better."""

    agent: str
    id: str = "own_time"
    text: str = "asking where added time is spent"
    cost: float = 0.5

    async def run(self, look: Look) -> StepResult:
        """`latency.own_up` where the time is spent, `latency.waiting` where no processor time is spent with it.

        Raises SourceError from the port.
        """
        if any(h.part == "traces" and h.status is not HealthStatus.NOT_CONNECTED for h in look.board.health):
            return StepResult(found="left to the traces", work=self.cost)
        answer = await series_of(look, KINDS)
        if not answer.data.rows or not answer.data.times_ns.size or look.board.onset is None:
            return StepResult(found="no latency series", work=self.cost)
        seen = await asyncio.to_thread(lambda: tuple(self._judge(look.board, answer)))
        return StepResult(observations=seen, found=seen[0].text if seen else "no service stands out", work=self.cost)

    def _judge(self, board: Board, answer: Answer[SeriesTable]) -> Iterator[Observation]:
        table, graph = answer.data, graph_of(board, answer.data)
        scores = scores_of(board, table, graph)
        waiting = idle(table, scores, graph)
        for own in own_times(table, scores, graph):
            if own.share >= LEAST:
                yield self._observe("latency.own_up", own, answer, board)
                if own.entity in waiting:
                    yield self._observe("latency.waiting", own, answer, board)

    def _observe(self, sign: str, own: OwnTime, answer: Answer[SeriesTable], board: Board) -> Observation:
        row = answer.data.rows[own.row]
        added, below = wording.quantity(own.added_s, "s"), wording.quantity(min(own.below_s, own.added_s), "s")
        work = ", and works no more than before" if sign == "latency.waiting" else ""
        onset_ns = board.onset.instant.ns if board.onset is not None else None
        return observe(
            agent=self.agent, sign=sign, entity=own.entity, verdict=Verdict.ANOMALY, answer=answer,
            strength=min(MOST_STRENGTH, own.share), quality=Quality.INDIRECT, series=f"{row.entity.key}|{row.key}",
            text=f"{own.entity} added {added} to its answers, of which what it calls can account for {below}{work}",
            value=Quantity(value=own.added_s, unit="s"), baseline=Quantity(value=own.usual_s, unit="s"),
            stats=Stats(method="added time that nothing called added", score=round(own.share, 3)),
            spark=spark_of(answer.data.times_ns, answer.data.values[own.row], onset_ns),
        )  # fmt: skip
