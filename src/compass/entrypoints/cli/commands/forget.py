"""`compass forget`: delete all that one investigation holds."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Which, either
from compass.ports.errors import BadInputError

Named = Annotated[
    str | None,
    typer.Option(
        "--investigation", "-i", metavar="N|ID", help="Its number or (the beginning of) its id. There is no default."
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(forget)


def forget(
    which: Which = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nobody whether it is meant.")] = False,
    investigation: Named = None,
) -> int:
    """Delete all that one investigation holds: evidence, title, what it taught and what others recalled of it.

    Its number and the times of its events stay, so that the chain can be checked. There is no way back.
    """
    from compass.entrypoints.cli.keeping import run_forget

    named = either(which, investigation)
    if named is None:
        raise BadInputError("no investigation was named", where="compass forget", hint="compass forget 3")
    return run_forget(named, yes=yes)
