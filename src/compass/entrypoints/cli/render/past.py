"""What the team's past adds up to, as lines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from rich.text import Text

from compass.domain.learned import Cause
from compass.domain.mechanism import Mechanism
from compass.domain.sign import SIGNS
from compass.entrypoints.cli.remembered import Past
from compass.entrypoints.cli.render.page import Page
from compass.projections.past import cause_words

MOST_SIGNS = 3


def pattern_lines(past: Past, mechanisms: Mapping[str, Mechanism], page: Page) -> list[Text]:
    """What came back: how often it was it, how often it was put first in vain, when last, what fixed it."""
    if not past.patterns:
        return [Text(f"no pattern yet: of {past.incidents} incidents nobody has said what they were (compass resolve)")]
    lines = [Text("  was it  was not  last seen   what", style="dim")]
    for one in past.patterns:
        said = cause_words(Cause(mechanism=one.mechanism, entity=one.entity), mechanisms)
        fix = f"; fixed by: {one.fixes[0]}" if one.fixes else ""
        lines.append(_columns(f"{one.right:>8}  {one.wrong:>7}  {_day(one.last)}  ", f"{said}{fix}", page))
    return lines


def unsolved_lines(past: Past, page: Page) -> list[Text]:
    """Incidents that no theory fitted, those that look alike together."""
    if not past.unsolved:
        return [Text(f"nothing unsolved among {past.incidents} incidents")]
    lines = []
    for cluster in past.unsolved:
        numbers = ", ".join(f"#{one.number}" for one in cluster.incidents)
        signs = "; ".join(SIGNS.get(key.split("@")[0], key) for key in cluster.signs[:MOST_SIGNS])
        lines.append(Text(page.fit(f"{len(cluster.incidents)}×  {numbers}, last {_day(cluster.incidents[0].at)}", 0)))
        lines.append(_columns("    all show: ", signs or "nothing in common", page))
    return [*lines, Text("once known: compass resolve ID --was TEXT --at NAME", style="dim")]


def gap_lines(past: Past, page: Page) -> list[Text]:
    """What could not be seen, the worst first, and what would close it."""
    if not past.gaps:
        return [Text(f"no gap was named in {past.incidents} incidents")]
    lines = [Text("  hid a cause  named in  what", style="dim")]
    for one in past.gaps:
        lines.append(_columns(f"{one.hid:>13}  {one.incidents:>8}  ", one.gap, page))
        if one.hides:
            lines.append(_columns(f"{'':>25}hides: ", "; ".join(one.hides[:MOST_SIGNS]), page))
        if one.suggestion:
            lines.append(_columns(f"{'':>25}closes it: ", one.suggestion, page))
    return lines


def _columns(before: str, text: str, page: Page) -> Text:
    """Columns, and behind them as much of a text as fits."""
    return Text(before + page.fit(text, len(before)))


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
