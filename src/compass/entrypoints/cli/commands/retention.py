"""`compass retention`: apply the rules of compass.toml about how long what is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    app.command()(retention)


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and erase nothing.")] = False,
    as_json: Json = False,
) -> int:
    """Erase what is older than [retention] of compass.toml allows: raw evidence goes, what was learned stays.

    Nothing runs it by itself: put it into cron or a timer.
    """
    from compass.entrypoints.cli.keeping import run_retention

    return run_retention(dry_run=dry_run, as_json=as_json)
