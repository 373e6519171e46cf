"""Options that several commands share, declared once."""

from __future__ import annotations

from typing import Annotated

import typer

Reference = Annotated[
    str | None,
    typer.Option(
        "--investigation", "-i", metavar="N|ID",
        help="Which investigation: its number or (the beginning of) its id. Default: the latest.",
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="Print JSON (stable, documented in docs/json.md) instead of text.")]
AccountNumber = Annotated[
    str, typer.Argument(metavar="N", help="An account: its number in the list, or its label (H3).")
]
NoModel = Annotated[bool, typer.Option("--no-model", help="Ask no language model, also where one is chosen.")]
