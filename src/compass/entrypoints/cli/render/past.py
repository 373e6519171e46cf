"""What the team's past adds up to, as lines."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text

from compass.domain.sign import SIGNS
from compass.entrypoints.cli.remembered import Past
from compass.entrypoints.cli.render.page import Page

MOST_SIGNS = 3


def unsolved_lines(past: Past, page: Page) -> list[Text]:
    """Incidents that no theory fitted, those that look alike together."""
    if not past.unsolved:
        return [Text(f"nothing unsolved among {past.incidents} incidents")]
    lines = []
    for cluster in past.unsolved:
        numbers = ", ".join(f"#{one.number}" for one in cluster.incidents)
        signs = "; ".join(SIGNS.get(key.split("@")[0], key) for key in cluster.signs[:MOST_SIGNS])
        lines.append(Text(page.fit(f"{len(cluster.incidents)}×  {numbers}, last {day(cluster.incidents[0].at)}", 0)))
        lines.append(columns("    all show: ", signs or "nothing in common", page))
    return [*lines, Text("once known: compass resolve ID --was TEXT --at NAME", style="dim")]


def gap_lines(past: Past, page: Page) -> list[Text]:
    """What could not be seen, the worst first, and what would close it."""
    if not past.gaps:
        return [Text(f"no gap was named in {past.incidents} incidents")]
    lines = [Text("  hid a cause  named in  what", style="dim")]
    for one in past.gaps:
        lines.append(columns(f"{one.hid:>13}  {one.incidents:>8}  ", one.gap, page))
        if one.hides:
            lines.append(columns(f"{'':>25}hides: ", "; ".join(one.hides[:MOST_SIGNS]), page))
        if one.suggestion:
            lines.append(columns(f"{'':>25}closes it: ", one.suggestion, page))
    return lines


def columns(before: str, text: str, page: Page) -> Text:
    """Columns, and behind them as much of a text as fits."""
    return Text(before + page.fit(text, len(before)))


def day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
