"""`compass shell`: talk to an investigation, while it runs or after."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("shell")(shell)


def shell(
    which: Which = None,
    investigation: Reference = None,
) -> None:
    """Command an investigation in plain words, and read it: why, evidence, timeline, accounts, ask, status."""
    from compass.entrypoints.cli.shelling import run_shell

    run_shell(either(which, investigation))
