"""Every request that was made to servers: what, how long, how much, and whether it was needed at all."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from compass.domain.telemetry import Asked
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.words import cut

NOT_SENT = "shared"
FAILED = "not"


def query_lines(asked: Sequence[Asked], page: Page) -> list[Text]:
    """A line a request in the order they ended, and the sum."""
    if not asked:
        return [Text("No server was asked: the telemetry is a recording, or the investigation has not ended.")]
    lines = [Text(f"{'ms':>6} {'kB':>8}  {'answer':<7} source  request", style="bold")]
    for one in asked:
        answer = "again" if one.answered == NOT_SENT else str(one.status) if one.status else "none"
        said = f"{one.path} {one.question}"
        head = f"{one.seconds * 1000:6.0f} {one.size / 1000:8.1f}  {answer:<7} {one.source}  "
        style = "red" if one.answered == FAILED else "dim" if one.answered == NOT_SENT else ""
        lines.append(Text(head, style=style).append(page.fit(said, len(head))))
        if one.error:
            lines.append(Text(f"{'':17}{cut(one.error, max(40, page.width - 17)) if not page.uncut else one.error}",
                              style="red"))  # fmt: skip
    sent = [one for one in asked if one.answered != NOT_SENT]
    failed = sum(one.answered == FAILED for one in sent)
    total = (
        f"{len(sent)} requests, {sum(one.size for one in sent) / 1e6:.2f} MB, {len(asked) - len(sent)} questions shared"
    )
    lines.append(Text(f"{total}, {failed} failed" if failed else total, style="bold"))
    return lines
