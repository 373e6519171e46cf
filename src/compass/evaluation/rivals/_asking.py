"""What rivals ask of the telemetry port, and which service an answer is about.

A part that is lost (SourceError) is as good as absent here: a rival has no words for a gap, it ranks with the rest.
"""

from __future__ import annotations

from compass.analysis.graph import ServiceGraph, build_graph
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import PART_OF
from compass.domain.telemetry import ObjectKind, ObjectQuery, SignalKind, SignalQuery, SpanQuery
from compass.domain.time import Window
from compass.evaluation.rivals.base import Scene
from compass.ports.clock import Deadline
from compass.ports.errors import SourceError
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesTable, empty_series

SERVICES = frozenset(
    {
        EntityKind.SERVICE, EntityKind.WORKLOAD, EntityKind.POD, EntityKind.DATABASE, EntityKind.CACHE,
        EntityKind.QUEUE,
    }
)  # fmt: skip
"""What chance may name: an external address is no service of the system."""
RANKED = SERVICES | {EntityKind.NODE, EntityKind.EXTERNAL}


def whole(scene: Scene) -> Window:
    """Everything that may be read."""
    start = scene.incident.window.start_ns
    return Window(start_ns=start, end_ns=max(start, scene.incident.now_ns))


async def series(scene: Scene) -> SeriesTable:
    """Every series on its native step; counters are rates already, the source makes them so."""
    query = SignalQuery(kinds=frozenset(SignalKind), window=whole(scene))
    try:
        return (await scene.telemetry.series(query, deadline=Deadline())).data
    except SourceError:
        return empty_series()


async def objects(scene: Scene, kind: ObjectKind, *api_kinds: str) -> ObjectTable:
    """Changes, alerts or topology."""
    query = ObjectQuery(kind=kind, window=whole(scene), api_kinds=frozenset(api_kinds))
    try:
        return (await scene.telemetry.objects(query, deadline=Deadline())).data
    except SourceError:
        return ObjectTable()


async def span_entities(scene: Scene) -> tuple[EntityRef, ...]:
    """Whatever traces name."""
    try:
        return (await scene.telemetry.spans(SpanQuery(window=whole(scene)), deadline=Deadline())).data.entities
    except SourceError:
        return ()


async def containment(scene: Scene) -> ServiceGraph:
    """Which pod belongs to which service: `owner` answers for any entity."""
    known = (await objects(scene, ObjectKind.TOPOLOGY, "containment")).dependencies
    return build_graph((), {d.caller: d.callee for d in known if d.kind == PART_OF})
