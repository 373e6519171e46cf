"""`compass why`: every term of an account's confidence."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import AccountNumber, Json, Reference


def register(app: typer.Typer) -> None:
    app.command("why")(why)


def why(account: AccountNumber = "1", investigation: Reference = None, as_json: Json = False) -> None:
    """Explain the confidence in account N, term by term."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.why import terms_of, why_lines

    loaded = session.read_one(investigation)
    line = session.pick(loaded.view, account)
    if as_json:
        terms = terms_of(loaded.board, line.id)
        written = [one for one in loaded.view.documents if line.label in one.about]  # weighs nothing
        show_json(
            {"account": line.id, "confidence": line.confidence, "terms": terms, "documents": written},
            model_lost=loaded.view.model_lost,
        )
    else:
        out = console()
        show(out, why_lines(loaded.board, loaded.view, line, page(out, of=loaded.of)))
