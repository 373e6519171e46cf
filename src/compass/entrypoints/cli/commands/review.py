"""`compass review`: add to decisions later what there was no time for."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Confidence, Json, Reason, Reference, Which, either


def register(app: typer.Typer) -> None:
    app.command("review")(review)


def review(
    which: Which = None,
    decision: Annotated[int | None, typer.Option("--decision", min=1, help="The decision, by its number.")] = None,
    reason: Reason = "",
    confidence: Confidence = None,
    outcome: Annotated[str, typer.Option("--outcome", help="What came of it, in one line.")] = "",
    investigation: Reference = None,
    as_json: Json = False,
) -> None:
    """Walk through the decisions: what is not known of people's is asked about, one line each, all optional.

    With --decision, add to one without being asked. What was decided is not judged here."""
    import sys

    from compass.entrypoints.cli import reviewing, session
    from compass.entrypoints.cli.render.output import console, page, show, show_json
    from compass.entrypoints.cli.render.reviewed import decision_texts

    named = either(which, investigation)
    mechanisms = session.mechanisms_of(session.settings())
    if decision is not None:
        addition = reviewing.Addition(reason=reason, confidence=confidence, outcome=outcome)
        lines: tuple[reviewing.DecisionLine, ...] = (reviewing.add(named, decision, addition),)
    else:
        loaded = session.read_one(named)
        lines = reviewing.decision_lines(loaded.board, mechanisms)
        if sys.stdin.isatty() and not as_json:
            for line in [one for one in lines if one.open]:
                addition = reviewing.ask(line)
                if not addition.empty:
                    # "The latest" may be another one by now: what is answered belongs to what was asked about.
                    reviewing.add(str(loaded.id), line.number, addition)
            lines = reviewing.decision_lines(session.read_one(str(loaded.id)).board, mechanisms)
    if as_json:
        show_json(lines)
        return
    out = console()
    show(out, decision_texts(lines, page(out)))
