"""`compass list`: the investigations, latest first."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json


def register(app: typer.Typer) -> None:
    app.command("list")(list_investigations)


def list_investigations(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 20, as_json: Json = False
) -> None:
    """List investigations, latest first."""
    from compass.domain.listed import InvestigationSummary
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.listing import listing
    from compass.entrypoints.cli.render.output import console, page, show, show_json

    chosen = session.settings()

    async def work() -> tuple[InvestigationSummary, ...]:
        async with session.open_chronicle(chosen) as chronicle:
            return await chronicle.list(limit=limit)

    found = session.run(work)
    if as_json:
        show_json(found)
    else:
        out = console()
        show(out, listing(found, page(out)))
