"""What other knowledge of the team would have changed: how it ended before and after, what did it, and whether that is
better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from compass.analysis.posterior import NO_INCIDENT, NOT_LISTED
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.learned import Cause
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation
from compass.domain.proposed import BY_TEAM
from compass.domain.team import Entry, TeamKnowledge
from compass.projections.past import cause_words
from compass.projections.team.critical import criticals
from compass.projections.team.edges import STATED
from compass.projections.team.known import known_issues
from compass.projections.team.words import kind_of, where
from compass.projections.team.work import announced

NOTICEABLE = 0.05
"""Share of belief from which the same ending is another one to a reader."""
MOST_FACTS = 4


class Effect(StrEnum):
    """`UNKNOWN`: nobody has said what it was."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What led in the end: the id of a theory, or no_incident or not_listed; and how probable it was."""

    leader: str
    said: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What one entry did (`took_back`: does no more), and where it is written."""

    entry: str
    did: str
    written: str
    took_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rethought:
    """One past incident. `name` is its number or its recording; `was`: what it turned out to be, "" where nobody said.

    `unjudged`: what of the knowledge would have needed other measurements. `different`: something else leads;
    `moved`: the same does, with noticeably more or less.
    """

    name: str
    title: str
    before: Ending
    after: Ending
    deeds: tuple[Deed, ...]
    effect: Effect
    was: str = ""
    unjudged: tuple[str, ...] = ()
    different: bool = field(init=False)
    moved: bool = field(init=False)

    def __post_init__(self) -> None:
        different = self.before.leader != self.after.leader
        moved = not different and abs(self.before.confidence - self.after.confidence) >= NOTICEABLE
        object.__setattr__(self, "different", different)
        object.__setattr__(self, "moved", moved)


def ending_of(board: Board, mechanisms: Mapping[str, Mechanism]) -> Ending:
    """What has the largest share; of an investigation that believed nothing, that nothing is on its list."""
    posterior = board.posterior
    if posterior is None:
        return Ending(leader=NOT_LISTED, said="no theory was weighed", confidence=1.0)
    heads = {account.id: account.head for account in board.accounts}
    shares = [(belief, heads.get(key, key)) for key, belief in posterior.accounts.items()]
    shares += [(posterior.no_incident, NO_INCIDENT), (posterior.not_listed, NOT_LISTED)]
    belief, leader = max(shares)
    said = {NO_INCIDENT: "no incident is visible", NOT_LISTED: "nothing on the list"}.get(leader, "")
    theory = board.hypotheses.get(leader)
    return Ending(leader=leader, said=theory_words(theory, mechanisms) if theory else said, confidence=belief)


def theory_words(theory: Hypothesis, mechanisms: Mapping[str, Mechanism]) -> str:
    return cause_words(Cause(mechanism=theory.mechanism, entity=theory.entity), mechanisms)


def deeds(before: Board, after: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[Deed, ...]:
    """What entries do on the one board and not on the other, what is new first."""
    had, has = dict(_deeds(before, mechanisms)), dict(_deeds(after, mechanisms))
    new = [deed for key, deed in has.items() if key not in had]
    gone = [
        Deed(entry=deed.entry, did=deed.did, written=deed.written, took_back=True)
        for key, deed in had.items() if key not in has
    ]  # fmt: skip
    return (*new, *gone)


def _deeds(board: Board, mechanisms: Mapping[str, Mechanism]) -> Iterator[tuple[object, Deed]]:
    """By what is done, whatever the label of the fact is."""
    aside: dict[str, tuple[Entry, str, list[str]]] = {}
    for key, one in board.discounted.items():
        name = f"{kind_of(one.entry)} {one.entry.id}"
        aside.setdefault(name, (one.entry, name, []))[2].append(key)
    for entry, name, keys in aside.values():
        facts = [f"{board.observation_labels.get(key, 'E?')} {board.known(key).text}" for key in keys]
        more = f" and {len(facts) - MOST_FACTS} more" if len(facts) > MOST_FACTS else ""
        yield ("aside", name, *keys), _deed(name, f"sets aside {'; '.join(facts[:MOST_FACTS])}{more}", entry)
    for issue in known_issues(board):
        name = f"known issue {issue.entry.id}"
        own = [h for h in board.hypotheses.values() if h.proposed_by == f"{BY_TEAM}{issue.entry.id}"]
        said = [f"proposes: {theory_words(h, mechanisms)}" for h in own] or ["is shown; it proposes nothing new"]
        yield ("known", issue.entry.id, *(h.id for h in own)), _deed(name, said[0], issue.entry)
    yield from _structure(board, mechanisms)
    for work in announced(board):
        yield ("work", work.entry.id, work.window), _deed(f"work {work.entry.id}", "is noted beside it", work.entry)
    shown: dict[tuple[str, EntityRef], tuple[Observation, Entry]] = {}
    for o, met in criticals(board):
        for error in met:
            shown.setdefault((error.id, o.entity), (o, error))
    for (name, entity), (o, first) in shown.items():
        yield ("critical", name, entity), _deed(f"critical error {name}", f"is shown first: {o.text}", first)


def _structure(board: Board, mechanisms: Mapping[str, Mechanism]) -> Iterator[tuple[object, Deed]]:
    team = board.team or TeamKnowledge()
    for d in board.dependencies:
        if d.seen == STATED:
            did = f"adds {d.caller} → {d.callee}"
            stated = next(
                (e for e in team.dependencies if (e.caller, e.callee) == (d.caller.name, d.callee.name)), None
            )
            if stated is not None:
                yield ("edge", d.caller, d.callee), _deed(f"dependency {stated.id}", did, stated)
    own = {str(entry.mechanism.get("id", entry.id)): entry for entry in team.mechanisms}
    for h in board.hypotheses.values():
        if h.mechanism in own:
            did = f"states: {theory_words(h, mechanisms)}"
            yield ("mechanism", h.id), _deed(f"mechanism {h.mechanism}", did, own[h.mechanism])


def _deed(name: str, did: str, entry: Entry) -> Deed:
    return Deed(entry=name, did=did, written=where(entry))


def unjudged(before: Board, team: TeamKnowledge, after: Board) -> tuple[str, ...]:
    """What cannot be seen without measuring anew, as far as it is new."""
    old = before.team or TeamKnowledge()
    found = []
    rules = [entry for entry in team.metrics if entry.rule not in [one.rule for one in old.metrics]]
    if rules:
        found.append(f"metric rules ({', '.join(e.id for e in rules)}): what they read was not measured then")
    lines = [entry for entry in team.critical_errors if entry not in old.critical_errors]
    if lines:
        named = ", ".join(entry.id for entry in lines)
        found.append(f"critical errors ({named}): all lines would have been searched; here only those that facts quote")
    tried = {attempt.hypothesis for attempt in after.attempts.values()}
    own = {str(entry.mechanism.get("id", entry.id)) for entry in team.mechanisms}
    fresh = [
        h for h in after.hypotheses.values()
        if h.id not in tried and (h.mechanism in own or h.proposed_by.startswith(BY_TEAM))
    ]  # fmt: skip
    if fresh:
        named = ", ".join(sorted({h.mechanism for h in fresh}))
        found.append(f"theories that it brings ({named}): no attempt to refute them was made then")
    if any(d.seen == STATED and d not in before.dependencies for d in after.dependencies):
        found.append("stated dependencies: what lies behind them was not asked about then")
    return tuple(found)


def effect_of(before: Board, after: Board) -> Effect:
    """By what people said it was: whether that stands higher on the list, or is more probable."""
    cause = after.verdicts.cause
    if cause is None or (not cause.mechanism and cause.entity is None):
        return Effect.UNKNOWN
    return compared(*_standing(before, cause), *_standing(after, cause))


def cause_of(board: Board, mechanisms: Mapping[str, Mechanism]) -> str:
    """What people said it was, in words; "" where nobody did."""
    cause = board.verdicts.cause
    return cause_words(cause, mechanisms) if cause is not None else ""


def compared(rank_before: int, share_before: float, rank_after: int, share_after: float) -> Effect:
    """Ranks count from 1; a large one where it is not on the list."""
    gain = share_after - share_before
    if rank_after != rank_before:
        return Effect.BETTER if rank_after < rank_before else Effect.WORSE
    if abs(gain) < NOTICEABLE:
        return Effect.SAME
    return Effect.BETTER if gain > 0 else Effect.WORSE


def _standing(board: Board, cause: Cause) -> tuple[int, float]:
    """Where the cause stands on the list, and the share of all accounts that say so."""
    heads = {account.id: board.hypotheses.get(account.head) for account in board.accounts}
    ranked = board.posterior.ranked() if board.posterior is not None else ()
    right = [
        (rank, share) for rank, (key, share) in enumerate(ranked, start=1)
        if (h := heads.get(key)) is not None and cause.mechanism in ("", h.mechanism)
        and cause.entity in (None, h.entity)
    ]  # fmt: skip
    return min((rank for rank, _ in right), default=len(ranked) + 1), sum(share for _, share in right)
