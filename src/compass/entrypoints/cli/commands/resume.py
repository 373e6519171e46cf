"""`compass resume`: go on after a crash, from the chronicle alone."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json, NoModel, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command()(resume)


def resume(
    which: Which = None, investigation: Reference = None, no_model: NoModel = False, as_json: Json = False
) -> int:
    """Go on with an investigation that was interrupted (or stopped)."""
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.screen import first_screen
    from compass.entrypoints.cli.resuming import go_on

    result = go_on(either(which, investigation), quiet=as_json, model=not no_model)
    if as_json:
        show_json(result.view)
    else:
        out = console()
        show(out, first_screen(result.view, page(out, of=result.of)))
    return int(result.exit_code)
