"""`compass stop`: end a running investigation, from any terminal."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command()(stop)


def stop(which: Which = None, investigation: Reference = None) -> None:
    """Stop a running investigation. What was found so far is kept; `compass resume` goes on."""
    from compass.entrypoints.cli.resuming import order_stop

    typer.echo(order_stop(either(which, investigation)))
