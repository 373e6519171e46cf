"""Decision records: what stood on the table when somebody, or a policy, decided. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from compass.domain.board import Board
from compass.domain.commanded import Agreement, DecisionKind, DecisionRecord

NO_INCIDENT, NOT_LISTED = "no_incident", "not_listed"


def recorded(
    board: Board, kind: DecisionKind, *, chosen: str, options: Sequence[str] = (), favoured: str = "",
    favoured_because: str = "", reason: str = "", confidence: float | None = None, took_s: float | None = None,
    agreement: Agreement | None = None,
) -> DecisionRecord:  # fmt: skip
    """The record of one decision on `board`. `options` are the lines as shown; `chosen` one of them, or what was not
    shown. `agreement` None: told from what was favoured."""
    return DecisionRecord(
        kind=kind, options=tuple(options), favoured=favoured, favoured_because=favoured_because,
        posterior=belief_by_label(board), cost_usd=board.advice.spending.usd,
        chosen=chosen, reason=reason, confidence=confidence,
        took_s=took_s, agreement=agreement or _agreement(chosen, favoured, options),
    )  # fmt: skip


def belief_by_label(board: Board) -> dict[str, float]:
    """The posterior as a person reads it: by the label of each account's head."""
    posterior = board.posterior
    if posterior is None:
        return {}
    label = {a.id: board.hypotheses[a.head].label for a in board.accounts if a.head in board.hypotheses}
    shares = {label.get(key, key): belief for key, belief in posterior.accounts.items()}
    return {**shares, NO_INCIDENT: posterior.no_incident, NOT_LISTED: posterior.not_listed}


def _agreement(chosen: str, favoured: str, options: Sequence[str]) -> Agreement:
    if not favoured:
        return Agreement.NONE_FAVOURED
    if chosen == favoured:
        return Agreement.AGREES
    return Agreement.OTHER_ON_LIST if chosen in options else Agreement.NOT_ON_LIST
