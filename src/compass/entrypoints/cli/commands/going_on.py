"""`compass continue`: end a pause."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json, Reason, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("continue")(continue_)


def continue_(which: Which = None, reason: Reason = "", investigation: Reference = None, as_json: Json = False) -> None:
    """Go on after a pause."""
    from compass.entrypoints.cli.commanding import order
    from compass.entrypoints.cli.render.given import show_given

    show_given(order(either(which, investigation), "continue", "", reason=reason), as_json=as_json)
