"""`compass knowledge`: what the team wrote down, and what it learned from its incidents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.entrypoints.cli import dry_command, team_commands
from compass.entrypoints.cli.knowledge_documents import documents_group
from compass.entrypoints.cli.options import Json, Reference, Which, either

Anonymise = Annotated[
    bool, typer.Option("--anonymise", help="Replace names by stable pseudonyms, and redact every text.")
]


def register(app: typer.Typer) -> None:
    """Files of the team (validate, apply, …), what it learned from incidents, and its documents, as one group of
    `app`."""
    group = typer.Typer(
        name="knowledge", help="What the team wrote down (YAML in git), and what it learned: validate, apply, hand on.",
        no_args_is_help=True, rich_markup_mode=None,
    )  # fmt: skip
    team_commands.register(group)
    group.command("dry-run")(dry_command.dry_run)
    group.command("export")(export_knowledge)
    group.command("import")(import_knowledge)
    group.command("push")(push_knowledge)
    group.command("reembed")(reembed)
    group.command("undo")(undo)
    group.add_typer(documents_group())
    app.add_typer(group)


def export_knowledge(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to, or - for standard output.")],
    anonymise: Anonymise = False,
) -> int:
    """Write what was learned into a file: incidents, lessons and gaps, no evidence."""
    from compass.entrypoints.cli.handing import run_export

    return run_export(file, anonymise=anonymise)


def import_knowledge(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What compass knowledge export wrote.")],
    source: Annotated[str, typer.Option(metavar="NAME", help="Where it is from, as it will be shown.")] = "",
    as_json: Json = False,
) -> int:
    """Merge what somebody else learned. What is known already stays one; your own is never replaced."""
    from compass.entrypoints.cli.handing import run_import

    return run_import(file, source, as_json=as_json)


def push_knowledge(
    to: Annotated[str, typer.Argument(metavar="REF", help="Its URL: env:NAME, file:PATH or keyring:NAME.")],
    team: Annotated[str, typer.Option(metavar="NAME", help="The team there.")] = "default",
    anonymise: Anonymise = False,
    as_json: Json = False,
) -> int:
    """Merge what was learned here into a team's database. What a team wrote down goes by git: clone it, and apply."""
    from compass.entrypoints.cli.handing import run_push

    return run_push(to, team, anonymise=anonymise, as_json=as_json)


def reembed(as_json: Json = False) -> int:
    """Make the vectors that are missing, or that another embedder made. Commands do it bit by bit anyway."""
    from compass.entrypoints.cli.handing import run_reembed

    return run_reembed(as_json=as_json)


def undo(
    which: Which = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, in one line.")] = "",
    investigation: Reference = None,
    as_json: Json = False,
) -> int:
    """Take back what was last said of an incident (resolve, correct, near-miss): it teaches nothing from then on, and
    what was said before it, where something was, holds again."""
    from compass.entrypoints.cli import verdicts
    from compass.entrypoints.cli.render.verdicts import show_kept

    show_kept(verdicts.undo(either(which, investigation), reason), as_json=as_json)
    return 0
