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
    name, _, rest = words.partition(" ")
    named = str(of or "").strip().removeprefix("#")  # a shell reads a comment there
    if not named:
        return f"compass {words}"
    return f"compass {name} {named} {rest}".rstrip() if name in ALONE else f"compass {words} -i {named}"
