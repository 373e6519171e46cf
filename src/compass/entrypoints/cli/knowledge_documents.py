"""`compass knowledge documents`: runbooks and architecture notes, read into the store and found again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compass.entrypoints.cli.options import Json


def documents_group() -> typer.Typer:
    group = typer.Typer(
        name="documents", help="What the team wrote: runbooks, architecture notes (Markdown, text).",
        no_args_is_help=True, rich_markup_mode=None,
    )  # fmt: skip
    group.command("add")(add)
    group.command("list")(list_documents)
    group.command("find")(find)
    group.command("remove")(remove)
    return group


def add(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Folders, read whole: what is no more in them goes. Or single files."),
    ],
    root: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="What their names begin with. Default: the path in the repository."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Read documents in. What has not changed stays as it is; a file that is wrong is named, and nothing changes."""
    from compass.entrypoints.cli.documenting import run_add

    return run_add(paths, root, as_json=as_json)


def list_documents(as_json: Json = False) -> int:
    """Every document: what it is for, how many passages, when it was last changed."""
    from compass.entrypoints.cli.documenting import run_list

    return run_list(as_json=as_json)


def find(
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="What it should say.")],
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=50, help="At most so many passages.")] = 5,
    as_json: Json = False,
) -> int:
    """Find passages by their words, and by meaning where there is an embedder."""
    from compass.entrypoints.cli.documenting import run_find

    return run_find(" ".join(words), limit, as_json=as_json)


def remove(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="As `list` shows them, or a folder of theirs: all below it.")
    ],
    as_json: Json = False,
) -> int:
    """Remove documents with their passages and vectors. What investigations quoted stays in their chronicles."""
    from compass.entrypoints.cli.documenting import run_remove

    return run_remove(names, as_json=as_json)
