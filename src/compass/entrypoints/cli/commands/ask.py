"""`compass ask "is it the database?"`: a question in plain language, answered from the chronicle."""

from __future__ import annotations

from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json, NoModel, Reference


def register(app: typer.Typer) -> None:
    app.command()(ask)


def ask(
    question: Annotated[str, typer.Argument(help="In plain language, in quotes.")],
    investigation: Reference = None,
    tests: Annotated[
        bool,
        typer.Option("--tests/--no-tests", help="Run the deeper tests that a language model asks for, at most two."),
    ] = True,
    no_model: NoModel = False,
    as_json: Json = False,
) -> None:
    """Ask about an investigation: "is it the database?". Every sentence names the facts it rests on.

    Without a language model: what was found for and against. With one, it answers in its own words, and what rests on
    no fact is not shown.
    """
    from compass.entrypoints.cli.asking import ask_question
    from compass.entrypoints.cli.render.answer import answer_lines
    from compass.entrypoints.cli.render.output import console, page, show, show_json

    answer = ask_question(investigation, question, tests=tests, model=not no_model)
    if as_json:
        show_json(answer)
    else:
        out = console()
        show(out, answer_lines(answer, page(out)))
