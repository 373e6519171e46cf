"""What changed shortly before the onset, to whom, and what the change does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from compass.agents.observe import observe
from compass.agents.screens.series import gap_unless_named, graph_of, objects_of, paged_entity
from compass.analysis import wording
from compass.analysis.changes import Related, Timing, relate
from compass.analysis.graph import ServiceGraph
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import Observation, Quality, Quantity, Verdict
from compass.domain.sign import OWN_ONLY
from compass.domain.telemetry import Answer, ObjectKind
from compass.ports.specialist import Look, StepResult
from compass.tables.objects import ObjectTable

EFFECT_BONUS = 0.25
"""A change that lowers a limit says itself how it could have done harm."""
DEPENDENCY_SHARE = 0.6
MIN_STRENGTH = 0.05
MAX_NORMAL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeScreen:
    """Relates every recorded change to the onset and to what is abnormal on the board."""

    agent: str
    id: str = "changes"
    text: str = "relating recent changes to the onset"
    cost: float = 1.0
    limit: int = 300

    async def run(self, look: Look) -> StepResult:
        """Facts about changes, nearest first. Raises SourceError from the port."""
        answer = await objects_of(look, ObjectKind.CHANGES)
        changes = answer.data.changes or look.board.changes
        if not changes and not answer.coverage.complete:
            hides = "deploys, configuration and flag changes as triggers"
            gaps = gap_unless_named(look.board, "changes", "no record of changes", hides)
            return StepResult(gaps=gaps, found="no record of changes", work=self.cost)
        return await asyncio.to_thread(self._judge, look.board, answer)

    def _judge(self, board: Board, answer: Answer[ObjectTable]) -> StepResult:
        if board.onset is None or board.incident is None:
            raise ValueError("the board has no incident or no onset yet")
        graph = graph_of(board)
        abnormal: dict[EntityRef, float] = {}
        for seen in board.anomalies():
            if not seen.sign.startswith(OWN_ONLY):
                abnormal[seen.entity] = max(seen.strength, abnormal.get(seen.entity, 0.0))
        changes = answer.data.changes or board.changes
        related = relate(changes, board.onset, graph, abnormal, board.incident.detected_ns)
        found = [o for r in related if r.strength >= MIN_STRENGTH for o in self._observe(r, graph, board, answer)]
        untouched = list(self._untouched(related, graph, board, answer)) if answer.coverage.complete else []
        near = [o for o in found if o.sign == "change.near"]
        said = near[0].text if near else "no change near the onset"
        unique = {o.id: o for o in (*found, *untouched)}
        return StepResult(observations=tuple(unique.values())[: self.limit], found=said, work=self.cost)

    def _observe(
        self, r: Related, graph: ServiceGraph, board: Board, answer: Answer[ObjectTable]
    ) -> Iterator[Observation]:
        entity = _struck(r, graph, board)
        if entity is None:
            return
        base = f"{r.change.kind} of {entity}: {r.change.summary[:120]}" if r.change.entity else r.change.summary[:160]
        when = _when(r)
        yield self._make("change.near", entity, r.strength, f"{base} ({when})", r, answer)
        for effect in r.effects:
            yield self._make(
                effect.sign, entity, r.strength + EFFECT_BONUS * (1.0 - r.strength),
                f"{effect.text} by {r.change.id} ({when})", r, answer, value=effect.new, usual=effect.old,
            )  # fmt: skip
        if r.change.entity is None:
            return
        for caller in graph.callers(graph.owner(r.change.entity)):
            yield self._make(
                "change.dependency", caller, r.strength * DEPENDENCY_SHARE,
                f"{entity}, which {caller} calls, changed ({when})", r, answer, peer=entity, quality=Quality.INDIRECT,
            )  # fmt: skip

    def _make(
        self, sign: str, entity: EntityRef, strength: float, text: str, r: Related, answer: Answer[ObjectTable], *,
        peer: EntityRef | None = None, quality: Quality = Quality.DIRECT, value: float | None = None,
        usual: float | None = None,
    ) -> Observation:  # fmt: skip
        return observe(
            agent=self.agent, sign=sign, entity=entity, verdict=Verdict.ANOMALY, strength=strength, text=text,
            answer=answer,
            series=f"change|{r.change.id}", since=r.change.at, peer=peer, change=r.change.id, quality=quality,
            value=Quantity(value=value) if value is not None else None,
            baseline=Quantity(value=usual) if usual is not None else None,
        )  # fmt: skip

    def _untouched(
        self, related: tuple[Related, ...], graph: ServiceGraph, board: Board, answer: Answer[ObjectTable]
    ) -> Iterator[Observation]:
        """Services without any change, nearest to the page first: with a complete record that is evidence."""
        touched = {graph.owner(r.change.entity) for r in related if r.change.entity is not None}
        services = {e for e in (*board.entities, *graph.nodes) if e.kind is EntityKind.SERVICE}
        near = {entity: i for i, entity in enumerate(graph.symptom_order(paged_entity(board)))}
        quiet = sorted(services - touched, key=lambda e: (near.get(e, len(near)), e.key))
        for entity in quiet[:MAX_NORMAL]:
            yield observe(
                agent=self.agent, sign="change.near", entity=entity, verdict=Verdict.NORMAL, answer=answer,
                text=f"no recorded change of {entity}", series=f"changes|{entity.key}",
            )  # fmt: skip


def _struck(r: Related, graph: ServiceGraph, board: Board) -> EntityRef | None:
    """What the change is about; without an entity of its own, what hurts most, then what was paged."""
    if r.change.entity is not None:
        return graph.owner(r.change.entity)
    entries = graph.entry_points()
    return r.nearest or paged_entity(board) or (entries[0] if entries else None)


def _when(r: Related) -> str:
    if r.timing is Timing.OVERLAPS:
        return "at the onset"
    return f"{wording.duration(r.lead_s)} {'before' if r.timing is Timing.BEFORE else 'after'} the onset"
