"""Decisions, each with what was known when it was taken."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.commanded import NO_REASON, Agreement, Decided, DecisionKind, DecisionReviewed
from compass.domain.observation import Verdict
from compass.exports.draft import Draft
from compass.exports.prose import CHILD, code, name, percent, plain, sentence
from compass.projections.board import fold
from compass.projections.build_view import change_lines
from compass.projections.central import leading
from compass.projections.outcomes import outcome_of

_BY_POLICY = "policy:"
_GO_ON, _END = "go on to ", "end: "
_MOST = 5
_AGREEMENT = {
    Agreement.AGREES: "the person agreed", Agreement.OTHER_ON_LIST: "another of what was shown was taken",
    Agreement.NOT_ON_LIST: "something that was not on the list was taken",
    Agreement.AGAINST: "that was put aside", Agreement.NONE_FAVOURED: "it weighed nothing against it",
}  # fmt: skip


def decisions(d: Draft) -> list[str]:
    """Each decision with the state of the board just before it, folded anew: what came out later is told as that,
    apart."""
    lines = ["## Decisions", "", "Each with what was known at that moment.", ""]
    board, made = Board(), {one.key: one for one in d.board.made}
    for event in d.cites.events:
        if isinstance(event.payload, Decided):
            attended = any(not one.decided.by.startswith(_BY_POLICY) for one in board.made)
            lines.append(f"- {_deed(event.payload, attended=attended)} {_state(board)} [#{event.seq}]")
            made_here = made.get(event.key)
            came = outcome_of(made_here, d.board, d.mechanisms) if made_here is not None else ""
            lines += _table(event.payload, made_here.reviews if made_here is not None else (), came)
        board = fold(board, event)
    lines.append("- Question: which decisions were taken outside COMPASS, and what was known at that moment?")
    return lines


def _table(decided: Decided, reviews: tuple[DecisionReviewed, ...], came: str) -> list[str]:
    """What stood on the table, and what was added later: why it was reasonable then, and what came of it."""
    record, told = decided.record, list[str]()
    if record is not None and not decided.by.startswith(_BY_POLICY):
        if record.favoured:
            why = f" ({plain(record.favoured_because)})" if record.favoured_because else ""
            told.append(f"COMPASS favoured “{plain(record.favoured)}”{why}; {_AGREEMENT[record.agreement]}")
        if record.took_s is not None:
            told.append(f"decided within {record.took_s:.0f} s")
        if record.confidence is not None:
            told.append(f"with a confidence of {percent(record.confidence)}")
    for review in reviews:
        if review.reason:
            told.append(f"why it was reasonable then: {plain(review.reason)}")
        if review.confidence is not None:
            told.append(f"confidence, as remembered: {percent(review.confidence)}")
        if review.outcome:
            told.append(f"what came of it: {plain(review.outcome)}")
    if came:
        told.append(f"by what was said since: {plain(came)}")
    return [f"{CHILD}{sentence('; '.join(told))}"] if told else []


def _deed(decided: Decided, *, attended: bool) -> str:
    """`attended`: a person had decided something before."""
    by_policy = decided.by.startswith(_BY_POLICY)
    machine = "By its policy, COMPASS" if attended else "In a run without a person to ask, COMPASS"
    who = machine if by_policy else _person(decided.by)
    if decided.decision.startswith(_GO_ON):
        what = f"went on to ask {plain(decided.decision.removeprefix(_GO_ON))}"
    elif decided.decision.startswith(_END):
        what = f"ended the attempts to refute: {plain(decided.decision.removeprefix(_END))}"
    elif decided.record is not None and decided.record.kind is DecisionKind.ACCEPTANCE:
        return f"{who} {plain(decided.decision)}."  # the deed says it: resolved, corrected, noted as a near miss
    else:
        what = f"decided to {plain(decided.decision)}"
    # Why a policy went on or ended is in the words above; everybody else has reasons of their own.
    known = (by_policy and decided.decision.startswith((_GO_ON, _END))) or decided.because == NO_REASON
    return f"{who} {what}." if known or not decided.because else f"{who} {what}: {sentence(decided.because)}"


def _person(by: str) -> str:
    """Who it was, where they gave a name."""
    return plain(by.removeprefix("human:")) if by.startswith("human:") else "A person" if by == "human" else plain(by)


def _state(board: Board) -> str:
    """What was known: signs, the leading theory and its belief, changes that were still open."""
    normal = sum(1 for o in board.observations.values() if o.verdict is Verdict.NORMAL)
    abnormal = len(board.anomalies())
    parts = [f"{abnormal} sign{'s' * (abnormal != 1)} abnormal, {normal} normal"]
    account = leading(board)
    head = board.hypotheses.get(account.head) if account is not None else None
    if account is not None and head is not None and board.posterior is not None:
        belief = percent(board.posterior.accounts[account.id])
        parts.append(f"{head.label} ({plain(head.mechanism)} at {name(head.entity)}) led with {belief}")
    else:
        parts.append("no theory had been weighed")
    ranked = sorted(change_lines(board), key=lambda line: (-line.weight, abs(line.offset_s), line.id))
    opened = [code(line.id) for line in ranked if not line.refuted and line.order != "after"]
    if board.changes:
        more = f" and {len(opened) - _MOST} more" if len(opened) > _MOST else ""
        parts.append(f"changes still open as a trigger: {', '.join(opened[:_MOST]) or 'none'}{more}")
    return f"Known then: {'; '.join(parts)}."
