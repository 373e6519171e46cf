"""What the reconciliation says: typed findings, and what was looked at and found in order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from compass.domain.entity import EntityRef
from compass.domain.observation import Quality
from compass.domain.time import NS_PER_S, Instant

# One scale for every rule. A contradiction that explains why something is missing now ranks above the symptom it
# explains; a contradiction that harms nothing now (an optional address, a cordoned node) ranks below every symptom.
HOST = 0.95  # a node or control-plane part is down: ahead of its pods' symptoms
CAUSE = 0.9  # declared against existing, and something is missing or failing because of it
LIKELY = 0.8  # the same, less direct
SYMPTOM = 0.6  # not ready, pending, crashing: says that, not why
HINT = 0.4
ODDITY = 0.2  # contradicts, harms nothing that is seen

QUOTE = 240
SECOND = Instant(ns=0, uncertainty_ns=NS_PER_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One contradiction between what is declared and what exists.

    `strength` in [0, 1]; `since` from the event or condition that dates it; `peer` the other object concerned;
    `objects` the API objects it rests on, as `Kind/namespace/name`.
    """

    sign: str
    entity: EntityRef
    strength: float
    text: str
    since: Instant | None = None
    peer: EntityRef | None = None
    objects: tuple[str, ...] = ()
    quality: Quality = Quality.DIRECT


@dataclass(slots=True)
class Report:
    """Findings under way, and the (sign, entity) pairs that a rule looked at with all it needed to see."""

    findings: list[Finding] = field(default_factory=list)
    checked: set[tuple[str, EntityRef]] = field(default_factory=set)

    def add(self, finding: Finding) -> None:
        self.findings.append(finding)

    def check(self, sign: str, entity: EntityRef) -> None:
        self.checked.add((sign, entity))


def instant(ns: int | None) -> Instant | None:
    """API times are whole seconds."""
    return None if ns is None else Instant(ns=ns, uncertainty_ns=NS_PER_S)


def quote(message: str, limit: int = QUOTE) -> str:
    """One line of somebody else's text, cut."""
    line = " ".join(message.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def strongest(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding a (sign, entity, peer), the strongest, its objects merged; ordered by falling strength."""
    best: dict[tuple[str, str, str], Finding] = {}
    for f in sorted(findings, key=lambda f: (-f.strength, f.sign, f.entity.key, f.text)):
        key = (f.sign, f.entity.key, f.peer.key if f.peer else "")
        known = best.get(key)
        best[key] = f if known is None else replace(known, objects=tuple(sorted({*known.objects, *f.objects})))
    return tuple(sorted(best.values(), key=lambda f: (-f.strength, f.sign, f.entity.key, f.peer.key if f.peer else "")))
