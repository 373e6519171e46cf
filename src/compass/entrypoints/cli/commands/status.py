"""`compass status`: an update for engineers, managers or customers."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("status")(status)


def status(
    which: Which = None,
    audience: Annotated[str, typer.Option("--for", help="engineers | managers | customers")] = "engineers",
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Word an update from facts, for one audience. Customers read no internal names and no theories."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.output import console, show, show_json
    from compass.entrypoints.cli.render.told import briefing_lines
    from compass.entrypoints.clock import SystemClock
    from compass.ports.errors import BadInputError
    from compass.projections.briefing import Audience, briefing

    if audience not in list(Audience):
        raise BadInputError(f"nobody is called {audience}", where="--for", hint="engineers, managers or customers")
    loaded = session.read_one(either(which, investigation))
    told = briefing(loaded.board, loaded.view, Audience(audience), SystemClock().now_ns())
    if as_json:
        show_json(told)
        return
    show(console(), briefing_lines(told))
