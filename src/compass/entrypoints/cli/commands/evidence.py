"""`compass evidence`: the observations behind an account, with the queries to run them again."""

from __future__ import annotations

import typer

from compass.entrypoints.cli.options import AccountNumber, Json, Reference


def register(app: typer.Typer) -> None:
    app.command("evidence")(evidence)


def evidence(account: AccountNumber = "1", investigation: Reference = None, as_json: Json = False) -> None:
    """Show the evidence for and against account N, with queries, values and coverage."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.evidence import evidence_lines
    from compass.entrypoints.cli.render.output import console, page, show, show_json

    loaded = session.read_one(investigation)
    line = session.pick(loaded.view, account)
    if as_json:
        show_json(
            {"account": line.id, "for": line.evidence_for, "against": line.evidence_against, "attempts": line.attempts}
        )
    else:
        out = console()
        show(out, evidence_lines(line, page(out)))
