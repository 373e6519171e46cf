"""Columns of figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.text import Text


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[Text]:
    """Columns: the first to the left, the others to the right, as wide as their widest cell."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for number, row in enumerate(cells):
        text = "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        lines.append(Text(text.rstrip(), style="bold" if number == 0 else ""))
    return lines


def share(value: float | None) -> str:
    """A figure with three decimals, or a dash where there is none."""
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"
