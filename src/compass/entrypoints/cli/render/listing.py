"""The list of investigations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rich.text import Text

from compass.domain.failure import Status
from compass.domain.listed import InvestigationSummary
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.words import relative_day

# A living runner writes at least every few seconds; one that is silent for longer has been killed.
SILENT_FOR = timedelta(seconds=60)
NO_MODEL = "without model"


def listing(found: Sequence[InvestigationSummary], page: Page) -> list[Text]:
    """A line each; what to do when there are none."""
    if not found:
        return [Text("no investigations yet; try: compass demo")]
    now = datetime.now(tz=UTC)
    lines = [Text(f"{'#':>4}  {'status':<13} {'opened (UTC)':<17} title", style="bold")]
    for row in found:
        silent = row.status is Status.RUNNING and now - row.last_event_at > SILENT_FOR
        state = "interrupted" if silent else row.status.value
        head = f"{row.number:>4}  {state:<13} {relative_day(row.opened_at.astimezone(UTC), now):<17} "
        line = Text(head)
        if row.model_lost:
            line.append(NO_MODEL, style="yellow").append("  ")
        lines.append(line.append(page.fit(row.title, len(line.plain))))
    if any(line.plain[6:17] == "interrupted" for line in lines):
        lines.append(Text("interrupted: compass resume N goes on", style="dim"))
    if any(row.model_lost for row in found):
        lines.append(Text(f"{NO_MODEL}: the language model was lost; compass show N says why", style="dim"))
    return lines
