"""What a language model proposed, as the posterior may take it in. Pure.

A model reads what was observed and then states a theory that fits: that it fits is no evidence (the data suggested the
hypothesis; testing it on the same data would count them twice). So of what speaks *for* a proposal only two things
count: a fresh direct attempt to refute it that it survived, and, where the mechanism is one of the catalogue, a sign
that its pattern requires or expects and that nobody had seen when it was proposed. Patterns of a *stated* mechanism
are its author's own words; nobody knows how often such words come true of nothing, so their fulfilment counts for
nothing. All that speaks *against* it counts in full: signs it requires that are normal, signs it forbids that are
seen, attempts that refuted it, whatever they rest on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from compass.domain.board import Board
from compass.domain.mechanism import Mechanism
from compass.domain.posterior import Evidence
from compass.domain.proposed import Standing, is_fresh, proposals, standing_of

ABOUT_THE_INCIDENT = "incident"  # kind of evidence that concerns no theory: the engine has weighed it
FRESH_SIGNS = frozenset({"required", "expected"})


def standing_part(board: Board) -> Board:
    """The board with those proposals alone that survived a fresh direct attempt, and the attempts on them."""
    held = {h.id: h for h in proposals(board) if standing_of(h, board) is Standing.STANDS}
    if not held:
        return replace(board, hypotheses={}, attempts={}, accounts=())
    attempts = {key: a for key, a in board.attempts.items() if a.hypothesis in held}
    return replace(board, hypotheses=held, attempts=attempts, accounts=())


def tempered(evidence: Iterable[Evidence], board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[Evidence, ...]:
    """Evidence about proposals without what does not count for them. `mechanisms`: those of the catalogue."""
    kept = (item for item in evidence if item.kind != ABOUT_THE_INCIDENT)
    return tuple(item for item in kept if _counts(item, board, mechanisms))


def _counts(item: Evidence, board: Board, mechanisms: Mapping[str, Mechanism]) -> bool:
    if max(item.log_likelihood.values(), default=0.0) <= 0:
        return True
    hypothesis = board.hypotheses.get(next(iter(item.log_likelihood)))
    if hypothesis is None:
        return False
    if item.kind in FRESH_SIGNS:
        return hypothesis.mechanism in mechanisms
    attempt = board.attempts.get(item.id.removeprefix("attempt/"))
    return attempt is not None and is_fresh(attempt, hypothesis, board)
