"""`compass shell`: talk to an investigation, while it runs or after."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("shell")(shell)


def shell(
    investigation: Annotated[
        str | None, typer.Argument(metavar="[N|ID]", help="Which investigation. Default: the latest.")
    ] = None,
) -> None:
    """Command an investigation in plain words, and read it: why, evidence, timeline, accounts, ask, status."""
    from compass.entrypoints.cli.shelling import run_shell

    run_shell(investigation)
