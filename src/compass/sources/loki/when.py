"""Which times are asked for: where a window is more than may be asked, those around the page count most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from compass.domain.time import NS_PER_S, Window
from compass.sources.live.feed import Scope

_BEFORE = 0.75  # of what is kept of a window, so much lies before the page
_LEAST_NS = 10 * NS_PER_S
_NEARLY = 0.9  # sizes are about: of a window that may nearly be searched all is


def clipped(scope: Scope, most_ns: int) -> tuple[Window, tuple[str, ...]]:
    """The window asked for, no longer than `most_ns`: its end belongs to it ("now"); and what that leaves out."""
    whole = Window(start_ns=scope.window.start_ns, end_ns=scope.window.end_ns + 1)
    if whole.end_ns - whole.start_ns <= most_ns + 1:
        return whole, ()
    hours = f"{most_ns / NS_PER_S / 3600:.3g} of {whole.seconds / 3600:.3g}"
    return around(whole, scope.detected_ns, most_ns), (f"logs were read of {hours} hours (range_hours)",)


def around(whole: Window, detected_ns: int, length_ns: int) -> Window:
    """The part of a window, of a length, that has the page in it, most of it before."""
    latest = whole.end_ns - length_ns
    start = max(whole.start_ns, min(latest, detected_ns - round(length_ns * _BEFORE)))
    return Window(start_ns=start, end_ns=start + length_ns)


def divided(window: Window, detected_ns: int, share: float) -> tuple[Window, tuple[Window, ...]]:
    """The part of a window that may be searched, `share` of it; and what is left of it."""
    if share >= _NEARLY:
        return window, ()
    whole = window.end_ns - window.start_ns
    near = around(window, detected_ns, max(min(_LEAST_NS, whole), round(whole * share)))
    left = (Window(start_ns=window.start_ns, end_ns=near.start_ns), Window(start_ns=near.end_ns, end_ns=window.end_ns))
    return near, tuple(part for part in left if part.start_ns < part.end_ns)


def affordable(share: float, took_s: float, left_s: float | None) -> float:
    """The share of a window that can be searched in half of the time there is, where `share` of it took `took_s`."""
    return 1.0 if left_s is None else min(1.0, share * left_s / 2 / max(took_s, 1e-3))


def evenly(parts: Sequence[Window], pieces: int) -> list[Window]:
    """The parts cut in about `pieces` of about equal length: each moment in exactly one of them."""
    total = sum(part.end_ns - part.start_ns for part in parts)
    out = []
    for part in parts:
        length = part.end_ns - part.start_ns
        number = max(1, min(length, round(pieces * length / total)))
        edges = [part.start_ns + length * i // number for i in range(number + 1)]
        out += [Window(start_ns=a, end_ns=b) for a, b in pairwise(edges)]
    return out
