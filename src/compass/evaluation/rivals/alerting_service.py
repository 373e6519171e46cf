"""Look where it hurts: the service that was paged, then those whose alerts fired, the earliest first."""

from __future__ import annotations

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import ObjectKind
from compass.evaluation.rivals._asking import RANKED, containment, objects, series, span_entities
from compass.evaluation.rivals.base import Scene


class AlertingService:
    """The page's service and the services of alerts in the order they started. Nothing is measured."""

    id = "alerting-service"
    summary = "the paged service, then the services of alerts in the order they started (rule of thumb)"

    async def rank(self, scene: Scene) -> tuple[EntityRef, ...]:
        graph = await containment(scene)
        alerts = sorted((await objects(scene, ObjectKind.ALERTS)).alerts, key=lambda a: (a.starts_ns, a.name))
        about = [graph.owner(alert.entity) for alert in alerts if alert.entity is not None]
        if scene.incident.service:
            about.insert(0, graph.owner(await _paged(scene, scene.incident.service, set(graph.parent) | set(about))))
        return tuple(dict.fromkeys(entity for entity in about if entity.kind in RANKED))


async def _paged(scene: Scene, name: str, placed: set[EntityRef]) -> EntityRef:
    """The entity a page means by `name`, a service before anything else; a plain service where none is known."""
    known = placed | {row.entity for row in (await series(scene)).rows} | set(await span_entities(scene))
    named = sorted(
        (entity for entity in known if entity.name == name),
        key=lambda entity: (entity.kind is not EntityKind.SERVICE, entity.key),
    )
    return named[0] if named else EntityRef(kind=EntityKind.SERVICE, name=name)
