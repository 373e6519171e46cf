"""Short ways to write answers and labels in tests."""

from __future__ import annotations

from compass.evaluation.answer import Answer, Ranked, Tried
from compass.evaluation.case import CaseRun
from compass.evaluation.truth import Place, Truth


def ranked(
    entity: str, confidence: float = 0.5, *, mechanism: str = "m", kind: str = "service", trigger: str = "none"
) -> Ranked:
    return Ranked(entity=entity, kind=kind, mechanism=mechanism, trigger=trigger, confidence=confidence)


def answer(
    *items: Ranked, not_listed: float = 0.0, no_incident: float = 0.0, attempts: tuple[Tried, ...] = ()
) -> Answer:
    return Answer(ranked=items, not_listed=not_listed, no_incident=no_incident, attempts=attempts)


def truth(
    name: str = "orders",
    *,
    identity: str = "shop-1",
    fault_type: str = "fault",
    kind: str = "service",
    also: tuple[str, ...] = (),
    trigger: str | None = None,
    decoys: tuple[str, ...] = (),
    healthy: bool = False,
) -> Truth:
    places = () if healthy else tuple(Place(kind=kind, name=n) for n in (name, *also))
    return Truth(id=identity, fault_type=fault_type, accepted=places, trigger=trigger, decoys=frozenset(decoys))


def run(identity: str, found: Answer | None = None, *, error: str | None = None, seconds: float = 1.0) -> CaseRun:
    return CaseRun(id=identity, answer=found or Answer(), seconds=seconds, peak_mb=100.0, error=error)
