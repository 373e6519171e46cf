"""The stored answers to *what* and *where*, and the gates that a policy passes when nobody is asked."""

from __future__ import annotations

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.time import to_datetime
from compass.projections.situation import situation

MOST = 6


def what_and_where(board: Board) -> list[tuple[str, c.Payload]]:
    """Answers with what was shown, and the decision to go on (by policy: a gate never blocks an unattended run)."""
    seen = situation(board)
    since = f"since {to_datetime(board.onset.instant.ns):%H:%M:%S} UTC" if board.onset else ""
    symptoms = "; ".join(fact.text for fact in seen.symptoms[:MOST]) or "no symptom is visible in the telemetry"
    affected = ", ".join(str(e) for e in seen.affected) or "nothing measured"
    unaffected = ", ".join(str(e) for e in seen.unaffected[:MOST]) or "nothing measured"
    shown = tuple(fact.label for fact in seen.symptoms[:MOST])
    go_on = c.Decided(
        decision="go on to why", by="policy:unattended", because="nobody was asked; the answers are stored", shown=shown
    )
    return [
        ("answer/what", c.QuestionAnswered(question="what", answer=f"{symptoms} ({since})")),
        ("answer/where", c.QuestionAnswered(question="where", answer=f"affected: {affected}; normal: {unaffected}")),
        ("decision/gate", go_on),
    ]
