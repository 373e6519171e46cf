"""`compass signals`: what COMPASS understands of a service, and what it ignores and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    app.command()(signals)


def signals(
    service: Annotated[str, typer.Argument(help="A service; a store, workload, pod or node works as well.")],
    recording: Annotated[
        Path | None, typer.Option("--recording", "-r", metavar="DIR", help="A recording. Default: live servers.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="How far back from the end: 30m, or a time.")] = None,
    full: Annotated[bool, typer.Option("--all", help="Every name, with labels and samples.")] = False,
    reject: Annotated[
        str | None, typer.Option("--reject", metavar="NAME", help="What a model made of this unknown name is wrong.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Show what is understood of a service, kind by kind, and what is ignored and why."""
    from compass.entrypoints.cli.understanding import run_signals

    return run_signals(service, recording, since, as_json=as_json, full=full, reject=reject)
