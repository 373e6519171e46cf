"""Which chronicle event each fact comes from: `[#45]` behind a sentence, resolved in the report's appendix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compass.domain import chronicle as c
from compass.domain.advised import ModelAsked, ModelSent, PersonAnswered
from compass.domain.commanded import Decided
from compass.domain.documents import DocumentsRead
from compass.domain.recheck import Rechecked
from compass.domain.told import ToolAnswered

_AFTER = (
    c.Reported,
    Rechecked,
    c.ServersAsked,
    ModelSent,
    ModelAsked,
    PersonAnswered,
)  # what may come when it has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Citations:
    """Seq numbers by what they are about. The latest event wins where one replaces another."""

    events: tuple[c.Event, ...]
    by_key: dict[tuple[str, str], int]

    def of(self, kind: str, key: str = "") -> str:
        """` [#45]`, or an empty text when no event holds that fact."""
        seq = self.by_key.get((kind, key))
        return f" [#{seq}]" if seq is not None else ""

    def up_to(self) -> str:
        """The last event of the investigation itself: for sentences that count everything up to it."""
        seq = max((e.seq for e in self.events if not isinstance(e.payload, _AFTER)), default=None)
        return f" [#{seq}]" if seq is not None else ""

    def has(self, kind: str, key: str = "") -> bool:
        return (kind, key) in self.by_key


def gap_key(gap: str, hides: str) -> str:
    """One gap can hide several things, each named by another event."""
    return f"{gap}\x1f{hides}"


def cite(events: Sequence[c.Event]) -> Citations:
    """Index the events of one investigation."""
    by_key: dict[tuple[str, str], int] = {}
    for event in events:
        for kind, key in _subjects(event.payload):
            by_key[(kind, key)] = event.seq
    return Citations(events=tuple(events), by_key=by_key)


def _subjects(payload: object) -> Iterable[tuple[str, str]]:
    if isinstance(payload, c.Observed):
        yield "observation", payload.observation.id
    elif isinstance(payload, ToolAnswered):
        yield "tool", payload.id
    elif isinstance(payload, DocumentsRead):
        yield from (("document", one.id) for one in payload.quoted)
        yield "documentsread", ""
    elif isinstance(payload, c.Proposed):
        yield "hypothesis", payload.hypothesis.id
    elif isinstance(payload, c.PlanRegistered):
        yield "plan", payload.plan.id
    elif isinstance(payload, c.Attempted):
        yield "attempt", payload.attempt.plan
    elif isinstance(payload, c.ContextLearned):
        yield from (("change", change.id) for change in payload.changes)
        yield "context", ""
    elif isinstance(payload, c.GapNamed):
        yield "gap", gap_key(payload.gap, payload.hides)
    elif isinstance(payload, c.QuestionAnswered):
        yield "answer", payload.question
    elif isinstance(payload, Decided):
        yield "decision", payload.decision
    elif isinstance(payload, Rechecked):
        yield "recheck", str(payload.at_ns)
    elif isinstance(payload, c.AgentFailed):
        yield "gap", gap_key(f"{payload.agent}: {payload.error}", payload.hides)
    else:
        yield type(payload).__name__.lower(), ""
