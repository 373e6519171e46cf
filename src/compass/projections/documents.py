"""What a team's documents say, as a person is shown it: which document, where in it, how old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from compass.domain.time import to_datetime

PATH = " › "


def place_words(document: str, heading: Sequence[str], first_line: int, last_line: int, title: str = "") -> str:
    """`docs/pool.md › Pool exhausted (l. 12-40)`. A first heading that only repeats the title is left out where others
    follow."""
    shown = heading[1:] if len(heading) > 1 and heading[0] == title else heading
    lines = f"l. {first_line}" if first_line == last_line else f"l. {first_line}-{last_line}"
    return f"{PATH.join((document, *shown))} ({lines})"


def age_words(changed_at: str, now_ns: int) -> str:
    """How long before `now_ns` it was last changed; "" where that is not known or still to come."""
    if not changed_at:
        return ""
    days = (to_datetime(now_ns) - datetime.fromisoformat(changed_at)).days
    if days < 0:
        return ""
    if days < 2:
        return ("today", "yesterday")[days]
    if days < 60:
        return f"{days} days ago"
    return f"{days // 30} months ago" if days < 730 else f"{days // 365} years ago"
