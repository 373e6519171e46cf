"""`compass show`: one investigation, as it stands."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json, Reference


def register(app: typer.Typer) -> None:
    app.command("show")(show_investigation)


def show_investigation(investigation: Reference = None, as_json: Json = False) -> None:
    """Show an investigation: what, where, recent changes, ranked accounts."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.screen import first_screen

    view = session.read_one(investigation).view
    if as_json:
        show_json(view)
    else:
        out = console()
        show(out, first_screen(view, page(out)))
