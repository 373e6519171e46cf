"""`compass evidence`: the observations behind an account, with the queries to run them again."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json, Reference


def register(app: typer.Typer) -> None:
    app.command("evidence")(evidence)


def evidence(
    account: Annotated[str, typer.Argument(metavar="N|E14", help="An account (number or label), or one fact.")] = "1",
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Show the evidence for and against account N, or one fact (E14), with queries, values and coverage."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.evidence import evidence_lines, fact_block
    from compass.entrypoints.cli.render.output import console, page, show, show_json

    loaded = session.read_one(investigation)
    if account[:1] in "Ee" and account[1:].isdigit():
        fact = session.pick_fact(loaded.board, account)
        if as_json:
            show_json(fact)
        else:
            out = console()
            show(out, fact_block(fact, page(out, full=True)))
        return
    line = session.pick(loaded.view, account)
    if as_json:
        show_json(
            {"account": line.id, "for": line.evidence_for, "against": line.evidence_against, "attempts": line.attempts}
        )
    else:
        out = console()
        show(out, evidence_lines(loaded.view, line, page(out, full=True)))
