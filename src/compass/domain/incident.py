"""The incident as the page told it, and the changes around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from compass.domain.entity import EntityRef
from compass.domain.time import Instant, Window


class Severity(StrEnum):
    """Incident severity, SEV1 the worst; UNKNOWN where nobody said."""

    SEV1 = "sev1"
    SEV2 = "sev2"
    SEV3 = "sev3"
    SEV4 = "sev4"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is known when an investigation opens. `now_ns` is the end of what may be read."""

    title: str
    window: Window
    detected_ns: int
    now_ns: int
    service: str | None = None
    symptom: str = ""
    severity: Severity = Severity.UNKNOWN
    system: str = ""
    origin: str = ""  # e.g. the recording's id; never its path
    sampling: float = 1.0
    runbook: str = ""  # where the page says what to do, as it says it
    runbook_steps: tuple[str, ...] = ()  # what it says, where it could be read
    note: str = ""  # why another time is looked at than the page's, where that is so


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """When the incident began, as an interval, and why it is believed (the candidates that were weighed)."""

    instant: Instant
    method: str
    because: tuple[str, ...] = ()
    strength: float = 0.0  # robust z of the change at this split; 0 = fell back to the page time


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change to the system: deploy, commit, config, flag, scale, provider_status, ..."""

    id: str
    at: Instant
    kind: str
    summary: str
    entity: EntityRef | None = None
    diff: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


RUNS_ON = "runs_on"
PART_OF = "part_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """`caller` depends on `callee`. `seen` names where it was learnt (spans, topology, objects).

    Kind RUNS_ON places a pod on a node and is no call; kind PART_OF is containment (child → parent). Containment has
    one parent a child, so placement stands beside it.
    """

    caller: EntityRef
    callee: EntityRef
    kind: str = "call"
    seen: str = "topology"
