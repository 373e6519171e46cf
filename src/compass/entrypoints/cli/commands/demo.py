"""`compass demo`: investigate the incident that ships with COMPASS."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    sequential: Annotated[
        bool, typer.Option("--sequential", help="Afterwards run the same steps one after another and compare times.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Investigate a real recorded incident: no set-up, no account, no language model."""
    from compass.data import demo_recording
    from compass.entrypoints.cli.investigating import Request
    from compass.entrypoints.cli.many import investigate_all

    with demo_recording() as folder:
        return investigate_all(folder, Request(sequential=sequential, quiet=as_json, model=False), as_json=as_json)
