"""`compass knowledge documents add|list|find|remove`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.text import Text

from compass.domain.documents import DocumentsChange, FoundPassage, FoundPassages, KeptDocument, Wanted
from compass.entrypoints import documents as store
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.output import console, page, show, show_json, tell
from compass.ports.documents import Documents
from compass.ports.errors import BadInputError

R = TypeVar("R")


def run_add(paths: Sequence[Path], root: str | None, *, as_json: bool) -> int:
    """0 also where vectors are missing: words find without them."""
    read = store.read_paths(paths, root=root)
    known = session.mechanisms_of(session.settings()).keys()

    async def work(documents: Documents) -> DocumentsChange:
        return await store.keep(documents, read, mechanisms=known)

    change = _run(work)
    if as_json:
        show_json(change)
    else:
        _show_change(change)
    if change.problem and not as_json:
        tell(f"compass: {change.unembedded} vectors are missing: {change.problem}; compass knowledge reembed")
    return 0


def run_list(*, as_json: bool) -> int:
    """Every document with how many of its passages have a vector. Always exit code 0: none is an answer too."""
    from compass.entrypoints.cli.render.documents import kept_lines

    async def work(documents: Documents) -> tuple[KeptDocument, ...]:
        return await documents.kept()

    kept = _run(work)
    if as_json:
        show_json(kept)
        return 0
    out = console()
    show(out, kept_lines(kept, page(out)))
    return 0


def run_find(words: str, limit: int, *, as_json: bool) -> int:
    """0 when something was found, else 3."""
    from compass.entrypoints.cli.render.documents import found_lines

    if not any(character.isalnum() for character in words):
        raise BadInputError(
            "there is nothing to look for", where="find", hint="compass knowledge documents find pool exhausted"
        )

    async def work(documents: Documents) -> FoundPassages:
        return await documents.find([Wanted(words=words)], limit)

    result = _run(work)
    found: tuple[FoundPassage, ...] = result.found[0] if result.found else ()
    if as_json:
        show_json({"found": found, "searched": result.searched, "problem": result.problem})
    else:
        out = console()
        show(out, found_lines(found, result.searched, page(out)))
        if result.problem:
            tell(f"compass: found by words alone: {result.problem}")
    return 0 if found else 3


def run_remove(names: Sequence[str], *, as_json: bool) -> int:
    async def work(documents: Documents) -> tuple[str, ...]:
        return await store.remove(documents, names)

    gone = _run(work)
    if as_json:
        show_json(gone)
    else:
        show(console(), (Text(f"removed {name}") for name in gone))
    return 0


def _run(work: Callable[[Documents], Awaitable[R]]) -> R:
    chosen = session.settings()

    async def opened() -> R:
        async with session.open_chronicle(chosen) as chronicle:
            return await work(chronicle.documents)

    return session.run(opened)


def _show_change(change: DocumentsChange) -> None:
    from compass.entrypoints.cli.render.documents import change_lines

    out = console()
    show(out, change_lines(change))
