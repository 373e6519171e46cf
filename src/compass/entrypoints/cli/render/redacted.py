"""Texts after the gate, for the screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from compass.entrypoints.cli.redacting import FoundLine
from compass.entrypoints.cli.render.page import Page


def check_lines(found: Sequence[FoundLine], page: Page) -> list[Text]:
    """The sum by kind, then a line for each line in which something is replaced."""
    if not found:
        return [Text("nothing would be replaced")]
    sums: Counter[str] = Counter()
    for one in found:
        sums.update(one.kinds)
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(sums.items()))
    lines = [Text(page.fit(f"{sums.total()} replaced in {len(found)} lines: {kinds}", 0), style="bold")]
    for one in found:
        head = f"{one.line:>6}  {' '.join(one.kinds)}  "
        lines.append(Text(head, style="dim").append(page.fit(one.masked, len(head))))
    return lines
