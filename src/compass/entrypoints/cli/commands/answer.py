"""`compass answer R1`: answer a request for data."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from compass.entrypoints.cli.options import Confidence, Json, Reason, Reference


class Shows(StrEnum):
    """How an answer bears on the theory, as it is said on the command line."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    NOTHING = "nothing"


def register(app: typer.Typer) -> None:
    app.command("answer")(answer)


def answer(
    request: Annotated[str, typer.Argument(metavar="R1", help="Which request; compass status lists them.")],
    shows: Annotated[
        Shows | None,
        typer.Option("--shows", help="What it shows. Without it you are asked; in a script it settles nothing."),
    ] = None,
    text: Annotated[str, typer.Option("--text", help="What you saw; - reads standard input.")] = "",
    reason: Reason = "",
    confidence: Confidence = None,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Answer a request for data: what was seen, and whether it supports the theory, contradicts it or settles nothing.

    It is redacted and kept word for word (of more than 4,000 characters the beginning and the end); what it shows is
    never read out of it. It counts as what a person read, never as a measurement."""
    from compass.domain.commanded import Bearing
    from compass.entrypoints.cli.answering import answer_request
    from compass.entrypoints.cli.render.given import show_given

    pasted = typer.get_text_stream("stdin", errors="replace").read() if text == "-" else text
    bearing = {
        Shows.SUPPORTS: Bearing.SUPPORTS, Shows.CONTRADICTS: Bearing.CONTRADICTS,
        Shows.NOTHING: Bearing.SETTLES_NOTHING, None: None,
    }[shows]  # fmt: skip
    given = answer_request(investigation, request, pasted, bearing, reason=reason, confidence=confidence)
    show_given(given, as_json=as_json)
