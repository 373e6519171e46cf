"""`compass theory`: your own theory, in plain words."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Chosen, Confidence, Json, Reason, Reference


def register(app: typer.Typer) -> None:
    app.command("theory")(theory)


def theory(
    words: Annotated[list[str], typer.Argument(help="What is wrong and where: orders pool is exhausted.")],
    choose: Chosen = None,
    reason: Reason = "",
    confidence: Confidence = None,
    yes: Annotated[bool, typer.Option("--yes", help="Add it without being asked.")] = False,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """State your own theory: it is shown back, then tested like any other. Being said moves no probability."""
    from compass.entrypoints.cli.commanding import order
    from compass.entrypoints.cli.render.given import show_given

    show_given(
        order(investigation, "theory", " ".join(words), choose=choose, reason=reason, confidence=confidence, yes=yes),
        as_json=as_json,
    )
