"""What an order was taken to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compass.entrypoints.cli.render.output import console, show, show_json

if TYPE_CHECKING:
    from compass.entrypoints.cli.commanding import Given


def show_given(given: Given, *, as_json: bool) -> None:
    """The lines that were said back, or all of it as JSON."""
    from rich.text import Text

    if as_json:
        show_json(given)
    else:
        show(console(), [Text(line) for line in given.lines])
