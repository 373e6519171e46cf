"""Containers that ended badly: whose, when, and how often. What they wrote just before says why."""

from __future__ import annotations

from dataclasses import dataclass

from compass.analysis.kubernetes.model import ContainerState, Pod
from compass.analysis.kubernetes.view import View, Workload, pod_entity
from compass.domain.entity import EntityRef

KILLED = frozenset({137, 143})  # SIGKILL, SIGTERM: ended from outside, so its last lines are not the reason


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The last time that one container ended by itself with an error. API times are whole seconds."""

    entity: EntityRef
    pod: EntityRef
    container: str
    at_ns: int
    exit_code: int
    restarts: int


def _of(w: Workload, pod: Pod, c: ContainerState, view: View) -> End | None:
    for one in c.endings:
        if one.at_ns is not None and one.exit_code and one.exit_code not in KILLED and view.recent(one.at_ns):
            return End(entity=w.entity, pod=pod_entity(pod), container=c.name, at_ns=one.at_ns,
                       exit_code=one.exit_code, restarts=c.restarts)  # fmt: skip
    return None


def bad_ends(view: View) -> tuple[End, ...]:
    """Recent terminations with an error in pods that are not ready now, oldest first."""
    found = [
        end
        for w in view.workloads for pod in w.pods if pod.live and not pod.ready
        for c in pod.containers if (end := _of(w, pod, c, view)) is not None
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda e: (e.at_ns, e.pod.key, e.container)))
