"""The list of investigations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.text import Text

from compass.domain.chronicle import InvestigationSummary
from compass.entrypoints.cli.render.screen import Page
from compass.entrypoints.cli.render.words import relative_day


def listing(found: Sequence[InvestigationSummary], page: Page) -> list[Text]:
    """A line each; what to do when there are none."""
    if not found:
        return [Text("no investigations yet; try: compass demo")]
    now = datetime.now(tz=UTC)
    lines = [Text(f"{'#':>4}  {'status':<13} {'opened (UTC)':<17} title", style="bold")]
    for row in found:
        head = f"{row.number:>4}  {row.status.value:<13} {relative_day(row.opened_at.astimezone(UTC), now):<17} "
        lines.append(Text(head).append(page.fit(row.title, len(head))))
    return lines
