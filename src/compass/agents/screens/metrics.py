"""Are the series a specialist owns outside their normal range? One query, one fact per entity and sign."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from compass.agents.observe import observe, spark_of, strength_of
from compass.agents.screens.series import gap_unless_named, graph_of, paged_entity, scores_of, series_of
from compass.analysis import findings, wording
from compass.analysis.anomaly import Scores
from compass.analysis.derived import with_ratios
from compass.analysis.findings import Finding
from compass.analysis.graph import ServiceGraph
from compass.analysis.reporting import with_reporting
from compass.domain.board import Board
from compass.domain.observation import Observation, Quality, Quantity, Stats, Verdict
from compass.domain.telemetry import Answer, SignalKind
from compass.domain.time import NS_PER_S, Instant
from compass.ports.specialist import Look, StepResult
from compass.tables.series import SeriesTable

MAX_OBSERVATIONS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricScreen:
    """Compares every series of `kinds` with its baseline. `text` is what the live view shows."""

    agent: str
    kinds: frozenset[SignalKind]
    id: str
    text: str
    cost: float = 1.0
    limit: int = MAX_OBSERVATIONS

    async def run(self, look: Look) -> StepResult:
        """Abnormal facts first, then normal ones nearest to the paged service. Raises SourceError from the port."""
        answer = await series_of(look, self.kinds)
        if not answer.data.rows or not answer.data.times_ns.size:
            return StepResult(
                gaps=gap_unless_named(look.board, "metrics", *self._gap()), found="no metrics for this", work=self.cost
            )
        return await asyncio.to_thread(self._judge, look.board, answer)

    def _gap(self) -> tuple[str, str]:
        hidden = ", ".join(sorted(kind.value.replace("_", " ") for kind in self.kinds))
        return f"no series for the {self.agent} specialist ({self.id})", f"changes of {hidden}"

    def _judge(self, board: Board, answer: Answer[SeriesTable]) -> StepResult:
        table = with_ratios(answer.data)
        graph = graph_of(board, table)
        if SignalKind.REPLICAS in self.kinds:
            table = with_reporting(table, graph)
        answer = replace(answer, data=table)
        scores = scores_of(board, table, graph)
        found = findings.find(table, scores, graph, board.baseline, board.during)
        chosen = self._choose(found, scores, graph, board)
        observations = tuple(self._observe(f, answer, scores, board) for f in chosen)
        abnormal = [f for f in chosen if f.abnormal]
        return StepResult(observations=observations, found=_summary(abnormal, table), work=self.cost)

    def _choose(self, found: tuple[Finding, ...], scores: Scores, graph: ServiceGraph, board: Board) -> list[Finding]:
        near = {entity: i for i, entity in enumerate(graph.symptom_order(paged_entity(board)))}
        abnormal = [f for f in found if f.abnormal]
        normal = [f for f in found if not f.abnormal and findings.measured(scores, f.row)]
        normal.sort(key=lambda f: (near.get(graph.owner(f.entity), len(near)), f.entity.key, f.sign))
        return [*abnormal, *normal][: self.limit]

    def _observe(self, f: Finding, answer: Answer[SeriesTable], scores: Scores, board: Board) -> Observation:
        table, row = answer.data, answer.data.rows[f.row]
        since = _since(f, table)
        unit = "1" if f.share is not None or f.sign == "memory.leak" else row.signal.unit
        late, early = int(scores.during_samples[f.row]), int(scores.baseline_samples[f.row])
        onset_ns = board.onset.instant.ns if board.onset is not None else None
        return observe(
            agent=self.agent, sign=f.sign, entity=f.entity, peer=f.peer, answer=answer,
            verdict=Verdict.ANOMALY if f.abnormal else Verdict.NORMAL,
            strength=strength_of(f.score) if f.abnormal else 0.0,
            text=_text(f, table, since), series=f"{row.entity.key}|{row.key}", since=since if f.abnormal else None,
            quality=Quality.INDIRECT if bool(scores.borrowed[f.row]) else Quality.DIRECT,
            value=Quantity(value=f.value, unit=unit), baseline=Quantity(value=f.usual, unit=unit),
            stats=Stats(method="robust z", score=round(f.score, 3), samples=late, baseline_samples=early),
            spark=spark_of(table.times_ns, table.values[f.row], onset_ns) if f.abnormal else None,
        )  # fmt: skip


def _since(f: Finding, table: SeriesTable) -> Instant | None:
    """The sample that first shows it stands for the step that it ends."""
    if f.since_ns < 0:
        return None
    half = int(table.step_s * NS_PER_S / 2)
    return Instant(ns=f.since_ns - half, uncertainty_ns=half)


def _text(f: Finding, table: SeriesTable, since: Instant | None) -> str:
    row = table.rows[f.row]
    where = f"{f.entity}" + (f" ({f.peer})" if f.peer is not None and f.abnormal else "")
    what = wording.noun(row.signal)
    if f.share is not None:
        return f"{what} of {where} at {f.share * 100:.0f} % of its limit"
    if f.sign == "memory.leak":
        grew = f"memory of {where} grew steadily by {f.value * 100:.0f} %"
        if f.times:
            grew = f"memory of {where} grew {f.times} times after a fall, to {f.value * 100:.0f} % above usual"
        return grew if f.abnormal else f"{what} of {where} steady"
    now, usual = wording.reading(f.value, row.signal), wording.reading(f.usual, row.signal)
    if not f.abnormal:
        return f"{what} of {where} {now}, usually {usual}{', at times like now' if f.recurs else ''}: normal"
    began = f" since {wording.clock(since.ns)}" if since is not None else ""
    return f"{what} of {where} {now}, usually {usual}{wording.factor(f.value, f.usual)}{began}"


def _summary(abnormal: list[Finding], table: SeriesTable) -> str:
    if not abnormal:
        return "nothing out of the ordinary"
    return f"{len(abnormal)} abnormal; {_text(abnormal[0], table, None)}"
