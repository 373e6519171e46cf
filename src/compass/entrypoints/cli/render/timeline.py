"""The timeline as lines."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from compass.domain.commands import command
from compass.domain.time import to_datetime
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.screen import headline
from compass.entrypoints.cli.render.words import duration
from compass.projections.timeline import Moment
from compass.projections.view import View


def timeline_lines(
    view: View, moments: Iterable[Moment], page: Page, *, every: bool = True, more: str = ""
) -> list[Text]:
    """Date once, then a line a moment; uncertain times say how uncertain. Single attempts only when asked for; `more`
    is how to ask, where that is no command."""
    listed = list(moments)
    lines: list[Text] = [headline(view, page)]
    track = day = ""
    for moment in listed:
        if moment.detail and not every:
            continue
        at = to_datetime(moment.ns)
        if moment.track != track:
            title = "In the system" if moment.track == "system" else "In the investigation"
            lines.append(Text(f"{title} (UTC)", style="bold cyan"))
            track, day = moment.track, ""
        if f"{at:%Y-%m-%d}" != day:
            day = f"{at:%Y-%m-%d}"
            lines.append(Text(f"  {day}", style="dim"))
        doubt = f" ± {duration(moment.uncertainty_ns / 1e9)}" if moment.uncertainty_ns >= 1_000_000_000 else ""
        head = f"  {at:%H:%M:%S}{doubt}  "
        style = "bold green" if moment.by == "person" else "yellow" if moment.by == "policy" else ""
        lines.append(Text(head, style="dim").append(page.fit(moment.text, len(head)), style=style))
    left_out = sum(1 for moment in listed if moment.detail)
    if left_out and not every:
        lines.append(
            Text(f"  and {left_out} attempts to refute: {more or command('timeline --all', page.of)}", style="dim")
        )
    return lines
