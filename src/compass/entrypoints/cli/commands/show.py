"""`compass show`: one investigation, as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from compass.domain.chronicle import Event, ServersAsked
from compass.entrypoints.cli.options import Json, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("show")(show_investigation)


def show_investigation(
    which: Which = None,
    queries: Annotated[
        bool, typer.Option("--queries", help="Every request made to servers: its time, size and whether it was shared.")
    ] = False,
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Exactly what was sent to a language model and what came, call by call.")
    ] = False,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Show an investigation: what, where, recent changes, ranked accounts."""
    from rich.text import Text

    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.screen import first_screen

    loaded = session.read_one(either(which, investigation))
    view = loaded.view
    if queries or prompts:
        listed = show_queries if queries else show_prompts
        listed(loaded.events, as_json=as_json)
        if view.model_lost and not as_json:
            show(console(), [Text(view.model_lost, style="yellow")])
        return
    if as_json:
        show_json(view)
    else:
        out = console()
        show(out, first_screen(view, page(out, of=loaded.of)))


def show_queries(events: Sequence[Event], *, as_json: bool) -> None:
    """Print what servers were asked by every runner of an investigation."""
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.queries import query_lines

    asked = [one for event in events if isinstance(event.payload, ServersAsked) for one in event.payload.requests]
    if as_json:
        show_json(asked)
    else:
        out = console()
        show(out, query_lines(asked, page(out)))


def show_prompts(events: Sequence[Event], *, as_json: bool) -> None:
    """Print every call to a language model as it was."""
    from compass.entrypoints.cli.render.output import console, show, show_json
    from compass.entrypoints.cli.render.prompts import prompt_lines
    from compass.projections.costs import calls_of

    calls = calls_of(events)
    if as_json:
        show_json(calls)
    else:
        show(console(), prompt_lines(calls))
