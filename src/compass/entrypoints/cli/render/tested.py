"""What a deeper attempt brought."""

from __future__ import annotations

from rich.text import Text

from compass.entrypoints.cli.render.accounts import proposal_head
from compass.entrypoints.cli.render.page import Page, labelled
from compass.entrypoints.cli.render.screen import attempt_line, claim_line
from compass.entrypoints.cli.render.words import percent
from compass.projections.view import AccountLine, ProposalLine

Line = AccountLine | ProposalLine


def standing(line: Line) -> float | str:
    """The confidence of an account; of a proposal that has none, where it stands (`ProposalLine.standing`)."""
    return line.confidence if isinstance(line, AccountLine) else line.standing


def _words(line: Line) -> str:
    return percent(line.confidence) if isinstance(line, AccountLine) else line.said


def tested_lines(before: Line, after: Line, page: Page) -> list[Text]:
    """How it stood before and now, and the attempts that are new."""
    known = {a.attempt.plan for a in before.attempts}
    fresh = [a for a in after.attempts if a.attempt.plan not in known]
    lines = [claim_line(after, page)] if isinstance(after, AccountLine) else proposal_head(after, page)
    lines.append(labelled("", page.fit(f"{_words(before)} before, {_words(after)} now")))
    for attempt in fresh:
        lines.append(labelled("  if true", page.fit(attempt.expectation, 10)))
        lines.append(attempt_line(attempt, page))
    if not fresh:
        lines.append(labelled("", "every plan there is had already been run", "yellow"))
    return lines
