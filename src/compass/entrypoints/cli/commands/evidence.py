"""`compass evidence`: the observations behind an account, with the queries to run them again."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json, Reference


def register(app: typer.Typer) -> None:
    app.command("evidence")(evidence)


def evidence(
    account: Annotated[
        str,
        typer.Argument(
            metavar="N|E14|X2|D1", help="An account (number or label), a fact, a tool's or a document's words."
        ),
    ] = "1",
    trace: Annotated[
        bool, typer.Option("--trace", help="Of one fact about latency or errors: the traces that show it.")
    ] = False,
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Show the evidence for and against account N, or one fact (E14), with queries, values and coverage; or what a tool
    of the team's own said (X2), or a passage of the team's documents (D1); or (--trace) jump from a fact on live
    servers to traces: by its series' exemplars, else by a search for the slowest spans."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.briefed import set_aside
    from compass.entrypoints.cli.render.evidence import document_block, evidence_lines, fact_block, told_block
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.screen import without_model

    if trace:
        show_traces(investigation, account, as_json=as_json)
        return
    loaded = session.read_one(investigation)
    if account[:1] in "Ee" and account[1:].isdigit():
        fact = session.pick_fact(loaded.board, account)
        if as_json:
            show_json(fact, model_lost=loaded.view.model_lost)
        else:
            out = console()
            room = page(out, full=True)
            told = set_aside(loaded.view, fact.label, room)
            show(out, [*without_model(loaded.view, room), *fact_block(fact, room), *told])
        return
    if account[:1] in "Xx" and account[1:].isdigit():
        words = session.pick_told(loaded.view, account)
        if as_json:
            show_json(words)
        else:
            out = console()
            show(out, told_block(words, page(out, full=True)))
        return
    if account[:1] in "Dd" and account[1:].isdigit():
        document = session.pick_document(loaded.view, account)
        if as_json:
            show_json(document)
        else:
            out = console()
            show(out, document_block(document, page(out, full=True)))
        return
    line = session.pick(loaded.view, account)
    if as_json:
        show_json(
            {"account": line.id, "for": line.evidence_for, "against": line.evidence_against, "attempts": line.attempts},
            model_lost=loaded.view.model_lost,
        )
    else:
        out = console()
        show(out, evidence_lines(loaded.view, line, page(out, full=True)))


def show_traces(investigation: str | None, label: str, *, as_json: bool) -> None:
    """Print the traces behind one fact."""
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.traces import trace_lines
    from compass.entrypoints.cli.tracing import traces_of

    found = traces_of(investigation, label)
    if as_json:
        show_json(found)
    else:
        out = console()
        show(out, trace_lines(found, page(out, full=True)))
