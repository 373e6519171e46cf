"""The commands of `compass knowledge` about a team's files. `commands/knowledge` registers them with its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json

Folder = Annotated[
    Path | None,
    typer.Argument(
        metavar="FOLDER", help="Where the files are. Default: [knowledge] folder of compass.toml, knowledge."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask: for scripts.")]


def register(group: typer.Typer) -> None:
    group.command("init")(init)
    group.command("validate")(validate)
    group.command("diff")(diff)
    group.command("apply")(apply)
    group.command("rollback")(rollback)
    group.command("versions")(versions)
    group.command("log", hidden=True)(versions)
    group.command("show")(show)


def init(folder: Folder = None) -> int:
    """Write an example of the team's files, with every section explained. Nothing is written over."""
    from compass.entrypoints.cli.team_files import run_init

    return run_init(folder)


def validate(folder: Folder = None, as_json: Json = False) -> int:
    """Say everything that is wrong in the team's files, with lines. Exit code 1 where anything has to be mended."""
    from compass.entrypoints.cli.team_files import run_validate

    return run_validate(folder, as_json=as_json)


def diff(folder: Folder = None, as_json: Json = False) -> int:
    """Show what the team's files would change of what holds, entry by entry."""
    from compass.entrypoints.cli.team_files import run_diff

    return run_diff(folder, as_json=as_json)


def apply(folder: Folder = None, yes: Yes = False, as_json: Json = False) -> int:
    """Let the team's files hold, as a new version, from the next investigation on.

    Shows what would change and asks. Does nothing where nothing differs.
    """
    from compass.entrypoints.cli.team_files import run_apply

    return run_apply(folder, yes=yes, as_json=as_json)


def rollback(
    version: Annotated[
        int | None, typer.Argument(metavar="VERSION", help="Which one. Default: the one before the latest.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> int:
    """Let an older version hold again, as a new one."""
    from compass.entrypoints.cli.team_files import run_rollback

    return run_rollback(version, yes=yes, as_json=as_json)


def versions(as_json: Json = False) -> int:
    """List what was applied: when, by whom, from which commit. Latest first."""
    from compass.entrypoints.cli.team_files import run_versions

    return run_versions(as_json=as_json)


def show(
    version: Annotated[
        int | None, typer.Option("--version", metavar="N", help="Which one. Default: the latest.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Show what was applied, as files: one for each scope, with --- between them."""
    from compass.entrypoints.cli.team_files import run_show

    return run_show(version, as_json=as_json)
