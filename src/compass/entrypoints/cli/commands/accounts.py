"""`compass accounts`: every account in full."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json, Reference


def register(app: typer.Typer) -> None:
    app.command("accounts")(accounts)
    app.command("hypotheses", hidden=True)(accounts)  # the alias


def accounts(
    account: Annotated[str | None, typer.Argument(metavar="N", help="Only this one (number or label).")] = None,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Show every account (or one) with its evidence, attempts to refute, checks and relief."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.accounts import all_accounts, block
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.screen import without_model

    loaded = session.read_one(investigation)
    view = loaded.view
    if account is not None:
        line = session.pick_any(view, account)
        if as_json:
            show_json(line, model_lost=view.model_lost)
        else:
            out = console()
            room = page(out, full=True, of=loaded.of)
            show(out, [*without_model(view, room), *block(line, room)])
        return
    if as_json:
        show_json(
            {
                "accounts": view.accounts,
                "refuted": view.refuted,
                "not_listed": view.not_listed,
                "no_incident": view.no_incident,
            },
            model_lost=view.model_lost,
        )
    else:
        out = console()
        show(out, all_accounts(view, page(out, full=True, of=loaded.of)))
