"""All changes that a cluster remembers, from the lists of its kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compass.domain.time import NS_PER_S, Window
from compass.sources.kubernetes.edits import edits, scale_edits
from compass.sources.kubernetes.fields import Place, place, text, when
from compass.sources.kubernetes.lists import Listed
from compass.sources.kubernetes.rollouts import of_replica_sets, of_revisions, rollouts
from compass.sources.kubernetes.scaling import rescaled, scaled, scalings
from compass.sources.live.gathered import JsonObject

EVENTS_NS = 3_600 * NS_PER_S  # kube-apiserver keeps Events so long (--event-ttl)
LATE_NS = 120 * NS_PER_S
UNSEEN = (
    "edits of Secrets are not read, nor is what ConfigMaps, quotas and autoscalers said before; "
    "deletions leave no trace"
)
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_SETTINGS = ("HorizontalPodAutoscaler", "Service", "ResourceQuota", "NetworkPolicy")


def changes_of(lists: Mapping[str, Listed], window: Window) -> tuple[list[JsonObject], list[str]]:
    """Changes in time order, and what could not be told, in words."""

    def of(*kinds: str) -> Sequence[JsonObject]:
        return [body for kind in kinds if kind in lists for body in lists[kind].objects]

    workloads, sets, events = of(*_WORKLOADS), of("ReplicaSet"), of("Event")
    created: dict[tuple[str, Place], int] = {
        (text(body, "kind"), place(body)): at_ns
        for body in workloads if (at_ns := when(body, "metadata", "creationTimestamp")) is not None
    }  # fmt: skip
    steps, decided = scaled(events), rescaled(events, of("HorizontalPodAutoscaler"))
    revisions = [*of_replica_sets(sets), *of_revisions(of("ControllerRevision"))]
    found, missing = rollouts(revisions, created, window, steps, of("Pod"))
    began = [(text(change, "service"), when(change, "time") or 0) for change in found]
    found += scalings(steps, decided, sets, window, began)
    found += scale_edits(workloads, found, window)
    edited, untold = edits(of("ConfigMap"), of(*_SETTINGS), workloads, window)
    ordered = sorted([*found, *edited], key=lambda change: (str(change["time"]), str(change["id"])))
    return ordered, [*missing, *untold]


def forgotten(window: Window, now_ns: int) -> list[str]:
    """What a cluster no longer knows of a window, in words."""
    notes = []
    if window.start_ns < now_ns - EVENTS_NS:
        notes.append("Events are kept for about an hour: changes of scale before that are not known")
    if window.end_ns < now_ns - LATE_NS:
        notes.append("of what was edited again since the window's end, the earlier edit is not known")
    return notes
