"""`compass patterns`: what came back, and how often it was it."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    app.command()(patterns)


def patterns(as_json: Json = False) -> int:
    """Show patterns of resolved incidents: counts, success, last seen, what fixed them."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.remembered import read_past
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.past import pattern_lines

    past = read_past()
    if as_json:
        show_json(past.patterns)
        return 0
    out = console()
    show(out, pattern_lines(past, session.mechanisms_of(session.settings()), page(out)))
    return 0
