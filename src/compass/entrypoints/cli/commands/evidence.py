"""`compass evidence`: the observations behind an account, with the queries to run them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from compass.entrypoints.cli.options import Json, Reference

if TYPE_CHECKING:
    from compass.projections.view import View


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
    from compass.entrypoints.cli.render.evidence import evidence_lines, fact_block
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
    if account[:1] in "XxDd" and account[1:].isdigit():
        show_words(loaded.view, account, as_json=as_json)
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


def show_words(view: View, label: str, *, as_json: bool) -> None:
    """Print what a tool said (X2), or what is written down (D1)."""
    from compass.entrypoints.cli import session
    from compass.entrypoints.cli.render.evidence import document_block, told_block
    from compass.entrypoints.cli.render.output import console, page, show, show_json

    out = console()
    room = page(out, full=True)
    if label[:1] in "Xx":
        told = session.pick_told(view, label)
        show_json(told) if as_json else show(out, told_block(told, room))
    else:
        document = session.pick_document(view, label)
        show_json(document) if as_json else show(out, document_block(document, room))


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
