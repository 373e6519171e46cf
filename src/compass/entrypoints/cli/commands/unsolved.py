"""`compass unsolved`: incidents that no theory fitted, those that look alike together."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    app.command()(unsolved)


def unsolved(as_json: Json = False) -> int:
    """Show unsolved incidents in groups that look alike."""
    from compass.entrypoints.cli.remembered import read_past
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.past import unsolved_lines

    past = read_past()
    if as_json:
        show_json(past.unsolved)
        return 0
    out = console()
    show(out, unsolved_lines(past, page(out)))
    return 0
