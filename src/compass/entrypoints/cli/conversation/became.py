"""What came of an order that asked for work, in one line. Pure."""

from __future__ import annotations

from compass.entrypoints.cli.render.screen import tally
from compass.investigation.commanding import Desk, Ordered
from compass.investigation.commanding.answer import Answer
from compass.investigation.commanding.test import Test
from compass.investigation.commanding.theory import Theory


def about(order: Ordered) -> str:
    """The id of the theory that an order tests or tells of, "" where it is about none."""
    value = order.value
    if isinstance(value, Answer):
        return value.request.hypothesis
    return value.hypothesis.id if isinstance(value, Test) else value.id if isinstance(value, Theory) else ""


def became(theory: str, desk: Desk) -> tuple[str, ...]:
    """How the theory of that id stands now; nothing where it is not there."""
    hypothesis = desk.board.hypotheses.get(theory)
    if hypothesis is None:
        return ()
    line = desk.line(hypothesis)
    if line is not None:
        return (f"Done: {desk.claim(hypothesis)}. Attempts to refute it: {tally(line) or 'none'}.",)
    proposal = next((one for one in desk.view.proposals if one.label == hypothesis.label), None)
    return (f"Done: {desk.claim(hypothesis)}: {proposal.said if proposal is not None else 'no account of its own'}.",)
