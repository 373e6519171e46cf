"""Fold the chronicle into the board.

Within a round, events arrive in any order; when the round ends its observations, gaps and attempts are put into
canonical order and the observations get their labels. So two runs over the same data fold into the same board.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from functools import singledispatch
from itertools import count

from compass.domain import chronicle as c
from compass.domain.board import Board, TimingNote
from compass.domain.briefed import TeamBriefed
from compass.domain.commanded import Command, CommandGiven, DataGiven, Decided, DecisionMade, DecisionReviewed
from compass.domain.disproof import Outcome
from compass.domain.documents import DocumentsRead
from compass.domain.failure import Status
from compass.domain.learned import Recalled
from compass.domain.observation import Observation, Verdict
from compass.domain.recheck import Rechecked
from compass.domain.told import ToolAnswered, ToolsConsulted
from compass.domain.unread import UnreadCounted
from compass.projections.advice import fold_advice, resumed
from compass.projections.ordered import fold_orders
from compass.projections.team.discount import discounted, judged
from compass.projections.team.edges import STATED, with_stated
from compass.projections.verdicts import fold_verdicts

# The order in which labels are given: what is abnormal first, then the stronger, then by content.
_VERDICT_ORDER = {Verdict.ANOMALY: 0, Verdict.NORMAL: 1, Verdict.UNKNOWN: 2}


def fold_all(events: Iterable[c.Event], start: Board | None = None) -> Board:
    """The board after all `events`, in seq order."""
    board = start or Board()
    for event in events:
        board = fold(board, event)
    return board


def fold(board: Board, event: c.Event) -> Board:
    """The board after one more event. Unknown kinds and erased payloads change nothing but `seq`."""
    after = _apply(event.payload, board)
    verdicts = fold_verdicts(event.payload, event.key, after.verdicts)
    if verdicts is not after.verdicts:
        after = replace(after, verdicts=verdicts)
    if isinstance(event.payload, c.Opened):
        after = replace(after, opened_at=event.recorded_at)
    made = _made(after.made, event, after.opened_at)
    if made is not after.made:
        after = replace(after, made=made)
    opened = isinstance(event.payload, c.RoundStarted)
    return replace(after, seq=event.seq, round_seq=event.seq if opened else after.round_seq)


def ahead(board: Board, payloads: Iterable[c.Payload]) -> Board:
    """The board as these payloads will leave it, for what has to be committed together with them. What needs the
    event itself, not its payload alone, stays as it is: `seq`, `round_seq`, `made`, `verdicts` and
    when it was opened."""
    for payload in payloads:
        board = _apply(payload, board)
    return board


def _made(made: tuple[DecisionMade, ...], event: c.Event, opened_at: datetime | None) -> tuple[DecisionMade, ...]:
    """Decisions in their order, each with what was added to it later."""
    payload = event.payload
    if isinstance(payload, Decided):
        elapsed_s = (event.recorded_at - opened_at).total_seconds() if opened_at is not None else None
        one = DecisionMade(
            key=event.key, seq=event.seq, decided=payload, at=event.occurred_at, elapsed_s=elapsed_s
        )  # fmt: skip
        return (*made, one)
    if isinstance(payload, DecisionReviewed):
        return tuple(
            replace(one, reviews=(*one.reviews, payload)) if one.key == payload.decided else one for one in made
        )
    return made


@singledispatch
def _apply(payload: object, board: Board) -> Board:
    advice, orders = fold_advice(payload, board.advice), fold_orders(payload, board.orders)
    if advice is board.advice and orders is board.orders:
        return board
    return replace(board, advice=advice, orders=orders)


@_apply.register
def _(payload: c.Opened, board: Board) -> Board:
    advice = replace(board.advice, model=payload.model, budget_usd=payload.budget_usd)
    return replace(board, incident=payload.incident, specialists=payload.specialists, advice=advice)


@_apply.register
def _(payload: c.SourcesChecked, board: Board) -> Board:
    return replace(board, health=payload.health)


@_apply.register
def _(payload: c.OnsetEstimated, board: Board) -> Board:
    return replace(board, onset=payload.onset)


@_apply.register
def _(payload: c.ContextLearned, board: Board) -> Board:
    observed = tuple(d for d in board.dependencies if d.seen != STATED)
    known = {(d.caller, d.callee) for d in observed}
    fresh = tuple(d for d in payload.dependencies if (d.caller, d.callee) not in known)
    changes = {change.id: change for change in (*board.changes, *payload.changes)}
    learned = replace(
        board,
        entities=tuple(sorted({*board.entities, *payload.entities})),
        dependencies=(*observed, *fresh),
        changes=tuple(changes.values()),
        containment={**board.containment, **dict(payload.containment)},
    )
    return with_stated(learned)


@_apply.register
def _(payload: TeamBriefed, board: Board) -> Board:
    # The first counts: what is applied later changes nothing for an investigation that has begun.
    return board if board.team is not None else replace(board, team=payload.knowledge)


@_apply.register
def _(payload: UnreadCounted, board: Board) -> Board:
    return replace(board, unread=payload.unread)


@_apply.register
def _(payload: c.RoundStarted, board: Board) -> Board:
    deepened = len(board.asked) if payload.phase == "deepen" else board.deepened
    deep = board.deep_rounds + (payload.phase == "deepen")
    return replace(
        board, round=payload.number, phase=payload.phase, round_open=True, deepened=deepened, deep_rounds=deep
    )


@_apply.register
def _(_payload: c.RoundFinished, board: Board) -> Board:
    seen = (*board.observations.values(), *(aside.observation for aside in board.discounted.values()))
    fresh = [o for o in seen if o.id not in board.observation_labels]
    fresh.sort(key=_canonical)
    first = len(board.observation_labels) + 1
    labels = dict(board.observation_labels)
    labels.update({o.id: f"E{first + i}" for i, o in enumerate(fresh)})
    observations = {key: board.observations[key] for key in labels if key in board.observations}
    aside = {key: board.discounted[key] for key in labels if key in board.discounted}
    return replace(
        board,
        round_open=False,
        observations=observations,
        observation_labels=labels,
        discounted=aside,
        attempts=dict(sorted(board.attempts.items())),
        plans=dict(sorted(board.plans.items())),
        gaps=tuple(sorted(set(board.gaps))),
        failed=tuple(sorted(board.failed)),
    )


def _canonical(o: Observation) -> tuple[int, float, str, str, str]:
    return _VERDICT_ORDER[o.verdict], -o.strength, o.sign, o.entity.key, o.id


@_apply.register
def _(payload: c.StepFinished, board: Board) -> Board:
    return replace(board, steps_done=board.steps_done | {(payload.agent, payload.step)})


@_apply.register
def _(payload: c.AgentFailed, board: Board) -> Board:
    return replace(
        board,
        failed=(*board.failed, (payload.agent, payload.step, payload.error)),
        gaps=(*board.gaps, (f"{payload.agent}: {payload.error}", payload.hides)),
        steps_done=board.steps_done | {(payload.agent, payload.step)},
    )


@_apply.register
def _(payload: c.AgentStopped, board: Board) -> Board:
    return replace(board, stopped_agents={**board.stopped_agents, payload.agent: payload.reason})


@_apply.register
def _(payload: c.Observed, board: Board) -> Board:
    observation, key = payload.observation, payload.observation.id
    known = board.known(key) if key in board.observations or key in board.discounted else None
    # Two agents may see the same thing; which of them is kept must not depend on who was first.
    if known is not None and (known.agent, known.text) <= (observation.agent, observation.text):
        return board
    aside = discounted(board, observation)
    if aside is None and key not in board.discounted:
        return replace(board, observations={**board.observations, key: observation})
    counted = {other: o for other, o in board.observations.items() if other != key}
    kept = {other: one for other, one in board.discounted.items() if other != key}
    if aside is None:
        return replace(board, observations={**counted, key: observation}, discounted=kept)
    return replace(board, observations=counted, discounted={**kept, key: aside})


@_apply.register
def _(payload: c.Proposed, board: Board) -> Board:
    hypothesis = payload.hypothesis
    taken = {h.label for h in board.hypotheses.values() if h.id != hypothesis.id}
    if not hypothesis.label or hypothesis.label in taken:
        # Stated from another terminal, or while the runner gave the same number: labels stay unique, by order.
        hypothesis = replace(hypothesis, label=_free_label(taken))
    return replace(board, hypotheses={**board.hypotheses, hypothesis.id: hypothesis}, unweighed=True)


def _free_label(taken: Collection[str]) -> str:
    return next(label for number in count(len(taken) + 1) if (label := f"H{number}") not in taken)


@_apply.register
def _(payload: DataGiven, board: Board) -> Board:
    # What a person says an answer shows is an attempt: it has to be weighed.
    return replace(board, orders=fold_orders(payload, board.orders), unweighed=True)


@_apply.register
def _(payload: c.PlanRegistered, board: Board) -> Board:
    return replace(board, plans={**board.plans, payload.plan.id: payload.plan})


@_apply.register
def _(payload: c.Attempted, board: Board) -> Board:
    return replace(board, attempts={**board.attempts, payload.attempt.plan: judged(board, payload.attempt)})


@_apply.register
def _(payload: c.AccountsFormed, board: Board) -> Board:
    return replace(board, accounts=payload.accounts)


@_apply.register
def _(payload: c.EvidenceWeighed, board: Board) -> Board:
    return replace(board, evidence=payload.evidence)


@_apply.register
def _(payload: c.PosteriorUpdated, board: Board) -> Board:
    return replace(board, posterior=payload.posterior, believed_round=board.round, unweighed=_unheard(board))


def _unheard(board: Board) -> bool:
    """Whether a person's answer came while the beliefs were being formed: it is in no evidence yet."""
    weighed = {(item.id, item.because) for item in board.evidence}
    heads = {account.head for account in board.accounts}
    return any(
        (f"attempt/{a.plan}", a.found) not in weighed
        for request in board.orders.given
        if (a := board.attempts.get(f"answer/{request}")) is not None
        and a.hypothesis in heads
        and a.outcome in (Outcome.REFUTED, Outcome.SURVIVED)
    )


@_apply.register
def _(payload: c.QuestionAnswered, board: Board) -> Board:
    return replace(board, answers={**board.answers, payload.question: payload.answer})


@_apply.register
def _(payload: Decided, board: Board) -> Board:
    return replace(board, decisions=(*board.decisions, (payload.decision, payload.by, payload.because)))


@_apply.register
def _(payload: c.GapNamed, board: Board) -> Board:
    return replace(board, gaps=(*board.gaps, (payload.gap, payload.hides)))


@_apply.register
def _(payload: c.FailureDeclared, board: Board) -> Board:
    return replace(board, failure=payload.mode, said=payload.said, look_at=payload.look_at)


@_apply.register
def _(payload: c.TimingMeasured, board: Board) -> Board:
    # Taking an investigation up again adds to what it took: a deeper attempt of 0.1 s does not make it one of 0.1 s.
    before = board.timing or TimingNote(elapsed_s=0.0)
    agents = {
        name: before.agents_s.get(name, 0.0) + payload.agents_s.get(name, 0.0)
        for name in sorted({*before.agents_s, *payload.agents_s})
    }
    note = TimingNote(
        elapsed_s=before.elapsed_s + payload.elapsed_s, agents_s=agents,
        sequential_s=payload.sequential_s or before.sequential_s, parallel_s=payload.parallel_s or before.parallel_s,
    )  # fmt: skip
    return replace(board, timing=note)


@_apply.register
def _(payload: CommandGiven, board: Board) -> Board:
    return replace(
        board,
        requests=(*board.requests, (payload.command, payload.argument)),
        stop_requested=board.stop_requested or payload.command == Command.STOP,
        orders=fold_orders(payload, board.orders),
    )


@_apply.register
def _(payload: c.Resumed, board: Board) -> Board:
    # A new chance to end: an earlier stop or ending no longer holds. What was said without an end (a source that is
    # lost) still does: a crash between must not make a difference.
    advice = resumed(board.advice, payload, board.round)
    again = replace(board, status=Status.RUNNING, reopened=board.reopened + 1, stop_requested=False, advice=advice)
    return again if board.status is Status.RUNNING else replace(again, failure=None, said="", look_at=())


@_apply.register
def _(payload: c.Ended, board: Board) -> Board:
    return replace(board, status=payload.status, said=board.said or payload.said)


@_apply.register
def _(payload: Rechecked, board: Board) -> Board:
    return replace(board, rechecks=(*board.rechecks, payload))


@_apply.register
def _(payload: Recalled, board: Board) -> Board:
    return replace(board, memory=payload)


@_apply.register
def _(payload: ToolAnswered, board: Board) -> Board:
    if any(known.id == payload.id for known in board.told.values()):
        return board
    return replace(board, told={**board.told, f"X{len(board.told) + 1}": payload})


@_apply.register
def _(payload: ToolsConsulted, board: Board) -> Board:
    return replace(board, consulted=payload)


@_apply.register
def _(payload: DocumentsRead, board: Board) -> Board:
    return replace(board, documents=payload)
