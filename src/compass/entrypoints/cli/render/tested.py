"""What a deeper attempt brought."""

from __future__ import annotations

from rich.text import Text

from compass.entrypoints.cli.render.page import Page, labelled
from compass.entrypoints.cli.render.screen import attempt_line, claim_line
from compass.entrypoints.cli.render.words import percent
from compass.projections.view import AccountLine


def tested_lines(before: AccountLine, after: AccountLine, page: Page) -> list[Text]:
    """Confidence before and after, and the attempts that are new."""
    known = {a.attempt.plan for a in before.attempts}
    fresh = [a for a in after.attempts if a.attempt.plan not in known]
    lines = [claim_line(after, page)]
    lines.append(labelled("", f"{percent(before.confidence)} before, {percent(after.confidence)} now"))
    for attempt in fresh:
        lines.append(labelled("  if true", page.fit(attempt.expectation, 10)))
        lines.append(attempt_line(attempt, page))
    if not fresh:
        lines.append(labelled("", "every plan there is had already been run", "yellow"))
    return lines
