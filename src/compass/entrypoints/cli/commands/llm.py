"""`compass llm`: which language models are there, which one is used, and whether it works."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json

Model = Annotated[str, typer.Argument(metavar="PROVIDER:MODEL", help="Such as anthropic:claude-haiku-5-5.")]


class RoleOption(StrEnum):
    FAST = "fast"
    DEEP = "deep"


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        name="llm", help="Language models: what is there, which one is used, whether it works. None is needed.",
        no_args_is_help=True, rich_markup_mode=None,
    )  # fmt: skip
    group.command("list")(list_models)
    group.command("use")(use_model)
    group.command("test")(check_models)
    app.add_typer(group)


def list_models(as_json: Json = False) -> int:
    """Show providers (what is detected here) and the chosen models with their roles, fallbacks and prices."""
    from compass.entrypoints.cli.modelling import run_list

    return run_list(as_json=as_json)


def use_model(
    model: Model,
    role: Annotated[
        RoleOption | None, typer.Option(help="For routine (fast) or for synthesis (deep). Default: for both.")
    ] = None,
    fallback: Annotated[
        bool, typer.Option("--fallback", help="To be asked when the chosen models fail; added to the chain.")
    ] = False,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where it is, if not where it usually is.")] = None,
    key: Annotated[
        str | None, typer.Option(metavar="REF", help="Where its key is: env:NAME, file:PATH or keyring:NAME.")
    ] = None,
) -> int:
    """Choose a model: writes [llm] of compass.toml and leaves the rest of the file as it is."""
    from compass.entrypoints.cli.modelling import run_use

    return run_use(model, role=role.value if role else None, fallback=fallback, url=url, key=key)


def check_models(as_json: Json = False) -> int:
    """Make one tiny real call to each chosen model: works, how fast, what it cost. Billed to your own key."""
    from compass.entrypoints.cli.modelling import run_test

    return run_test(as_json=as_json)
