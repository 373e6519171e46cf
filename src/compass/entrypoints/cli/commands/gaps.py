"""`compass gaps`: what could not be seen, ranked by how often and how badly it hid a cause."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    app.command()(gaps)


def gaps(as_json: Json = False) -> int:
    """Rank observability gaps, with the metric, log or span that would close each."""
    from compass.entrypoints.cli.remembered import read_past
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.past import gap_lines

    past = read_past()
    if as_json:
        show_json(past.gaps)
        return 0
    out = console()
    show(out, gap_lines(past, page(out)))
    return 0
