"""`compass test N`: a deeper attempt to refute account N."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import AccountNumber, Json, Reference


def register(app: typer.Typer) -> None:
    app.command("test")(test_account)


def test_account(account: AccountNumber = "1", investigation: Reference = None, as_json: Json = False) -> int:
    """Try harder to refute account N: every plan there is, the deep ones too."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.screen import without_model
    from compass.entrypoints.cli.render.tested import standing, tested_lines
    from compass.entrypoints.cli.resuming import test_deeper

    before, result = test_deeper(investigation, account)
    after = session.pick_any(result.view, before.label)
    if as_json:
        show_json({"before": standing(before), "after": after}, model_lost=result.view.model_lost)
    else:
        out = console()
        room = page(out)
        show(out, [*without_model(result.view, room), *tested_lines(before, after, room)])
    return int(result.exit_code)
