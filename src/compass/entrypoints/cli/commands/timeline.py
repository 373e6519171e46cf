"""`compass timeline`: what happened when."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("timeline")(timeline)


def timeline(
    which: Which = None,
    every: Annotated[bool, typer.Option("--all", help="Every single attempt to refute, too.")] = False,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Show the timeline: changes, onset, first signs, page, what the investigation did."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.timeline import timeline_lines
    from compass.projections.timeline import moments

    loaded = session.read_one(either(which, investigation))
    if as_json:
        show_json(moments(loaded.events, loaded.board))
    else:
        out = console()
        listed, room = moments(loaded.events, loaded.board), page(out, of=loaded.of)
        show(out, timeline_lines(loaded.view, listed, room, every=every))
