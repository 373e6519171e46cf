"""`compass knowledge dry-run`. `commands/knowledge` registers it with its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json
from compass.entrypoints.cli.team_commands import Folder

WORSE = "Exit code 1 where any incident would have ended worse, 3 where all of them were skipped: for CI."


def dry_run(
    folder: Folder = None,
    version: Annotated[int | None, typer.Option("--version", metavar="N", help="A version that was applied.")] = None,
    last: Annotated[int, typer.Option(min=1, metavar="N", help="How many past incidents, the latest first.")] = 20,
    recordings: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Recordings instead: whole investigations with and without it."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Labels of the recordings. Default: a folder truth beside them.")
    ] = None,
    fail_if_worse: Annotated[bool, typer.Option("--fail-if-worse", help=WORSE)] = False,
    as_json: Json = False,
) -> int:
    """Show which past incidents would have ended differently with the team's files, and what in them does it.

    What was measured then is judged again; nothing is measured anew, but with --recordings. Nothing is written.
    """
    from compass.entrypoints.cli.dry_running import Wish, run_dry

    return run_dry(
        Wish(
            folder=folder, version=version, last=last, recordings=tuple(recordings or ()), truth=truth,
            as_json=as_json, fail_if_worse=fail_if_worse,
        )
    )  # fmt: skip
