"""What was edited: the server's own notes of who set which field last, and when (metadata.managedFields).

They tell the last time of each writer and not what was there before: the change is known, its content is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from compass.domain.time import NS_PER_S, Window, rfc3339
from compass.redaction import bound, redact
from compass.sources.kubernetes.fields import Place, at, entries, place, text, when
from compass.sources.live.gathered import JsonObject
from compass.tables.objects import Json

_SAME_NS = 60 * NS_PER_S
_MOST_SERVICES = 5
_LEADER = "control-plane.alpha.kubernetes.io/leader"  # a ConfigMap that is a lock: written every few seconds
_FIELDS = 4


def edits(
    configs: Sequence[JsonObject], settings: Sequence[JsonObject], workloads: Sequence[JsonObject], window: Window
) -> tuple[list[JsonObject], list[str]]:
    """Changes of kind config, and which workloads are not told of one. Of ConfigMaps, those that a workload reads:
    others are often locks and notes of controllers, written all the time. `settings` are objects that people write
    (autoscalers, Services, quotas ...)."""
    readers = _readers(workloads)
    changes: list[JsonObject] = []
    notes: list[str] = []
    for body in configs:
        if at(body, "metadata", "annotations", _LEADER) is not None:
            continue
        reading = sorted(readers.get(place(body), ()))
        made = list(_edited(body, "ConfigMap", reading[:_MOST_SERVICES], window))
        changes += made
        if made and (left := reading[_MOST_SERVICES:]):
            many = f"ConfigMap {place(body)} changed, which {len(reading)} workloads read"
            notes.append(f"{many}: it is not told of {bound(', '.join(left), 300)}")
    for body in settings:
        changes += _edited(body, text(body, "kind"), _service_of(body), window)
    return changes, notes


def scale_edits(workloads: Sequence[JsonObject], known: Sequence[JsonObject], window: Window) -> list[JsonObject]:
    """Changes through the scale subresource (`kubectl scale`, an autoscaler) that no Event told: Events last an hour,
    and those of a StatefulSet do not say so."""
    told_of = defaultdict(list)
    for change in known:
        told_of[text(change, "service")].append(when(change, "time") or 0)
    changes: list[JsonObject] = []
    for body in workloads:
        for manager, at_ns, _ in _writes(body, "scale"):
            near = any(abs(at_ns - other) <= _SAME_NS for other in told_of[place(body).name])
            if near or not window.start_ns <= at_ns <= window.end_ns:
                continue
            wants = at(body, "spec", "replicas")
            said = f"{place(body).name} was scaled by {manager}; it now wants {wants} replicas"
            changes.append({
                "time": rfc3339(at_ns), "kind": "scale", "service": place(body).name,
                "id": f"scale/{text(body, 'kind').lower()}/{place(body)}@{rfc3339(at_ns)}",
                "summary": bound(redact(said), 300), "attributes": {"by": bound(redact(manager), 100)},
            })  # fmt: skip
    return changes


def _edited(body: JsonObject, kind: str, services: Sequence[str], window: Window) -> Iterator[JsonObject]:
    if kind == "ConfigMap" and not services:
        return
    born = when(body, "metadata", "creationTimestamp")
    for manager, at_ns, fields in _writes(body, ""):
        if not window.start_ns <= at_ns <= window.end_ns:
            continue
        verb = "was created" if born is not None and at_ns - born < NS_PER_S else "was edited"
        what = f" ({', '.join(fields)})" if fields else ""
        said = f"{kind} {place(body)} {verb} by {manager}{what}; what it said before is not kept"
        for service in services or [""]:
            change: JsonObject = {
                "time": rfc3339(at_ns),
                "kind": "config",
                "id": f"{kind.lower()}/{place(body)}@{rfc3339(at_ns)}" + (f"/{service}" if len(services) > 1 else ""),
                "summary": bound(redact(said), 300),
                "attributes": {"object": f"{kind}/{place(body)}", "by": bound(redact(manager), 100)},
            }
            yield {**change, "service": service} if service else change


def _writes(body: JsonObject, subresource: str) -> Iterator[tuple[str, int, list[str]]]:
    """(who, when, which fields) for each writer's last write."""
    for entry in entries(body, "metadata", "managedFields"):
        at_ns = when(entry, "time")
        fields = at(entry, "fieldsV1")
        if at_ns is None or text(entry, "subresource") != subresource or not text(entry, "manager"):
            continue
        # Controllers also note things in annotations of what people wrote: that changes nothing.
        if subresource or _touches(fields):
            yield text(entry, "manager"), at_ns, _names(fields)


def _touches(fields: Json) -> bool:
    return not isinstance(fields, dict) or any(key not in ("f:metadata", "f:status") for key in fields)


def _names(fields: Json) -> list[str]:
    """The first fields below spec or data, as a person calls them."""
    found: list[str] = []
    for part in ("f:spec", "f:data"):
        inner = at(fields, part)
        if isinstance(inner, dict):
            found += [bound(key.removeprefix("f:"), 60) for key in sorted(inner) if key.startswith("f:")]
    return [*found[:_FIELDS], f"{len(found) - _FIELDS} more"] if len(found) > _FIELDS else found


def _service_of(body: JsonObject) -> Sequence[str]:
    match text(body, "kind"):
        case "HorizontalPodAutoscaler":
            name = text(body, "spec", "scaleTargetRef", "name")
        case "Service":
            name = place(body).name
        case _:
            name = ""
    return [name] if name else []


def _readers(workloads: Sequence[JsonObject]) -> Mapping[Place, set[str]]:
    """Which workloads read a ConfigMap: as environment or as a volume."""
    found: dict[Place, set[str]] = defaultdict(set)
    for body in workloads:
        here, spec = place(body), at(body, "spec", "template", "spec")
        names = [text(volume, "configMap", "name") for volume in entries(spec, "volumes")]
        names += [
            text(source, "configMap", "name")
            for volume in entries(spec, "volumes") for source in entries(volume, "projected", "sources")
        ]  # fmt: skip
        for group in ("initContainers", "containers"):
            for container in entries(spec, group):
                names += [text(one, "configMapRef", "name") for one in entries(container, "envFrom")]
                names += [text(one, "valueFrom", "configMapKeyRef", "name") for one in entries(container, "env")]
        for name in filter(None, names):
            found[Place(here.namespace, name)].add(here.name)
    return found
