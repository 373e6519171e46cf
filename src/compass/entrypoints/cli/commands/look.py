"""`compass look`: where to look, and where not."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Chosen, Confidence, Json, Reason, Reference


def register(app: typer.Typer) -> None:
    app.command("look")(look)


def look(
    where: Annotated[list[str], typer.Argument(help="at payments | not the network | everywhere")],
    choose: Chosen = None,
    reason: Reason = "",
    confidence: Confidence = None,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Bound what is still worked on: `look at payments`, `look not the network`, `look everywhere`. Hides nothing."""
    from compass.entrypoints.cli.commanding import order
    from compass.entrypoints.cli.render.given import show_given

    show_given(
        order(investigation, "look", " ".join(where), choose=choose, reason=reason, confidence=confidence),
        as_json=as_json,
    )
