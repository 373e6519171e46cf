"""The answer that needs no model: what the board holds about the words of the question, for and against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compass.domain.advice import Sentence
from compass.domain.commands import command
from compass.investigation.asking.known import Known, Side
from compass.investigation.asking.matching import Wanted

BY_EVIDENCE = "evidence"
SHARE = 0.5
"""Of the best score that a fact needs to be in the answer: it holds at least half of what was asked about."""
MOST = {
    Side.COURSE: 2, Side.THEORY: 3, Side.ABNORMAL: 4, Side.NORMAL: 3, Side.CHANGE: 3, Side.TOOL: 2, Side.DOCUMENT: 2,
    Side.UNSEEN: 3, Side.PART: 4,
}  # fmt: skip
_NAMED = 8
_UNSTATED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Facts about a question, the best first. `unknown` are its words that no fact holds."""

    facts: tuple[Known, ...]
    unknown: tuple[str, ...]
    best: Mapping[Side, float]

    def order(self, side: Side) -> tuple[float, int]:
        """Sides that are more about the question come first; of equal ones in the usual order."""
        return -self.best.get(side, 0.0), list(Side).index(side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`by` is a model's name or "evidence". `notes` say what a person should know about the answer itself; `dropped`
    are sentences of a model that were not shown; `tests` are labels it would test more deeply."""

    sentences: tuple[Sentence, ...]
    by: str = BY_EVIDENCE
    notes: tuple[str, ...] = ()
    dropped: int = 0
    tests: tuple[str, ...] = ()


def find(question: str, facts: Sequence[Known]) -> Found:
    """Facts that the question is about. The same for the same board, whatever the order of its events."""
    wanted = Wanted(question)
    weights = wanted.weights([fact.strong | fact.weak for fact in facts])
    scored = [(wanted.score(fact.strong, fact.weak, weights), fact) for fact in facts]
    best = max((score for score, _ in scored), default=0.0)
    kept = [(score, fact) for score, fact in scored if best > 0 and score >= SHARE * best]
    kept.sort(key=lambda item: (-item[0], -item[1].weight))
    of_side: dict[Side, float] = {}
    for score, fact in kept:
        of_side.setdefault(fact.side, score)
    unknown = tuple(word for word in wanted.words if word not in weights)
    return Found(facts=tuple(fact for _, fact in kept), unknown=unknown, best=of_side)


def from_evidence(question: str, facts: Sequence[Known], unstated: Sequence[Known] = (), *, of: int = 0) -> Answer:
    """What was found, side by side: theories with what became of them, what is abnormal, what is normal, changes, what
    could not be measured. Where nothing is about the question, what can be asked. `unstated` are mechanisms that no
    theory is of; `of` is what commands must name (see `domain.commands`)."""
    found = find(question, facts)
    never = tuple(fact.text for fact in find(" ".join(found.unknown), unstated).facts[:_UNSTATED])
    if not found.facts:
        return Answer(sentences=(), notes=(*_unknown(found, facts), *never, *can_be_asked(facts)))
    by_id = {fact.id: fact for fact in facts}
    shown: dict[str, Sentence] = {}
    for side in sorted(Side, key=found.order):
        own = [fact for fact in found.facts if fact.side is side]
        for fact in own[: MOST[side]]:
            shown.setdefault(fact.text, _sentence(fact, by_id))
    theories = [fact.id for fact in found.facts if fact.side is Side.THEORY]
    notes = [*_unknown(found, facts), *never]
    if not theories and found.best.keys() - {Side.COURSE, Side.PART, Side.TOOL, Side.DOCUMENT}:
        notes.append("No theory on the board is about it.")
    elif theories:
        harder, terms = (command(f"{name} {theories[0]}", of) for name in ("test", "why"))
        notes.append(f"{harder} tries harder to refute it; {terms} shows its terms.")
    left = len(found.facts) - len(shown)
    if left > 0:
        notes.append(f"{left} more facts are about it: {command('evidence', of)}, {command('accounts', of)}")
    return Answer(sentences=tuple(shown.values()), notes=tuple(notes))


def _sentence(fact: Known, by_id: Mapping[str, Known]) -> Sentence:
    rests_on = [key for key in fact.rests_on if key in by_id]
    rests_on.sort(key=lambda key: -by_id[key].weight)
    return Sentence(text=fact.text, cites=(fact.id, *rests_on[:4]))


def _unknown(found: Found, facts: Sequence[Known]) -> tuple[str, ...]:
    if not found.unknown:
        return ()
    named = ", ".join(f"“{word}”" for word in found.unknown[:_NAMED])
    return (f"Nothing on the board speaks of {named}.",) if facts else ()


def can_be_asked(facts: Sequence[Known]) -> tuple[str, ...]:
    """What there is to ask about, each sort with some of its names."""
    if not facts:
        return ("This investigation has found nothing yet.",)
    parts = [fact.text.split(":")[0] for fact in facts if fact.side is Side.PART]
    theories = [fact.id for fact in facts if fact.side is Side.THEORY]
    counts = {side: sum(1 for fact in facts if fact.side is side) for side in Side}
    said = []
    if parts:
        said.append(f"a part of the system ({_some(parts)})")
    if theories:
        said.append(f"a theory ({_some(theories)}) or what it says")
    if counts[Side.CHANGE]:
        said.append("what changed")
    if counts[Side.ABNORMAL]:
        said.append("what is abnormal")
    if counts[Side.TOOL]:
        said.append("what the team's own tools say")
    if counts[Side.DOCUMENT]:
        said.append("what the team's documents say")
    if counts[Side.NORMAL]:
        said.append("what is normal")
    said += ["when it began", "what could not be measured"]
    return (f"It can be asked about {', '.join(said)}.",)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
