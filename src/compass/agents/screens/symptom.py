"""What the page and the alerts say, as facts on the entities they name."""

from __future__ import annotations

from dataclasses import dataclass

from compass.agents.observe import observe
from compass.agents.screens.series import graph_of, objects_of, paged_entity, whole_window
from compass.analysis.alerts import meanings
from compass.analysis.graph import ServiceGraph
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import ALERT_SERIES, PAGE_SERIES, Observation, Quality, Verdict
from compass.domain.telemetry import Answer, Coverage, NativeQuery, ObjectKind
from compass.domain.time import NS_PER_S, Instant
from compass.ports.specialist import Look, StepResult
from compass.tables.objects import Alert, ObjectTable

ALERT_STRENGTH = 0.5
"""An alert is somebody's threshold: clear, but not measured here against a baseline."""
PAGE_STRENGTH = 0.3
_MINUTE = 60 * NS_PER_S
_STANDING = 60 * _MINUTE
"""An alert that has fired for longer than this before the window says how the system usually is, not what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomScreen:
    """Turns alerts, and the words of the page, into observations."""

    agent: str
    id: str = "symptom"
    text: str = "reading the page and the alerts"
    cost: float = 0.5
    limit: int = 200

    async def run(self, look: Look) -> StepResult:
        """Facts that alerts and page state. Raises SourceError from the port."""
        answer = await objects_of(look, ObjectKind.ALERTS)
        graph = graph_of(look.board)
        since_ns = whole_window(look.board).start_ns - _STANDING
        recent = [alert for alert in answer.data.alerts if alert.starts_ns >= since_ns]
        alerts = sorted(recent, key=lambda a: (a.starts_ns, a.name, sorted(a.labels.items())))
        found: dict[str, Observation] = {}
        for alert in alerts:
            for seen in self._of_alert(alert, graph, answer):
                found.setdefault(seen.id, seen)
        for seen in self._of_page(look.board):
            found.setdefault(seen.id, seen)
        said = f"{len(alerts)} alerts" if alerts else "no alert besides the page"
        return StepResult(observations=tuple(found.values())[: self.limit], found=said, work=self.cost)

    def _of_alert(self, alert: Alert, graph: ServiceGraph, answer: Answer[ObjectTable]) -> list[Observation]:
        if alert.entity is None:
            return []
        entity = graph.owner(alert.entity) if alert.entity.kind is not EntityKind.NODE else alert.entity
        named = [alert.labels.get(key, "") for key in ("signal", "reason", "type")]
        told = [alert.annotations.get(key, "") for key in ("summary", "description", "message", "title")]
        says = " ".join([alert.name, *named, *told])
        # a rule has to hold for a while before it fires, so it began somewhat before the alert
        since = Instant(ns=alert.starts_ns - _MINUTE, uncertainty_ns=_MINUTE)
        return [
            observe(
                agent=self.agent, sign=sign, entity=entity, verdict=Verdict.ANOMALY, strength=ALERT_STRENGTH,
                answer=answer, text=f"alert {alert.name[:80]} on {entity}",
                series=f"{ALERT_SERIES}{alert.name}|{entity.key}", since=since,
                quality=Quality.CORROBORATED,
            )
            for sign in meanings(says)
        ]  # fmt: skip

    def _of_page(self, board: Board) -> list[Observation]:
        incident = board.incident
        entity = paged_entity(board)
        if incident is None or entity is None:
            return []
        since = Instant(ns=incident.detected_ns - _MINUTE, uncertainty_ns=_MINUTE)
        return [self._page(sign, entity, f"{incident.title} {incident.symptom}", since, board) for sign in
                meanings(f"{incident.title} {incident.symptom}")]  # fmt: skip

    def _page(self, sign: str, entity: EntityRef, says: str, since: Instant, board: Board) -> Observation:
        window = board.during
        return observe(
            agent=self.agent, sign=sign, entity=entity, verdict=Verdict.ANOMALY, strength=PAGE_STRENGTH,
            query=NativeQuery(language="derived", text="the text of the page"),
            coverage=Coverage(requested=window, received=window), source="page",
            text=f"the page says: {says.strip()[:160]}", series=PAGE_SERIES, quality=Quality.WEAK, since=since,
        )  # fmt: skip
