"""The stored answers to *what* and *where*, and the gate behind them."""

from __future__ import annotations

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.commanded import Decided, DecisionKind
from compass.domain.time import to_datetime
from compass.investigation.deciding import recorded
from compass.investigation.moves import GO_ON, STOP_HERE
from compass.projections.situation import situation

MOST = 6


def what_and_where(board: Board) -> list[tuple[str, c.Payload]]:
    """The answers to the first two questions, as they will be shown."""
    seen = situation(board)
    since = f"since {to_datetime(board.onset.instant.ns):%H:%M:%S} UTC" if board.onset else ""
    symptoms = "; ".join(fact.text for fact in seen.symptoms[:MOST]) or "no symptom is visible in the telemetry"
    affected = ", ".join(str(e) for e in seen.affected) or "nothing measured"
    unaffected = ", ".join(str(e) for e in seen.unaffected[:MOST]) or "nothing measured"
    return [
        ("answer/what", c.QuestionAnswered(question="what", answer=f"{symptoms} ({since})")),
        ("answer/where", c.QuestionAnswered(question="where", answer=f"affected: {affected}; normal: {unaffected}")),
    ]


def gate_decision(board: Board, human: bool | None, *, took_s: float | None = None) -> Decided:
    """What was decided at the gate between where and why. `human` is the person's answer; None: nobody was asked,
    or nobody answered within `took_s`."""
    shown = tuple(fact.label for fact in situation(board).symptoms[:MOST])
    chosen = STOP_HERE if human is False else GO_ON
    record = recorded(
        board, DecisionKind.GATE, options=(GO_ON, STOP_HERE), chosen=chosen, favoured=GO_ON, took_s=took_s,
        favoured_because="what and where are answered, and why is not",
    )  # fmt: skip
    if human is None:
        asked = "nobody was asked" if took_s is None else f"nobody answered for {took_s:.0f} s"
        because = f"{asked}, and a gate never blocks an unattended run; the answers so far are stored"
        return Decided(decision=GO_ON, by="policy:unattended", because=because, shown=shown, record=record)
    because = "what and where were accepted" if human else "a person wanted no more"
    return Decided(decision=chosen, by="human", because=because, shown=shown, record=record)
