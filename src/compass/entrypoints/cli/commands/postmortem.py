"""`compass postmortem`: a draft in Markdown, from the chronicle alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.entrypoints.cli.options import Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command()(postmortem)


def postmortem(
    which: Which = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    prose: Annotated[
        bool, typer.Option("--prose", help="Have the chosen language model write paragraphs in front of the facts.")
    ] = False,
    investigation: Reference = None,
) -> None:
    """Draft the post-mortem. Every sentence of fact carries the id of the event it comes from."""
    from compass.entrypoints.cli.consulting import chosen_model
    from compass.entrypoints.cli.render.output import tell
    from compass.entrypoints.cli.reporting import write_postmortem

    done = write_postmortem(either(which, investigation), output, force=force, prose=prose, open_model=chosen_model)
    typer.echo(done.text, err=output is not None)
    if done.told:
        tell(done.told)
