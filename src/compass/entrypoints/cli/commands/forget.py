"""`compass forget`: delete all that one investigation holds."""

from __future__ import annotations

from typing import Annotated

import typer

Id = Annotated[str, typer.Argument(metavar="ID", help="Its number or (the beginning of) its id.")]


def register(app: typer.Typer) -> None:
    app.command()(forget)


def forget(
    investigation: Id, yes: Annotated[bool, typer.Option("--yes", help="Ask nobody whether it is meant.")] = False
) -> int:
    """Delete all that one investigation holds: evidence, title, what it taught and what others recalled of it.

    Its number and the times of its events stay, so that the chain can be checked. There is no way back.
    """
    from compass.entrypoints.cli.keeping import run_forget

    return run_forget(investigation, yes=yes)
