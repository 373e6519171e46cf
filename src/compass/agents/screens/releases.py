"""Do instances of a new release, or calls into it, fail more than before?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from compass.agents.observe import observe, spark_of, strength_of
from compass.agents.screens.series import gap_unless_named, graph_of, objects_of, series_of, whole_window
from compass.analysis import releases, wording
from compass.analysis.anomaly import ANOMALY_SCORE, NORMAL_SCORE
from compass.analysis.releases import WEIGHTS, Comparison, Contrast
from compass.domain.board import Board
from compass.domain.incident import Change
from compass.domain.observation import Observation, Quality, Quantity, Stats, Verdict
from compass.domain.telemetry import Answer, ObjectKind, SignalKind
from compass.domain.time import Instant
from compass.ports.specialist import Look, StepResult
from compass.tables.series import SeriesTable


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseScreen:
    """Compares every rollout of the window with what it replaces."""

    agent: str
    id: str = "releases"
    text: str = "comparing new releases with what they replace"
    cost: float = 1.0
    limit: int = 100
    kinds: frozenset[SignalKind] = frozenset(WEIGHTS)

    async def run(self, look: Look) -> StepResult:
        """At most two facts a rollout. Raises SourceError from the port."""
        listed = await objects_of(look, ObjectKind.CHANGES)
        changes = [c for c in (listed.data.changes or look.board.changes) if releases.is_rollout(c) and c.entity]
        if not changes:
            return StepResult(found="no release in the window", work=self.cost)
        answer = await series_of(look, self.kinds)
        if not answer.data.rows or not answer.data.times_ns.size:
            hides = "whether a new release does worse"
            gaps = gap_unless_named(look.board, "metrics", "no series of the released services", hides)
            return StepResult(gaps=gaps, found="no metrics of the releases", work=self.cost)
        return await asyncio.to_thread(self._judge, look.board, answer, listed.data.changes or look.board.changes)

    def _judge(self, board: Board, answer: Answer[SeriesTable], changes: tuple[Change, ...]) -> StepResult:
        window = whole_window(board)
        graph = graph_of(board, answer.data)
        compared = []
        onset_ns = board.onset.instant.earliest_ns if board.onset is not None else None
        for change in sorted((c for c in changes if releases.is_rollout(c)), key=lambda c: (c.at.ns, c.id)):
            comparison = releases.compare(answer.data, graph, change, window, window.end_ns)
            if comparison is None or not comparison.measured:
                continue
            if onset_ns is not None and comparison.worse >= ANOMALY_SCORE and not comparison.side_by_side:
                comparison = releases.proved(comparison, answer.data, graph, window, onset_ns)
            compared.append(comparison)
        compared.sort(key=lambda c: (-c.worse, c.change.id))
        seen = [o for c in compared for o in self._observe(c, answer, board)][: self.limit]
        worst = next((o for o in seen if o.verdict is Verdict.ANOMALY), None)
        said = worst.text if worst is not None else f"{len(compared)} releases compared, none clearly worse"
        return StepResult(observations=tuple(seen), found=said, work=self.cost)

    def _observe(self, c: Comparison, answer: Answer[SeriesTable], board: Board) -> Iterator[Observation]:
        shown = max((x for x in (c.new_old, c.incoming) if x is not None), key=lambda x: x.score, default=None)
        if c.silent:
            yield self._silent(c, answer)
        if shown is not None and not (c.silent and shown.score < ANOMALY_SCORE):
            yield from self._fact("release.worse", c, c.worse, shown, answer, board)
        if c.incoming is not None:
            yield from self._fact("release.edge_errors", c, c.edge, c.incoming, answer, board)
        if c.shared is not None and c.shared.score >= ANOMALY_SCORE and c.edge < NORMAL_SCORE:
            yield self._shared(c, c.shared, answer)

    def _silent(self, c: Comparison, answer: Answer[SeriesTable]) -> Observation:
        return observe(
            agent=self.agent, sign="release.silent", entity=c.service, verdict=Verdict.ANOMALY, answer=answer,
            strength=strength_of(releases.SILENT_SCORE), change=c.change.id, series=f"silent|{c.change.id}",
            since=c.change.at,
            text=f"none of the new instances of release {c.change.id} of {c.service} reports anything",
            quality=Quality.CORROBORATED,
            stats=Stats(method="new instances without samples, old ones with", score=releases.SILENT_SCORE),
        )  # fmt: skip

    def _shared(self, c: Comparison, shared: Contrast, answer: Answer[SeriesTable]) -> Observation:
        new, old = wording.quantity(shared.new, shared.unit), wording.quantity(shared.old, shared.unit)
        row = answer.data.rows[shared.row]
        return observe(
            agent=self.agent, sign="release.shared", entity=c.service, verdict=Verdict.ANOMALY, answer=answer,
            strength=strength_of(shared.score), series=f"{row.entity.key}|{row.key}",
            text=f"calls into instances of {c.service} without release {c.change.id} fail as well: {new} against {old}",
            value=Quantity(value=shared.new, unit=shared.unit), baseline=Quantity(value=shared.old, unit=shared.unit),
            stats=Stats(method="instances without the release, before and after", score=round(shared.score, 3)),
        )  # fmt: skip

    def _fact(
        self, sign: str, c: Comparison, score: float, shown: Contrast, answer: Answer[SeriesTable], board: Board
    ) -> Iterator[Observation]:
        abnormal = score >= ANOMALY_SCORE
        if not abnormal and (score >= NORMAL_SCORE or c.passed_on):
            return
        row = answer.data.rows[shown.row]
        onset_ns = board.onset.instant.ns if board.onset is not None else None
        new, old = wording.quantity(shown.new, shown.unit), wording.quantity(shown.old, shown.unit)
        passed = "; its own calls fail more too" if c.outgoing is not None and c.outgoing.score >= NORMAL_SCORE else ""
        if c.shared is not None and c.shared.score >= NORMAL_SCORE:
            passed = "; its instances without the release fail as well"
        verdict = "does worse" if abnormal else "does no worse"
        yield observe(
            agent=self.agent, sign=sign, entity=c.service, verdict=Verdict.ANOMALY if abnormal else Verdict.NORMAL,
            strength=strength_of(score) if abnormal else 0.0, answer=answer, change=c.change.id,
            text=f"release {c.change.id} of {c.service} {verdict}: {shown.what} {new} against {old}{passed}",
            series=f"{row.entity.key}|{row.key}",
            quality=Quality.DIRECT if c.new_old is not None else Quality.CORROBORATED,
            since=Instant(ns=c.change.at.ns, uncertainty_ns=c.change.at.uncertainty_ns) if abnormal else None,
            value=Quantity(value=shown.new, unit=shown.unit), baseline=Quantity(value=shown.old, unit=shown.unit),
            stats=Stats(method="new/old + incoming − outgoing", score=round(score, 3)),
            spark=spark_of(answer.data.times_ns, answer.data.values[shown.row], onset_ns) if abnormal else None,
        )  # fmt: skip
