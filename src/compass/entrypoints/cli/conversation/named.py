"""The keys by name: all of them, as a text to read, and as many as one line has room for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from compass.entrypoints.cli.render.words import cut

KEYS = (
    ("1-9", "test that account deeper"),
    ("r", "set an account aside: its number, and why in one line if you like"),
    ("u", "take that back"),
    ("t", "your own theory in one line: shown back, y adds it"),
    ("l  n", "look only at a part or a field · not there (“everywhere” ends it)"),
    ("w  e", "why an account has its share · its evidence, with the queries"),
    ("d", "give data that COMPASS asks for: paste, say what it shows"),
    ("x", "escalate: recorded, with a text to copy; COMPASS calls nobody"),
    ("p", "pause, and go on"),
    ("s", "stop: what was found stays (Ctrl-C does the same)"),
    (":", "say anything in plain words, also “help, everything is down”"),
    ("", "also timeline, cost, accounts, status managers, ask …: shown here"),
    ("Enter", "go on at a gate; leave after the end"),
    ("Esc", "back out of what you began; what you pasted is kept"),
    ("?", "these keys"),
)
RUNNING = ("1-9 test", "r reject", "t theory", "w why", "e evidence", "p pause", "s stop", "? keys")
ENDED = ("Enter: leave", "1-9 test deeper", "w why", "e evidence", ": say", "? keys")
_FIRST_OUT = (
    "e evidence",
    "p pause",
    "t theory",
    ": say",
    "w why",
    "r reject",
    "1-9 test deeper",
    "1-9 test",
    "s stop",
    "Enter: leave",
)
"""What is not named in the last line where it is too narrow for all, the first of them first: ? names every key."""


def keys_lines() -> tuple[Text, ...]:
    """Every key."""
    lines = (Text(f"{key:>5}  ", style="bold cyan").append(text, style="") for key, text in KEYS)
    return (Text("The keys. The investigation goes on meanwhile.", style="bold"), *lines)


def in_one_line(keys: Sequence[str], tail: str, width: int) -> str:
    """As many of these keys as there is room for, and what follows them."""
    named = [*keys]
    for out in _FIRST_OUT:
        if len(" · ".join(named)) + len(tail) <= width:
            break
        if out in named:
            named.remove(out)
    return cut(f"{' · '.join(named)}{tail}", width)
