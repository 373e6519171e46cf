"""What the team's past says about this incident, in words, and what became here of what it proposed."""

from __future__ import annotations

from collections.abc import Mapping

from compass.domain.board import Board
from compass.domain.hypothesis import Hypothesis
from compass.domain.learned import Cause, PatternVerdict, Similar
from compass.domain.mechanism import Mechanism
from compass.projections.view import PastLine

NEVER_SOLVED = "never solved"


def past_lines(board: Board, mechanisms: Mapping[str, Mechanism]) -> tuple[PastLine, ...]:
    """One line a similar incident, the most similar first."""
    if board.memory is None:
        return ()
    return tuple(
        PastLine(
            number=one.number, title=one.title, on=one.at[:10], similarity=one.similarity, because=one.because,
            was=cause_words(one.cause, mechanisms) if one.cause is not None else NEVER_SOLVED, fix=one.fix,
            here=_here(one, board), source=one.source,
            pattern="" if one.pattern is PatternVerdict.OPEN else one.pattern.value,
        )
        for one in board.memory.similar
    )  # fmt: skip


def cause_words(cause: Cause, mechanisms: Mapping[str, Mechanism]) -> str:
    """A cause as one phrase: the person's own words where there are any, else the mechanism's claim."""
    if cause.said:
        said = cause.said
    elif cause.entity is not None:
        mechanism = mechanisms.get(cause.mechanism)
        claim = mechanism.claim if mechanism is not None else cause.mechanism.replace("_", " ") + " at {entity}"
        said = claim.replace("{entity}", str(cause.entity)).replace("{peer}", "what it calls").rstrip(".")
    else:
        said = cause.mechanism.replace("_", " ")
    return f"{said} (set off by {cause.change})" if cause.change else said


def _here(one: Similar, board: Board) -> str:
    if one.cause is None or not one.cause.mechanism:
        return ""
    if one.present is None:
        return f"there is no {one.cause.entity} here" if one.cause.entity is not None else ""
    theory = _theory(one.cause.mechanism, one, board)
    if theory is None or board.posterior is None:
        return ""
    account = next((a for a in board.accounts if a.head == theory.id), None)
    belief = board.posterior.accounts.get(account.id, 0.0) if account is not None else 0.0
    return f"here {theory.label}, {belief:.0%}"


def _theory(mechanism: str, one: Similar, board: Board) -> Hypothesis | None:
    same = (h for h in board.hypotheses.values() if h.mechanism == mechanism and h.entity == one.present)
    return next(same, None)
