"""`compass escalate`: ask for help, with a hand-over to copy."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json, Reason, Reference


def register(app: typer.Typer) -> None:
    app.command("escalate")(escalate)


def escalate(
    to: Annotated[list[str] | None, typer.Argument(help="Who: a team or a role.")] = None,
    reason: Reason = "",
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Record that you ask for help or hand over, and print a hand-over to copy. COMPASS calls nobody."""
    from compass.entrypoints.cli.commanding import order
    from compass.entrypoints.cli.render.given import show_given

    words = " ".join(to or ())
    said = f"{words}: {reason}" if reason else words
    show_given(order(investigation, "escalate", said, reason=reason), as_json=as_json)
