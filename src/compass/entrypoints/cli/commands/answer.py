"""`compass answer R1`: answer a request for data."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Confidence, Json, Reason, Reference


def register(app: typer.Typer) -> None:
    app.command("answer")(answer)


def answer(
    request: Annotated[str, typer.Argument(metavar="R1", help="Which request; compass status lists them.")],
    shows: Annotated[str, typer.Option("--shows", help="supports | contradicts | nothing: what it shows.")],
    text: Annotated[str, typer.Option("--text", help="What you saw; - reads standard input.")] = "",
    reason: Reason = "",
    confidence: Confidence = None,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Answer a request for data: what was seen, and whether it supports the theory, contradicts it or settles nothing.

    It is redacted and kept; it counts as what a person read, never as a measurement."""
    from compass.entrypoints.cli.commanding import order
    from compass.entrypoints.cli.render.given import show_given

    pasted = typer.get_text_stream("stdin").read() if text == "-" else text
    words = f"{request} {shows} {pasted}"
    show_given(order(investigation, "answer", words, reason=reason, confidence=confidence), as_json=as_json)
