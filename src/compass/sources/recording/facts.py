"""Objects: Kubernetes state, changes, alerts, probes, dependencies, with their entities resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from compass.domain.entity import EntityRef
from compass.domain.incident import Change, Dependency
from compass.domain.telemetry import Answer, Coverage, NativeQuery, ObjectKind, ObjectQuery
from compass.domain.time import NS_PER_S, Instant, Window
from compass.signals.entities import EntityIndex, store_kind
from compass.sources.recording import layout
from compass.sources.recording.cover import absent
from compass.sources.recording.jsonfiles import (
    JsonLines,
    JsonObject,
    mapping,
    read_lines,
    read_list,
    string,
    strings,
    time_of,
)
from compass.sources.recording.world import World
from compass.tables.objects import Alert, KubeObject, ObjectTable, Probe

CONTAINMENT = "containment"
T = TypeVar("T")
PART_OF = {
    ObjectKind.KUBERNETES: layout.KUBERNETES_PART,
    ObjectKind.CHANGES: layout.CHANGES_PART,
    ObjectKind.ALERTS: layout.ALERTS_PART,
    ObjectKind.PROBES: layout.PROBES_PART,
    ObjectKind.TOPOLOGY: layout.TOPOLOGY_PART,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[T]):
    """What a file gave, and what was left out of it."""

    items: tuple[T, ...]
    missing: tuple[str, ...]


def read_objects(query: ObjectQuery, recorded: Window, source: str, folder: Path, world: World) -> Answer[ObjectTable]:
    """Answer `query`. Times are those of the recording; the end of its window counts as inside ("now")."""
    part = PART_OF[query.kind]
    if query.kind is ObjectKind.TOPOLOGY and CONTAINMENT in query.api_kinds:
        return _answer(ObjectTable(dependencies=_containment(world.index)), (), query, recorded, source, "containment")
    if not world.has(part):
        return Answer(
            data=ObjectTable(), coverage=absent(query.window, part),
            query=NativeQuery(language="duckdb", text=""), source=source,
        )  # fmt: skip
    asked = _asked(query.window, recorded)
    match query.kind:
        case ObjectKind.KUBERNETES:
            kube = _kubernetes(world.kubernetes, query)
            table, missing = ObjectTable(kubernetes=kube.items[: query.limit]), kube.missing
            count = len(kube.items)
        case ObjectKind.CHANGES:
            changes = _read(read_lines(folder, layout.CHANGES), layout.CHANGES, asked, recorded, _change(world.index))
            table, missing = ObjectTable(changes=changes.items[: query.limit]), changes.missing
            count = len(changes.items)
        case ObjectKind.ALERTS:
            fired = read_list(folder, layout.ALERTS)
            alerts = _read(fired, layout.ALERTS, asked, recorded, _alert(world.index), ends=_end_of_alert)
            table, missing = ObjectTable(alerts=alerts.items[: query.limit]), alerts.missing
            count = len(alerts.items)
        case ObjectKind.PROBES:
            probes = _read(read_lines(folder, layout.PROBES), layout.PROBES, asked, recorded, _probe)
            table, missing = ObjectTable(probes=probes.items[: query.limit]), probes.missing
            count = len(probes.items)
        case ObjectKind.TOPOLOGY:
            edges = _dependencies(read_lines(folder, layout.TOPOLOGY), world.index)
            table, missing = ObjectTable(dependencies=edges.items[: query.limit]), edges.missing
            count = len(edges.items)
    return _answer(table, missing, query, recorded, source, part.files[0], truncated=count > query.limit)


def _answer(
    table: ObjectTable, missing: tuple[str, ...], query: ObjectQuery, recorded: Window, source: str, file: str,
    *, truncated: bool = False,
) -> Answer[ObjectTable]:  # fmt: skip
    kinds = f" WHERE kind IN ({', '.join(repr(k) for k in sorted(query.api_kinds))})" if query.api_kinds else ""
    return Answer(
        data=table,
        coverage=Coverage(
            requested=query.window, received=query.window.clip(recorded), truncated=truncated, missing=missing
        ),
        query=NativeQuery(language="duckdb", text=f"SELECT * FROM read_json('{file}'){kinds}"),  # noqa: S608
        source=source,
    )


def _asked(window: Window, recorded: Window) -> tuple[int, int]:
    """First and last nanosecond that belong to the question."""
    last = window.end_ns if window.end_ns >= recorded.end_ns else window.end_ns - 1
    return window.start_ns, last


def _read(
    lines: JsonLines,
    file: str,
    asked: tuple[int, int],
    recorded: Window,
    make: Callable[[JsonObject, int], tuple[int, T] | str],
    ends: Callable[[T], int | None] | None = None,
) -> Read[T]:
    """Items in time order. A line that lacks something needed is named in `missing`; later than now is left out.

    What lasts belongs to the question while it lasts: `ends` gives its last nanosecond, None while it goes on.
    """
    found: list[tuple[int, int, T]] = []
    missing = list(lines.skipped)
    late = 0
    for number, body in lines.objects:
        made = make(body, number)
        if isinstance(made, str):
            missing.append(f"{file} line {number} was skipped: {made}")
        elif made[0] > recorded.end_ns:
            late += 1
        elif made[0] <= asked[1]:
            last = ends(made[1]) if ends is not None else made[0]
            if last is None or last >= asked[0]:
                found.append((made[0], number, made[1]))
    if late:
        missing.append(f"{late} entries of {file} after the recording's end were left out")
    found.sort(key=lambda entry: entry[:2])
    return Read(items=tuple(item for _, _, item in found), missing=tuple(missing))


def _change(index: EntityIndex) -> Callable[[JsonObject, int], tuple[int, Change] | str]:
    def make(body: JsonObject, number: int) -> tuple[int, Change] | str:
        """(time in ns, change), or why the object cannot be one. One without an id is called by its line."""
        at = time_of(body.get("time"))
        if at is None:
            return "no valid time"
        service = string(body.get("service"))
        change = Change(
            id=string(body.get("id")) or f"change-{number}",
            at=Instant(ns=at, uncertainty_ns=_resolution(body.get("time"))),
            kind=string(body.get("kind")) or "change",
            summary=string(body.get("summary")),
            entity=index.resolve(service),
            diff=string(body.get("diff")),
            attributes=strings(body.get("attributes")),
        )
        return at, change

    return make


def _resolution(raw: object) -> int:
    """Half of what a time's last digit leaves open: half a second for whole seconds."""
    return 0 if isinstance(raw, str) and "." in raw else NS_PER_S // 2


def _alert(index: EntityIndex) -> Callable[[JsonObject, int], tuple[int, Alert] | str]:
    def make(body: JsonObject, number: int) -> tuple[int, Alert] | str:
        """(start in ns, alert), or why the object cannot be one. `status` may be a word or an object of
        Alertmanager's."""
        starts = time_of(body.get("startsAt"))
        if starts is None:
            return "no valid startsAt"
        labels = strings(body.get("labels"))
        ends = time_of(body.get("endsAt"))
        status = body.get("status")
        state = string(mapping(status).get("state")) if isinstance(status, dict) else string(status)
        about = index.of_labels(labels)
        alert = Alert(
            name=labels.get("alertname", f"alert-{number}"),
            labels=labels,
            annotations=strings(body.get("annotations")),
            starts_ns=starts,
            # Alertmanager gives the year 1 for an alert that has not ended.
            ends_ns=ends if ends is not None and ends >= starts else None,
            status=state or "firing",
            entity=about.entity if about else None,
        )
        return starts, alert

    return make


def _end_of_alert(alert: Alert) -> int | None:
    """An alert that is over and does not say since when is known to have fired at its start only."""
    return alert.starts_ns if alert.ends_ns is None and alert.status == "resolved" else alert.ends_ns


def _probe(body: JsonObject, _: int) -> tuple[int, Probe] | str:
    at, ok = time_of(body.get("time")), body.get("ok")
    if at is None:
        return "no valid time"
    if not isinstance(ok, bool):
        return "ok is neither true nor false"
    target, kind = string(body.get("target")), string(body.get("kind"))
    return at, Probe(at_ns=at, kind=kind, target=target, ok=ok, output=string(body.get("output")))


def _kubernetes(lines: JsonLines, query: ObjectQuery) -> Read[KubeObject]:
    items, missing = [], list(lines.skipped)
    for number, body in lines.objects:
        kind, meta = string(body.get("kind")), mapping(body.get("metadata"))
        if not kind:
            missing.append(f"{layout.KUBERNETES} line {number} was skipped: no kind")
            continue
        if query.api_kinds and kind not in query.api_kinds:
            continue
        items.append(
            KubeObject(kind=kind, namespace=string(meta.get("namespace")), name=string(meta.get("name")), body=body)
        )
    return Read(items=tuple(items), missing=tuple(missing))


def _dependencies(lines: JsonLines, index: EntityIndex) -> Read[Dependency]:
    items: dict[Dependency, None] = {}
    missing = list(lines.skipped)
    for number, body in lines.objects:
        caller, callee = _end(index, body.get("caller")), _end(index, body.get("callee"))
        if caller is None or callee is None:
            missing.append(f"{layout.TOPOLOGY} line {number} was skipped: caller or callee is missing")
            continue
        kind = string(body.get("kind")) or ("call" if store_kind(callee.kind.value) is None else callee.kind.value)
        items[Dependency(caller=caller, callee=callee, kind=kind)] = None
    return Read(items=tuple(items), missing=tuple(missing))


def _end(index: EntityIndex, raw: object) -> EntityRef | None:
    name = raw.strip() if isinstance(raw, str) else ""
    return index.service(name) if name else None


def _containment(index: EntityIndex) -> tuple[Dependency, ...]:
    """What is part of what and runs where: asked for with `api_kinds={"containment"}`; caller = child."""
    return tuple(
        Dependency(caller=child, callee=parent, kind=kind, seen="labels") for child, parent, kind in index.containment()
    )
