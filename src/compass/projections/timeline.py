"""What happened when: in the system (changes, onset, first signs, page) and in the investigation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from compass.domain import advised as told
from compass.domain import chronicle as c
from compass.domain.advised import PersonAnswered
from compass.domain.board import Board
from compass.domain.briefed import TeamBriefed
from compass.domain.commanded import POLICY, CommandGiven, DataRequested, Decided, DecisionReviewed
from compass.domain.disproof import Outcome
from compass.domain.documents import DocumentsRead
from compass.domain.incident import Onset
from compass.domain.observation import Observation
from compass.domain.recheck import Rechecked
from compass.domain.time import NS_PER_S, from_datetime
from compass.domain.told import ToolsConsulted
from compass.projections.central import central, leading
from compass.projections.rechecks import said_of
from compass.projections.situation import AFFECTED_FROM, only_changed, owner_of
from compass.projections.team.work import announced

FIRST_SIGNS = 12
MOST_DOUBT_NS = 30 * NS_PER_S
PAGE_TIME = "page time"  # the method of an onset that fell back


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`track` is system or investigation; `seq` the chronicle event it comes from; `ns` UTC.

    `detail`: one of the many single attempts, which an overview leaves out. `by` is person | policy | compass | system.
    """

    ns: int
    uncertainty_ns: int
    track: str
    text: str
    seq: int
    detail: bool = False
    by: str = "system"


def moments(events: Iterable[c.Event], board: Board) -> tuple[Moment, ...]:
    """Both tracks, each in order of time; the system's first (it happened before anybody looked)."""
    listed = tuple(events)
    system = [*_system(listed), *_first_signs(listed, board), *_central(listed, board), *_work(listed, board)]
    system.sort(key=lambda m: (m.ns, m.seq, m.text))
    return (*system, *_investigation(listed, board))


def _system(events: Iterable[c.Event]) -> list[Moment]:
    found: list[Moment] = []
    for event in events:
        payload = event.payload
        if isinstance(payload, c.Opened):
            page = f"someone was paged: {payload.incident.title}"
            found.append(_moment(payload.incident.detected_ns, 0, page, event.seq))
        elif isinstance(payload, c.OnsetEstimated):
            at = payload.onset.instant
            found.append(_moment(at.ns, at.uncertainty_ns, onset_words(payload.onset), event.seq))
        elif isinstance(payload, c.ContextLearned):
            for change in payload.changes:
                target = f" of {change.entity}" if change.entity else ""
                text = f"{change.kind}{target}: {change.summary} [{change.id}]"
                found.append(_moment(change.at.ns, change.at.uncertainty_ns, text, event.seq))
    return found


def _work(events: Iterable[c.Event], board: Board) -> list[Moment]:
    """Work that the team had announced, at its beginning and, where that is past, its end."""
    told = next((event.seq for event in events if isinstance(event.payload, TeamBriefed)), None)
    found: list[Moment] = []
    for one in announced(board) if told is not None and board.incident is not None else ():
        said = f"announced work {one.entry.id}: {one.entry.says}"
        found.append(_moment(one.window.start_ns, 0, f"{said} begins", told or 0))
        if board.incident is not None and one.window.end_ns < board.incident.now_ns:
            found.append(_moment(one.window.end_ns, 0, f"{said} ends", told or 0))
    return found


def onset_words(onset: Onset) -> str:
    """One incident has one onset; a page time that stands in for it is not called one."""
    if onset.method == PAGE_TIME:
        return "onset not determined; the time of the page stands in for it"
    return f"onset of the incident ({onset.method})"


def _central(events: Iterable[c.Event], board: Board) -> list[Moment]:
    """What the leading account's trigger changed, when it can be dated."""
    account = leading(board)
    facts = {o.id: o for o in central(board, account)} if account is not None else {}
    found: dict[str, Moment] = {}
    for event in events:
        o = facts.get(event.payload.observation.id) if isinstance(event.payload, c.Observed) else None
        if o is not None and o.since is not None:
            label = board.observation_labels.get(o.id, "E?")
            said = f"changed by {o.change}: {label} {o.text}" if o.change else f"{label} {o.text}"
            found.setdefault(o.id, _moment(o.since.ns, o.since.uncertainty_ns, said, event.seq))
    return list(found.values())


def _first_signs(events: Iterable[c.Event], board: Board) -> list[Moment]:
    """The first sign at each entity, strongest entities first, so that the spread can be followed."""
    first: dict[str, Moment] = {}
    strength: dict[str, float] = {}
    for event in events:
        if not isinstance(event.payload, c.Observed):
            continue
        o = event.payload.observation
        if o.since is None or o.strength < AFFECTED_FROM or o.id in board.discounted or not _tells_when(o, board):
            continue
        owner = owner_of(board, o.entity)
        key, label = owner.key, board.observation_labels.get(o.id, "E?")
        moment = _moment(o.since.ns, o.since.uncertainty_ns, f"first sign at {owner}: {label} {o.text}", event.seq)
        if key not in first or (moment.ns, moment.text) < (first[key].ns, first[key].text):
            first[key] = moment
        strength[key] = max(strength.get(key, 0.0), o.strength)
    ranked = sorted(first, key=lambda key: (-strength[key], key))[:FIRST_SIGNS]
    return [first[key] for key in ranked]


def _tells_when(o: Observation, board: Board) -> bool:
    """Whether it says when trouble began: not what was done, and not less exactly than the onset itself is known."""
    known_to = board.onset.instant.uncertainty_ns if board.onset else 0
    exact = o.since is not None and o.since.uncertainty_ns <= max(known_to, MOST_DOUBT_NS)
    return exact and not only_changed(o.sign) and not o.sign.startswith("release.")


def _investigation(events: Iterable[c.Event], board: Board) -> list[Moment]:
    found = []
    for event in events:
        text = _deed(event.payload, board)
        if text:
            ns = from_datetime(event.occurred_at)
            single = isinstance(event.payload, c.Attempted)
            found.append(
                Moment(
                    ns=ns,
                    uncertainty_ns=0,
                    track="investigation",
                    text=text,
                    seq=event.seq,
                    detail=single,
                    by=_actor(event),
                )
            )
    return found


def _actor(event: c.Event) -> str:
    """A person's deeds and the machine's are never mistaken for one another."""
    payload = event.payload
    by = payload.by if isinstance(payload, Decided) else event.actor
    if by.startswith(POLICY):
        return "policy"
    return "person" if by.startswith("human") else "compass"


def _deed(payload: object, board: Board) -> str:
    if isinstance(payload, c.Opened):
        return f"investigation opened by {payload.commander}"
    if isinstance(payload, c.RoundStarted):
        return f"round {payload.number} ({payload.phase})"
    if isinstance(payload, c.Attempted) and payload.attempt.outcome in (Outcome.REFUTED, Outcome.SURVIVED):
        hypothesis = board.hypotheses.get(payload.attempt.hypothesis)
        label = hypothesis.label if hypothesis else "?"
        attempt = board.attempts.get(payload.attempt.plan, payload.attempt)  # as it counts
        how = attempt.strategy.replace("_", " ") + (f", {attempt.trigger} as trigger" if attempt.trigger else "")
        return f"{label} {attempt.outcome.value} ({how}): {attempt.found}"
    if isinstance(payload, c.AgentFailed):
        return f"{payload.agent} failed: {payload.error}"
    if isinstance(payload, Decided):
        return f"{'policy' if payload.by.startswith(POLICY) else 'person'} decided: {payload.decision}{_why(payload)}"
    if isinstance(payload, TeamBriefed):
        return f"told what the team wrote down{_version(payload)}"
    if isinstance(payload, CommandGiven):
        return "" if payload.argument.startswith(POLICY) else f"a person ordered: {payload.command}"
    if isinstance(payload, DataRequested):
        label = board.hypotheses[payload.hypothesis].label if payload.hypothesis in board.hypotheses else "?"
        return f"asked a person for data about {label}: {payload.question}"
    if isinstance(payload, DecisionReviewed):
        return "a person added to an earlier decision what was known then"
    if isinstance(payload, PersonAnswered):
        return f"a person asked: {payload.question}"
    if isinstance(payload, c.Resumed):
        return f"taken up again after event {payload.after_seq}"
    if isinstance(payload, Rechecked):
        return f"measured again: {said_of(payload)}"
    if isinstance(payload, told.ModelLost):
        return f"no language model from here on: {payload.said}"
    if isinstance(payload, told.AdviceTaken) and not payload.skipped:
        return f"a language model was heard: {_heard(payload)}"
    if isinstance(payload, told.TheoryArgued):
        label = board.hypotheses[payload.hypothesis].label if payload.hypothesis in board.hypotheses else "?"
        by = "a person" if payload.by.startswith("human") else payload.by
        return f"{label} proposed by {by}: “{payload.reasoning}”"
    if isinstance(payload, ToolsConsulted):
        return f"the team's own tools were asked: {payload.asked - payload.failed} of {payload.asked} calls answered"
    if isinstance(payload, DocumentsRead) and payload.quoted:
        names = ", ".join(dict.fromkeys(one.document for one in payload.quoted))
        return f"the team's documents were read: {len(payload.quoted)} passages of {names}"
    if isinstance(payload, c.Ended):
        return f"ended ({payload.status.value}): {payload.said}"
    return ""


def _version(payload: TeamBriefed) -> str:
    return f" (version {payload.knowledge.version})" if payload.knowledge.version else ""


def _why(decided: Decided) -> str:
    reason = decided.record.reason if decided.record is not None else ""
    return f" (because: {reason})" if reason else ""


def _heard(taken: told.AdviceTaken) -> str:
    entered = f"{taken.entered} of {taken.suggested} theories entered" if taken.suggested else "no theory"
    return f"{entered}, {taken.dropped} claims dropped that name what is not there" if taken.dropped else entered


def _moment(ns: int, uncertainty_ns: int, text: str, seq: int) -> Moment:
    return Moment(ns=ns, uncertainty_ns=uncertainty_ns, track="system", text=text, seq=seq)
