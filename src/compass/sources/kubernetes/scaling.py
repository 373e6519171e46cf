"""Changes of scale, as Events tell them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from compass.domain.time import NS_PER_S, Window, rfc3339
from compass.redaction import bound, redact
from compass.sources.kubernetes.fields import Place, at, owner, place, text, when
from compass.sources.live.gathered import JsonObject

ROLLOUT_NS = 600 * NS_PER_S
"""The default of progressDeadlineSeconds: within it, sets of one Deployment that shrink and grow are a rollout."""
_BORN_NS = 60 * NS_PER_S
_SAME_NS = 60 * NS_PER_S
_SET = re.compile(r"Scaled (up|down) replica set (\S{1,253}) to (\d{1,7})(?: from (\d{1,7}))?")  # deployment/sync.go
_SIZE = re.compile(r"New size: (\d{1,7}); reason: (.{0,300})", re.DOTALL)  # podautoscaler/horizontal.go


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """A ReplicaSet of a Deployment that got more or fewer pods."""

    workload: Place
    set_name: str
    up: bool
    to: int
    before: int | None
    at_ns: int
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescaled:
    """What an autoscaler decided. `workload` is what it scales."""

    autoscaler: Place
    workload: Place
    to: int
    reason: str
    at_ns: int
    uid: str


def scaled(events: Sequence[JsonObject]) -> list[Scaled]:
    found = []
    for event in events:
        match = _SET.match(text(event, "message")) if text(event, "reason") == "ScalingReplicaSet" else None
        at_ns = _last(event)
        if match is not None and at_ns is not None:
            found.append(Scaled(
                workload=_about(event), set_name=match[2], up=match[1] == "up", to=int(match[3]),
                before=int(match[4]) if match[4] else None, at_ns=at_ns, uid=text(event, "metadata", "uid"),
            ))  # fmt: skip
    return sorted(found, key=lambda s: (s.at_ns, s.uid))


def rescaled(events: Sequence[JsonObject], autoscalers: Sequence[JsonObject]) -> list[Rescaled]:
    """What autoscalers did, as their Events (SuccessfulRescale) tell it, oldest first. `workload` is the scaled object
    that the autoscaler names, or the autoscaler's own name where its object is not there."""
    targets = {
        place(body): Place(place(body).namespace, text(body, "spec", "scaleTargetRef", "name")) for body in autoscalers
    }
    found = []
    for event in events:
        match = _SIZE.match(text(event, "message")) if text(event, "reason") == "SuccessfulRescale" else None
        at_ns = _last(event)
        if match is not None and at_ns is not None:
            about = _about(event)
            found.append(Rescaled(
                autoscaler=about, workload=targets.get(about, about), to=int(match[1]),
                reason=" ".join(match[2].split()), at_ns=at_ns, uid=text(event, "metadata", "uid"),
            ))  # fmt: skip
    return sorted(found, key=lambda r: (r.at_ns, r.uid))


def scalings(
    sets: Sequence[Scaled],
    decided: Sequence[Rescaled],
    replica_sets: Sequence[JsonObject],
    window: Window,
    began: Sequence[tuple[str, int]] = (),
) -> list[JsonObject]:
    """A change for each scaling that is not a step of a rollout. An autoscaler's decision and what it did are one.

    `began` are rollouts that are known already: (workload, when).
    """
    born = {
        place(body): at_ns for body in replica_sets
        if owner(body, "Deployment") and (at_ns := when(body, "metadata", "creationTimestamp")) is not None
    }  # fmt: skip
    changes, used = [], set()
    for one in sets:
        step = any(name == one.workload.name and 0 <= one.at_ns - at_ns <= _BORN_NS for name, at_ns in began)
        if step or _rolling(one, sets, born) or not window.start_ns <= one.at_ns <= window.end_ns:
            continue
        by = next((r for r in decided if r.workload == one.workload and r.to == one.to
                   and abs(r.at_ns - one.at_ns) <= _SAME_NS), None)  # fmt: skip
        if by is not None:
            used.add(by.uid)
        changes.append(_change(one.workload, one.before, one.to, by, one.at_ns, one.uid))
    changes += [
        _change(one.workload, None, one.to, one, one.at_ns, one.uid)
        for one in decided if one.uid not in used and window.start_ns <= one.at_ns <= window.end_ns
    ]  # fmt: skip
    return changes


def _rolling(one: Scaled, sets: Sequence[Scaled], born: dict[Place, int]) -> bool:
    made = born.get(Place(one.workload.namespace, one.set_name))
    if made is not None and 0 <= one.at_ns - made <= _BORN_NS:
        return True
    return any(
        other.workload == one.workload and other.set_name != one.set_name
        and abs(other.at_ns - one.at_ns) <= ROLLOUT_NS for other in sets
    )  # fmt: skip


def _change(workload: Place, before: int | None, to: int, by: Rescaled | None, at_ns: int, uid: str) -> JsonObject:
    moved = f"replicas {before} → {to}" if before is not None else f"replicas to {to}"
    why = f" (HorizontalPodAutoscaler {by.autoscaler.name}: {by.reason})" if by is not None else ""
    attributes: JsonObject = {"workload": str(workload), "to": str(to)}
    if before is not None:
        attributes["from"] = str(before)
    if by is not None:
        attributes["by"] = f"HorizontalPodAutoscaler/{by.autoscaler}"
    return {
        "time": rfc3339(at_ns), "kind": "scale", "service": workload.name, "id": f"scale/{workload}@{uid or at_ns}",
        "summary": bound(redact(f"{workload.name}: {moved}{why}"), 300), "attributes": attributes,
    }  # fmt: skip


def _about(event: JsonObject) -> Place:
    about = at(event, "involvedObject")
    return Place(text(about, "namespace") or place(event).namespace, text(about, "name"))


def _last(event: JsonObject) -> int | None:
    """When it last happened: an Event that repeats keeps its first and last time only."""
    times = (when(event, "series", "lastObservedTime"), when(event, "lastTimestamp"), when(event, "eventTime"),
             when(event, "metadata", "creationTimestamp"))  # fmt: skip
    return next((ns for ns in times if ns is not None), None)
