"""What a language model proposed, as the posterior may take it in. Pure.

A model reads what was observed and then states a theory that fits: that it fits is no evidence (the data suggested the
hypothesis; testing it on the same data would count them twice). So a proposal has no probability of its own before a
fresh direct attempt to refute it was survived (`domain.proposed`). From then on the attempts on it count as the table
says of any theory: its figures were counted on theories that fit what was seen, right ones and wrong ones, so that
fitting is in the background already. What suggested it never counts for it. A sign that its pattern requires or
expects, and that nobody had seen when it was proposed, counts where the mechanism is one of the catalogue; patterns
of a *stated* mechanism are its author's own words, of which nobody knows how often they come true of nothing. All that
speaks *against* it counts in full.

A proposed mechanism of the catalogue for which, with what its own tests brought, everything is seen that the mechanism
requires becomes one of the engine's theories: it was among those the engine considers from the beginning, and the
engine would have stated it had it looked there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from compass.domain.board import Board
from compass.domain.mechanism import Mechanism
from compass.domain.posterior import Evidence
from compass.domain.proposed import Standing, proposals, standing_of

ABOUT_THE_INCIDENT = "incident"  # kind of evidence that concerns no theory: the engine has weighed it
FRESH_SIGNS = frozenset({"required", "expected"})
OF_ATTEMPTS = frozenset({"refuted", "survived"})


def standing_part(board: Board) -> Board:
    """The board with those proposals alone that survived a fresh direct attempt, and the attempts on them."""
    held = {h.id: h for h in proposals(board) if standing_of(h, board) is Standing.STANDS}
    if not held:
        return replace(board, hypotheses={}, attempts={}, accounts=())
    attempts = {key: a for key, a in board.attempts.items() if a.hypothesis in held}
    return replace(board, hypotheses=held, attempts=attempts, accounts=())


def tempered(evidence: Iterable[Evidence], board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[Evidence, ...]:
    """Evidence about proposals without what does not count for them. `mechanisms`: those of the catalogue."""
    return tuple(item for item in evidence if _counts(item, board, mechanisms))


def _counts(item: Evidence, board: Board, mechanisms: Mapping[str, Mechanism]) -> bool:
    if item.kind == ABOUT_THE_INCIDENT:
        return False
    if item.kind in FRESH_SIGNS and max(item.log_likelihood.values(), default=0.0) > 0:
        return any(board.hypotheses[key].mechanism in mechanisms for key in item.log_likelihood)
    return item.kind in OF_ATTEMPTS or max(item.log_likelihood.values(), default=0.0) <= 0
