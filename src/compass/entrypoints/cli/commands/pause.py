"""`compass pause`: begin nothing new for a while."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json, Reason, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("pause")(pause)


def pause(which: Which = None, reason: Reason = "", investigation: Reference = None, as_json: Json = False) -> None:
    """Pause a running investigation, from any terminal; after 10 minutes the policy goes on."""
    from compass.entrypoints.cli.commanding import order
    from compass.entrypoints.cli.render.given import show_given

    show_given(order(either(which, investigation), "pause", "", reason=reason), as_json=as_json)
