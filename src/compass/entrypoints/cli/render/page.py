"""How much room a screen has, and its labelled lines."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from compass.entrypoints.cli.render.words import cut

LABEL = 10  # columns of the left-hand labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How much room there is. `uncut` keeps every line whole (pipes); `full` shows every line (`compass accounts`).
    `of` is what commands on it must name, see `domain.commands`."""

    width: int = 80
    height: int = 24
    full: bool = False
    uncut: bool = False
    unicode: bool = True
    of: int = 0

    def fit(self, text: str, used: int = LABEL) -> str:
        return " ".join(text.split()) if self.full or self.uncut else cut(text, max(16, self.width - used))

    def most(self, terminal: int, pipe: int) -> int | None:
        """How many rows of a list: few on a terminal, more in a pipe, all of them in full."""
        return None if self.full else pipe if self.uncut else terminal


def labelled(label: str, text: str | Text, style: str = "") -> Text:
    line = Text(f"{label:<{LABEL}}", style="bold cyan")
    line.append(text if isinstance(text, Text) else Text(text, style=style))
    return line
