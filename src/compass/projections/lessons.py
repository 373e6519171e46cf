"""What one investigation teaches: its chronicle, folded into an incident, lessons and gaps for later ones.

Nothing is learned from what COMPASS itself concluded: only people's words count for or against a mechanism.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from compass.analysis.signature import signature_of
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.failure import FailureMode, Status
from compass.domain.hypothesis import NO_CHANGE
from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson, PastIncident, PastStatus, RecalledPattern
from compass.domain.learned import Cause, Corrected, PatternJudged, Signature, Visibility
from compass.domain.proposed import BY_MEMORY
from compass.domain.time import to_datetime
from compass.projections.board import fold_all

UNSOLVED = frozenset({FailureMode.NO_HYPOTHESIS, FailureMode.ALL_HYPOTHESES_DISPROVEN})
HIDDEN = frozenset({Visibility.INVISIBLE, Visibility.PARTLY})


def learned_of(events: Sequence[c.Event], number: int) -> Learned | None:
    """What `events`, a whole chronicle, teach. None while it runs, where it never began, or where its opening was
    erased: there is nothing to compare later incidents with."""
    board = fold_all(events)
    if board.incident is None or (board.status is Status.RUNNING and not board.verdicts.words):
        return None
    signature = board.memory.signature if board.memory is not None else signature_of(board)
    incident = PastIncident(
        investigation=events[0].investigation, number=number, title=board.incident.title,
        at=to_datetime(board.incident.detected_ns), status=_status(board), signature=signature, led=leading(board),
        cause=board.verdicts.cause, fix=board.verdicts.fix, severity=board.incident.severity, seq=events[-1].seq,
        recalled=_recalled(board),
    )  # fmt: skip
    return Learned(
        incident=incident, lessons=_lessons(events, board, signature, number), gaps=_gaps(events, board),
        judgements=_judgements(events, number),
    )  # fmt: skip


def leading(board: Board) -> Cause | None:
    """What COMPASS puts first, as a cause; None where "not on this list" or "no incident" leads, or nothing does."""
    posterior = board.posterior
    if posterior is None or not posterior.accounts:
        return None
    first, belief = posterior.ranked()[0]
    account = next((a for a in board.accounts if a.id == first), None)
    head = board.hypotheses.get(account.head) if account is not None else None
    if account is None or head is None or belief < max(posterior.no_incident, posterior.not_listed):
        return None
    change = max(account.triggers, key=lambda t: (t.weight, t.change), default=None)
    known = change.change if change is not None and change.change != NO_CHANGE else ""
    return Cause(mechanism=head.mechanism, entity=head.entity, change=known)


def _recalled(board: Board) -> tuple[RecalledPattern, ...]:
    """Every pattern that the memory named here, as a similar incident or by a count, in order."""
    if board.memory is None:
        return ()
    here: dict[tuple[str, EntityRef], EntityRef] = {
        (count.mechanism, count.entity): count.entity for count in board.memory.history if count.right
    }
    for similar in board.memory.similar:
        if similar.cause is not None and similar.cause.mechanism and similar.cause.entity is not None:
            here[similar.cause.mechanism, similar.cause.entity] = similar.present or similar.cause.entity
    first = leading(board)
    by_memory = {
        (h.mechanism, h.entity) for h in board.hypotheses.values() if h.proposed_by.startswith(BY_MEMORY)
    }  # fmt: skip
    return tuple(
        RecalledPattern(
            mechanism=mechanism, entity=entity, proposed=(mechanism, present) in by_memory,
            led=first is not None and (first.mechanism, first.entity) == (mechanism, present),
        )
        for (mechanism, entity), present in sorted(here.items())
    )  # fmt: skip


def _judgements(events: Sequence[c.Event], number: int) -> tuple[Judgement, ...]:
    found: list[Judgement] = []
    for event in events:
        said = event.payload
        if isinstance(said, PatternJudged):
            found.append(Judgement(
                id=f"#{number}/{event.key}", investigation=event.investigation, mechanism=said.mechanism,
                entity=said.entity, verdict=said.verdict, at=event.occurred_at, by=said.by, reason=said.reason,
            ))  # fmt: skip
    return tuple(found)


def _status(board: Board) -> PastStatus:
    if board.verdicts.near_miss:
        return PastStatus.NEAR_MISS
    if board.verdicts.cause is not None:
        return PastStatus.SOLVED
    if board.failure is FailureMode.NO_INCIDENT:
        return PastStatus.NO_INCIDENT
    return PastStatus.UNSOLVED if board.failure in UNSOLVED else PastStatus.OPEN


def _lessons(events: Sequence[c.Event], board: Board, signature: Signature, number: int) -> tuple[Lesson, ...]:
    """One incident counts once for what it was, by the word that holds, and once against each cause that COMPASS had
    put first when somebody corrected it."""
    holds = board.verdicts.cause
    if holds is None:
        return ()
    by_key = {event.key: event for event in events}
    told: dict[tuple[bool, str, EntityRef], tuple[str, str]] = {}
    for key, word in board.verdicts.words:
        counts: list[tuple[bool, Cause]] = [(True, holds)] if key == board.verdicts.holds else []
        if isinstance(word, Corrected) and word.believed is not None and speaks_against(word.believed, holds):
            counts.append((False, word.believed))
        for right, cause in counts:
            if cause.mechanism and cause.entity is not None:
                told[right, cause.mechanism, cause.entity] = (key, word.by)
    return tuple(
        Lesson(
            id=f"#{number}/{key}/{'for' if right else 'against'}", investigation=by_key[key].investigation,
            right=right, mechanism=mechanism, entity=entity, signature=signature, at=by_key[key].occurred_at, by=by,
        )
        for (right, mechanism, entity), (key, by) in told.items()
    )  # fmt: skip


def speaks_against(believed: Cause, was: Cause) -> bool:
    """Whether it is wrong of an incident that `was` something else. Where the same mechanism is named and no part of
    the system, it may have been right."""
    if believed.mechanism != was.mechanism:
        return True
    return bool(was.mechanism) and was.entity is not None and believed.entity != was.entity


def _gaps(events: Sequence[c.Event], board: Board) -> tuple[KnownGap, ...]:
    """What could not be seen, each once; that it hid the cause where the word that holds says so."""
    found: dict[tuple[str, str], KnownGap] = {}
    hidden = _told_hidden(board)
    for event in events:
        payload = event.payload
        if isinstance(payload, c.GapNamed):
            gap = _gap(event, payload.gap, payload.hides, payload.suggestion, event.occurred_at)
            found.setdefault((gap.gap, gap.hides), gap)
        elif isinstance(payload, Corrected) and event.key == hidden:
            what = payload.missing or "nothing that is connected shows it"
            cause = payload.cause.said or payload.cause.mechanism.replace("_", " ")
            gap = _gap(event, what, cause, payload.missing, event.occurred_at, hid=True)
            found[gap.gap, gap.hides] = gap
    return tuple(found[key] for key in sorted(found))


def _told_hidden(board: Board) -> str:
    """The key of the correction that holds of whether COMPASS could have seen the cause, where it could not; else "".

    A later correction replaces it. A later word of another kind says nothing about that: it leaves a correction that
    named the same cause, and replaces one that named another.
    """
    holds = board.verdicts.cause
    for key, word in reversed(board.verdicts.words):
        if word.cause is None or holds is None or not _one_cause(word.cause, holds):
            return ""
        if isinstance(word, Corrected):
            return key if word.visible in HIDDEN else ""
    return ""


def _one_cause(one: Cause, other: Cause) -> bool:
    """Whether two words name one cause: its mechanism and place, or where no mechanism is named the same words."""
    if one.mechanism or other.mechanism:
        return (one.mechanism, one.entity) == (other.mechanism, other.entity)
    return one.said.strip().casefold() == other.said.strip().casefold()


def _gap(event: c.Event, gap: str, hides: str, suggestion: str, at: datetime, *, hid: bool = False) -> KnownGap:
    return KnownGap(
        investigation=event.investigation, gap=gap, hides=hides, suggestion=suggestion, at=at, hid_cause=hid
    )
