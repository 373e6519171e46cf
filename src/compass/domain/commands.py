"""A command of the command line, as words that a person may type."""

from __future__ import annotations

ALONE = frozenset({
    "continue", "correct", "cost", "forget", "near-miss", "pause", "postmortem", "recheck", "record", "replay",
    "resolve", "resume", "review", "shell", "show", "status", "stop", "timeline",
})  # fmt: skip
"""Commands whose only argument is the investigation; all others about one take it as `-i`."""


def command(words: str, of: int | str = 0) -> str:
    """`compass why 1 -i 7` from "why 1" and 7. `of` is the number (or what else was typed to name it) of the
    investigation that it is meant for; 0 or empty: the latest, which needs no naming."""
    if not of:
        return f"compass {words}"
    name, _, rest = words.partition(" ")
    if name in ALONE:
        return f"compass {name} {of} {rest}".rstrip()
    return f"compass {words} -i {of}"
