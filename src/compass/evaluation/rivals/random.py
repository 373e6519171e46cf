"""Chance: what any method has to beat."""

from __future__ import annotations

import random

from compass.domain.entity import EntityRef
from compass.domain.telemetry import ObjectKind
from compass.evaluation.rivals._asking import SERVICES, containment, objects, series, span_entities
from compass.evaluation.rivals.base import Scene


class Random:
    """Every service that metrics, traces, topology, changes or alerts name, in an order drawn with the case's seed."""

    id = "random"
    summary = "all known services in a random order that is fixed by the case (chance level)"

    async def rank(self, scene: Scene) -> tuple[EntityRef, ...]:
        graph = await containment(scene)
        named = {row.entity for row in (await series(scene)).rows} | set(await span_entities(scene))
        for dependency in (await objects(scene, ObjectKind.TOPOLOGY)).dependencies:
            named |= {dependency.caller, dependency.callee}
        named |= set(graph.parent) | set(graph.parent.values())
        named |= {change.entity for change in (await objects(scene, ObjectKind.CHANGES)).changes if change.entity}
        named |= {alert.entity for alert in (await objects(scene, ObjectKind.ALERTS)).alerts if alert.entity}
        owners = sorted({graph.owner(entity) for entity in named}, key=lambda entity: entity.key)
        services = [entity for entity in owners if entity.kind in SERVICES]
        random.Random(scene.seed).shuffle(services)  # noqa: S311 - a fixed order is wanted, not a secret
        return tuple(services)
