"""`compass recheck`: the same signals now."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("recheck")(recheck)


def recheck(
    which: Which = None,
    last: Annotated[str, typer.Option(metavar="TIME", help="How far back is looked; its last third is now.")] = "15m",
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Measure the same signals again, on live servers: recovering, unchanged or worse, and whether the alert that paged
    still fires. The result is kept with the investigation."""
    from compass.entrypoints.cli.rechecking import measure_again
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.recheck import recheck_screen

    loaded = measure_again(either(which, investigation), last)
    view = loaded.view
    if as_json:
        show_json(view.rechecks[-1], model_lost=view.model_lost)
    else:
        out = console()
        show(out, recheck_screen(view, view.rechecks[-1], page(out, of=loaded.of)))
