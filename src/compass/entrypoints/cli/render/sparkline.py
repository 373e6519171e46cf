"""A series in a few characters."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-=+*#@"


def sparkline(values: Sequence[float | None], width: int, *, unicode: bool = True) -> str:
    """At most `width` characters, scaled between the smallest and the largest value; a gap is a blank.

    A constant series is drawn at the bottom: there is nothing to see in it.
    """
    blocks = BLOCKS if unicode else ASCII
    points = _resample(values, width)
    known = [p for p in points if p is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    span = high - low
    top = len(blocks) - 1
    return "".join(
        " " if p is None else blocks[0 if span <= 0 else min(top, int((p - low) / span * len(blocks)))] for p in points
    )


def _resample(values: Sequence[float | None], width: int) -> list[float | None]:
    """Buckets of neighbours, each shown by its mean, so that a short spike stays visible as a rise."""
    count = len(values)
    if count <= width:
        return list(values)
    out: list[float | None] = []
    for i in range(width):
        part = [v for v in values[i * count // width : (i + 1) * count // width] if v is not None]
        out.append(sum(part) / len(part) if part else None)
    return out
