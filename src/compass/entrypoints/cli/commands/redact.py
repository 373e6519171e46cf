"""`compass redact`: what would leave of a text, and what would not."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    app.command("redact")(redact_file)


def redact_file(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A text file, or - for standard input.")],
    check: Annotated[
        bool, typer.Option("--check", help="Show the lines in which something would be replaced, and count by kind.")
    ] = False,
    names: Annotated[
        str, typer.Option("--names", help='Names to replace besides those of compass.toml: "Acme Bank, Bob".')
    ] = "",
    as_json: Json = False,
) -> int:
    """Print a text as it would leave for a language model. Sends nothing.

    With --check, exit code 1 says that something would be replaced, 0 that nothing would.
    """
    import os
    from pathlib import Path

    from compass.entrypoints.cli import redacting
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.redacted import check_lines

    masker = redacting.masker_of(os.environ, Path.cwd(), [name.strip() for name in names.split(",")])
    text = redacting.text_of(file)
    if not check and not as_json:
        for _, masked in redacting.masked_lines(text, masker):
            typer.echo(masked)
        return 0
    found = redacting.found_lines(text, masker)
    if as_json:
        show_json(found)
    else:
        out = console()
        show(out, check_lines(found, page(out)))
    return 1 if found and check else 0
