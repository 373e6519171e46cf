"""Situation intake: which sources answer, what there is, how it hangs together, when it began."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from compass.analysis.dependencies import dependencies_from_spans
from compass.analysis.kubernetes import containment as kubernetes_containment
from compass.analysis.kubernetes import dependencies_from_objects
from compass.analysis.namesakes import namesakes
from compass.analysis.onset import estimate_onset
from compass.analysis.releases import edge_of
from compass.analysis.unread import unread_of
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.failure import FailureMode
from compass.domain.incident import PART_OF, RUNS_ON, Change, Dependency, Incident, Onset
from compass.domain.telemetry import (
    Health,
    HealthStatus,
    Loss,
    ObjectKind,
    ObjectQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)
from compass.domain.time import Window, to_datetime
from compass.domain.unread import Unread, UnreadCounted
from compass.investigation.recorder import Recorder
from compass.investigation.told import kept, said_of
from compass.ports.clock import Deadline
from compass.ports.errors import SourceError
from compass.ports.telemetry import Telemetry
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesTable, empty_series
from compass.tables.spans import SpanTable, empty_spans

ACTOR = "planning"


@dataclass(slots=True)
class _Context:
    """What was learnt so far; a gap for each part that failed."""

    entities: set[EntityRef] = field(default_factory=set)
    dependencies: list[Dependency] = field(default_factory=list)
    containment: dict[EntityRef, EntityRef] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    alerts_ns: tuple[int, ...] = ()
    gaps: list[tuple[str, str]] = field(default_factory=list)


async def check_sources(recorder: Recorder, telemetry: Telemetry) -> None:
    """Which parts answer. What is lost or not connected becomes a named gap."""
    health = tuple([_kept(one) for one in await telemetry.check()])
    payloads: list[tuple[str, c.Payload]] = [("sources", c.SourcesChecked(health=health))]
    for h in health:
        if h.status is HealthStatus.NOT_CONNECTED:
            what = f"{h.part}: {h.detail or h.status.value}"
            gap = c.GapNamed(gap=what, hides=h.hides, suggestion=f"connect {h.part}")
            payloads.append((f"gap/{h.part}", gap))
        for i, loss in enumerate(h.lost):
            key = f"{h.part}/{i}" if i else h.part
            gap = c.GapNamed(gap=f"{h.part}: {loss.why}", hides=loss.hides, suggestion=f"connect {h.part}")
            hidden = loss.hides or "what it would have shown cannot be seen"
            since = f" since {to_datetime(loss.since_ns):%H:%M:%S} UTC" if loss.since_ns is not None else ""
            said = f"{h.part} from {loss.source} is lost{since}: {loss.why}. Without it, {hidden}."
            lost = c.FailureDeclared(mode=FailureMode.SOURCE_LOST, said=said)
            payloads += [(f"gap/{key}", gap), (f"lost/{key}", lost)]
    await recorder.append(*payloads, actor=ACTOR)


def _kept(health: Health) -> Health:
    """With losses for those that name none, in the words in which steps will fail by them."""
    lost = health.lost
    if not lost and health.status is HealthStatus.LOST:
        lost = (Loss(source=health.source, why=health.detail or health.status.value, hides=health.hides),)
    return replace(health, lost=tuple(replace(one, why=kept(one.why)) for one in lost))


async def orient(recorder: Recorder, telemetry: Telemetry) -> None:
    """Learn entities, dependencies, containment and changes; estimate the onset. Failing parts are gaps."""
    incident = recorder.board.incident
    if incident is None:
        raise ValueError("orient before the investigation was opened")
    whole = Window(start_ns=incident.window.start_ns, end_ns=incident.now_ns)
    context = _Context()
    series, spans, objects = await asyncio.gather(
        _series(telemetry, whole, context), _spans(telemetry, whole, context), _objects(telemetry, whole, context)
    )
    await asyncio.to_thread(_learn, context, series, spans, objects)
    onset = await asyncio.to_thread(
        estimate_onset, series, incident, _paged_rows(series, incident, context), context.alerts_ns
    )
    unread = await asyncio.to_thread(_unread, series, incident, onset)
    learned = c.ContextLearned(
        entities=tuple(sorted(context.entities)), dependencies=_unique(context.dependencies),
        changes=tuple(sorted(context.changes, key=lambda change: (change.at.ns, change.id))),
        containment=tuple(sorted(context.containment.items())),
    )  # fmt: skip
    if incident.service and not any(e.name == incident.service for e in context.entities):
        unknown = f"no telemetry names {incident.service}, which was paged"
        context.gaps.append((unknown, f"what it does; {_known(incident.service, context)}"))
    gaps = [(f"gap/intake/{i}", c.GapNamed(gap=g, hides=h)) for i, (g, h) in enumerate(sorted(context.gaps))]
    odd = [("unread", UnreadCounted(unread=unread))] if unread is not None else []
    await recorder.append(("context", learned), *odd, *gaps, ("onset", c.OnsetEstimated(onset=onset)), actor=ACTOR)


def _unread(series: SeriesTable, incident: Incident, onset: Onset) -> Unread | None:
    """What nobody can read, as far as it moved: while every series is at hand, as nothing reads it later."""
    opened = Board(incident=incident, onset=onset)
    return unread_of(series, opened.baseline, opened.during)


def _known(name: str, context: _Context) -> str:
    """Services that may have been meant, else some that there are."""
    names = sorted({e.name for e in context.entities if e.kind is EntityKind.SERVICE})
    near = difflib.get_close_matches(name.lower(), [one.lower() for one in names], n=3)
    meant = [one for one in names if one.lower() in near]
    return f"did you mean {' or '.join(meant)}?" if meant else f"known: {', '.join(names[:8]) or 'none'}"


async def _series(telemetry: Telemetry, whole: Window, context: _Context) -> SeriesTable:
    query = SignalQuery(kinds=frozenset(SignalKind), window=whole)
    try:
        return (await telemetry.series(query, deadline=Deadline())).data
    except SourceError as error:
        context.gaps.append((f"metrics: {said_of(error)}", "every metric"))
        return empty_series()


async def _spans(telemetry: Telemetry, whole: Window, context: _Context) -> SpanTable:
    try:
        return (await telemetry.spans(SpanQuery(window=whole), deadline=Deadline())).data
    except SourceError as error:
        context.gaps.append((f"traces: {said_of(error)}", "where time is spent inside a request"))
        return empty_spans()


async def _objects(telemetry: Telemetry, whole: Window, context: _Context) -> dict[ObjectKind, ObjectTable]:
    found: dict[ObjectKind, ObjectTable] = {}
    for kind in (ObjectKind.CHANGES, ObjectKind.ALERTS, ObjectKind.TOPOLOGY, ObjectKind.KUBERNETES):
        try:
            found[kind] = (await telemetry.objects(ObjectQuery(kind=kind, window=whole), deadline=Deadline())).data
        except SourceError as error:
            context.gaps.append((f"{kind.value}: {said_of(error)}", f"what {kind.value} would show"))
    await _containment(telemetry, whole, context)
    return found


async def _containment(telemetry: Telemetry, whole: Window, context: _Context) -> None:
    """What the source knows of pods, services and nodes from labels, whether or not it has calls."""
    query = ObjectQuery(kind=ObjectKind.TOPOLOGY, window=whole, api_kinds=frozenset({"containment"}))
    try:
        _place(context, (await telemetry.objects(query, deadline=Deadline())).data.dependencies)
    except SourceError as error:
        context.gaps.append((f"containment: {said_of(error)}", "which pod belongs to which service"))


def _learn(context: _Context, series: SeriesTable, spans: SpanTable, objects: dict[ObjectKind, ObjectTable]) -> None:
    nothing = ObjectTable()
    context.changes = objects.get(ObjectKind.CHANGES, nothing).changes
    context.alerts_ns = tuple(sorted(a.starts_ns for a in objects.get(ObjectKind.ALERTS, nothing).alerts))
    context.dependencies += dependencies_from_spans(spans)
    context.containment.update(_span_containment(spans))
    _place(context, objects.get(ObjectKind.TOPOLOGY, nothing).dependencies)
    context.dependencies += _series_edges(series, context.containment)
    kubernetes = objects.get(ObjectKind.KUBERNETES, nothing).kubernetes
    if kubernetes:
        for child, parent in kubernetes_containment(kubernetes):
            if parent.kind is EntityKind.NODE:
                placed = Dependency(caller=child, callee=parent, kind=RUNS_ON, seen="objects")
                context.dependencies.append(placed)
            else:
                context.containment[child] = parent
        context.dependencies += dependencies_from_objects(kubernetes)
    context.entities |= {row.entity for row in series.rows} | {row.peer for row in series.rows if row.peer}
    context.entities |= set(spans.entities) | {ref for pair in context.containment.items() for ref in pair}
    context.entities |= {ref for d in context.dependencies for ref in (d.caller, d.callee)}
    callers = {d.caller for d in context.dependencies if d.kind != RUNS_ON}
    holders = set(context.containment.values())
    alike = namesakes(context.entities, {row.entity for row in series.rows} | set(spans.entities) | callers | holders)
    context.containment = {**alike, **context.containment}


def _place(context: _Context, known: Iterable[Dependency]) -> None:
    """Sort what a source knows of how things hang together: calls and placement, or containment."""
    for d in known:
        if d.kind == PART_OF:
            context.containment[d.caller] = d.callee
        else:
            context.dependencies.append(d)


def _span_containment(spans: SpanTable) -> dict[EntityRef, EntityRef]:
    pairs = set(zip(spans.instance.tolist(), spans.service.tolist(), strict=True))
    return {
        spans.entities[i]: spans.entities[s] for i, s in sorted(pairs) if i >= 0 and s >= 0 and i != s
    }  # fmt: skip


def _series_edges(series: SeriesTable, containment: dict[EntityRef, EntityRef]) -> list[Dependency]:
    """Edges that series are about, between the services the ends belong to."""
    pairs = {edge_of(row) for row in series.rows if row.peer is not None}
    owned = {(containment.get(a, a), containment.get(b, b)) for a, b in pairs}
    return [Dependency(caller=a, callee=b, seen="series") for a, b in sorted(owned) if a != b]


def _paged_rows(series: SeriesTable, incident: Incident, context: _Context) -> list[int] | None:
    """Rows of the paged service or of what is contained in it."""
    if not incident.service:
        return None
    inside = {child for child, parent in context.containment.items() if parent.name == incident.service}
    return [i for i, r in enumerate(series.rows) if r.entity.name == incident.service or r.entity in inside]


def _unique(dependencies: Iterable[Dependency]) -> tuple[Dependency, ...]:
    """One a pair, the first source of knowledge by name; sorted."""
    best: dict[tuple[EntityRef, EntityRef], Dependency] = {}
    for d in sorted(dependencies, key=lambda d: (d.caller, d.callee, d.seen, d.kind)):
        if d.caller != d.callee:
            best.setdefault((d.caller, d.callee), d)
    return tuple(best.values())
