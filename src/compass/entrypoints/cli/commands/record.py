"""`compass record`: keep an incident's telemetry, for practice and evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.entrypoints.cli.options import Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("record")(record)


def record(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="A folder that does not exist yet.")],
    which: Which = None,
    service: Annotated[str | None, typer.Option(help="Instead of an investigation: what the page named.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Instead of an investigation: from here on.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="With --from: until here. Default: now.")] = None,
    redacted: Annotated[
        bool, typer.Option("--redact/--no-redact", help="Take keys, tokens, passwords, addresses out of texts.")
    ] = True,
    investigation: Reference = None,
) -> None:
    """Write the telemetry of an incident to a folder (recording format 1), from live servers or another recording."""
    from compass.entrypoints.cli.recording import Wanted, write

    named = either(which, investigation)
    write(Wanted(output=output, investigation=named, service=service, start=start, end=end, redacted=redacted))
