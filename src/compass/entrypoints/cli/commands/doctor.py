"""`compass doctor`: what works, how fast, what is missing, what to do."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(as_json: Json = False) -> int:
    """Check every server and the database by real reads: what works, how fast, what is missing, what to do."""
    from compass.entrypoints.cli.doctoring import run_doctor

    return run_doctor(as_json=as_json)
