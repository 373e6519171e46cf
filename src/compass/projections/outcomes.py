"""What came of a decision, by what people later said the incident was. It judges nobody: what was known then counts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from compass.domain.board import Board
from compass.domain.commanded import DecisionKind, DecisionMade
from compass.domain.hypothesis import Hypothesis
from compass.domain.learned import Cause
from compass.domain.mechanism import Mechanism
from compass.projections.past import cause_words

OF_WORD = "decision/"
"""Before the key of a word on what it was: the key of the decision that it is."""
_LABEL = re.compile(r"\bH\d+\b")
_OF_ONE = frozenset({DecisionKind.DIRECTION, DecisionKind.REJECTION, DecisionKind.THEORY, DecisionKind.ACCEPTANCE})
"""Kinds of decision that are about one account."""
_OF_ALL = frozenset({DecisionKind.GATE, DecisionKind.END, DecisionKind.SPENDING})
"""Kinds that are about the whole list: to go on with it, to stop there, to pay for more. A policy makes them too."""


def outcome_of(made: DecisionMade, board: Board, mechanisms: Mapping[str, Mechanism]) -> str:
    """In one sentence; "" where nobody has said what the incident was, or the decision is about no account and not
    about the whole list. A person's and a policy's are told alike.

    A decision that says itself what it was is compared with a later word, where there is one.
    """
    record, cause = made.decided.record, board.verdicts.cause
    if record is None or record.kind not in _OF_ONE | _OF_ALL or cause is None:
        return ""
    was = cause_words(cause, mechanisms)
    if record.kind is DecisionKind.ACCEPTANCE:
        if _undone(made, board):
            return "it was taken back"
        later = [
            one for one in board.made
            if one.seq > made.seq and _kind(one) is DecisionKind.ACCEPTANCE and not _undone(one, board)
        ]  # fmt: skip
        if not later:
            return "nobody has said otherwise since"
        same = later[-1].decided.record is not None and later[-1].decided.record.chosen == record.chosen
        return "said again later" if same else f"said later to have been: {was}"
    truth = next((h for h in board.hypotheses.values() if _same(h, cause)), None)
    about = truth if record.kind in _OF_ALL else _about(made, board)
    if about is None:
        return f"it turned out to be: {was}{_nowhere(cause)}" if record.kind in _OF_ALL else ""
    if _same(about, cause):
        if record.kind is DecisionKind.REJECTION:
            return f"{about.label}, which was set aside, is what it turned out to be{_then(about, made)}"
        return f"{about.label} is what it turned out to be{_then(about, made)}"
    if record.kind is DecisionKind.REJECTION:
        return f"{about.label}, which was set aside, was not it; it was: {was}"
    known = _then(truth, made) if truth is not None else _nowhere(cause)
    return f"it turned out to be: {was}{known}"


def _undone(made: DecisionMade, board: Board) -> bool:
    """Whether the word that was this decision was taken back."""
    return made.key.removeprefix(OF_WORD) in board.verdicts.undone


def _kind(made: DecisionMade) -> DecisionKind | None:
    return made.decided.record.kind if made.decided.record is not None else None


def _about(made: DecisionMade, board: Board) -> Hypothesis | None:
    """The account that was decided about: by its label, else one's own theory by its words."""
    record = made.decided.record
    found = _LABEL.search(made.decided.decision) or (_LABEL.search(record.chosen) if record is not None else None)
    if found is not None:
        return next((h for h in board.hypotheses.values() if h.label == found.group()), None)
    said = made.decided.decision
    own = [
        h for h in board.hypotheses.values()
        if h.proposed_by == made.decided.by and f": {h.mechanism.replace('_', ' ')} at " in said
        and said.endswith(h.entity.name)
    ]  # fmt: skip
    return own[0] if len(own) == 1 else None


def _same(hypothesis: Hypothesis, cause: Cause) -> bool:
    return bool(cause.mechanism) and (hypothesis.mechanism, hypothesis.entity) == (cause.mechanism, cause.entity)


def _nowhere(cause: Cause) -> str:
    """That it was on no list, where that can be told: words of one's own may mean what stood there."""
    return "; it was on no list" if cause.mechanism and cause.entity is not None else ""


def _then(hypothesis: Hypothesis, made: DecisionMade) -> str:
    """How likely it looked when it was decided."""
    record = made.decided.record
    if record is None or not record.posterior:
        return "; nothing had been weighed then"
    share = record.posterior.get(hypothesis.label)
    if share is None:
        return "; it was on no list then"
    return f"; then {hypothesis.label} at {share:.0%}"
