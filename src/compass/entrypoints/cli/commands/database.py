"""`compass database`: the embedded PostgreSQL: where it is, whether it runs, stop it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Action(StrEnum):
    STATUS = "status"
    STOP = "stop"


def register(app: typer.Typer) -> None:
    app.command()(database)


def database(action: Annotated[Action, typer.Argument(help="What to do.")] = Action.STATUS) -> None:
    """Show or stop the PostgreSQL server that COMPASS keeps between commands."""
    from compass.entrypoints.cli.serving import database_status, database_stop

    typer.echo(database_status() if action is Action.STATUS else database_stop())
