"""`compass cost`: what a language model cost an investigation."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import Json, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("cost")(cost)


def cost(which: Which = None, investigation: Reference = None, as_json: Json = False) -> None:
    """Show what the language model cost: in all, by agent, theory, phase, model and task."""
    from compass.entrypoints.cli.costing import costs_and_month
    from compass.entrypoints.cli.render.costs import cost_lines
    from compass.entrypoints.cli.render.output import console, page, show, show_json

    costs, month_usd = costs_and_month(either(which, investigation))
    if as_json:
        show_json(costs)
    else:
        out = console()
        show(out, cost_lines(costs, month_usd, page(out)))
