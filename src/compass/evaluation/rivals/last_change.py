"""What changed last is to blame: the first guess of many an incident call."""

from __future__ import annotations

from compass.domain.entity import EntityRef
from compass.domain.telemetry import ObjectKind
from compass.evaluation.rivals._asking import RANKED, containment, objects
from compass.evaluation.rivals.base import Scene


class LastChange:
    """The services that changed before the page, the most recent first. Changes that name no service say nothing."""

    id = "last-change"
    summary = "services of the changes before the page, the most recent first (rule of thumb)"

    async def rank(self, scene: Scene) -> tuple[EntityRef, ...]:
        changes = (await objects(scene, ObjectKind.CHANGES)).changes
        graph = await containment(scene)
        earlier = [change for change in changes if change.at.ns <= scene.incident.detected_ns]
        earlier.sort(key=lambda change: (-change.at.ns, change.id))
        owners = (graph.owner(change.entity) for change in earlier if change.entity is not None)
        return tuple(dict.fromkeys(owner for owner in owners if owner.kind in RANKED))
