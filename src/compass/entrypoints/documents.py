"""A team's documents from files into the store: read whole, compared by content, changed in one transaction.

For others: `read_folder` checks and reads, `compare` says what would change, `sync` does it all.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from compass.analysis.documents import MOST_BYTES, SUFFIXES, document_of
from compass.domain.documents import Document, DocumentsChange, KeptDocument
from compass.entrypoints.committed import committed, prefix_of
from compass.ports.documents import Documents
from compass.ports.errors import BadInputError, EmbeddingError, NotFoundError

MOST_FILES = 2_000
MOST_TOLD = 10
_EMBED = 256
_NOT_ASKED = "{}: git does not say which commits it is of"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocuments:
    """What was read, by name. `roots` are folders that were read whole: what stands below them and is not among
    `documents` any more is gone. `notes`: what was left out, and why."""

    documents: Mapping[str, Document]
    roots: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def sync(
    documents: Documents, folder: Path, *, root: str | None = None, mechanisms: Collection[str] | None = None
) -> DocumentsChange:
    """Make the store hold what is in `folder` and nothing else below its name. A second time it changes nothing.

    `root` is what the documents' names begin with; None: the folder's path in its git repository, else its own name.
    `mechanisms`: ids that front matter may name; others are noted. Raises BadInputError naming every file that is
    wrong, before anything is changed, and StorageError. An embedder that fails is a `problem`.
    """
    return await keep(documents, read_folder(folder, root=root), mechanisms=mechanisms)


async def keep(
    documents: Documents, read: ReadDocuments, *, mechanisms: Collection[str] | None = None
) -> DocumentsChange:
    """Change the store by what was read. What is the same by content keeps its passages and vectors; of it only what
    front matter and git say is stored anew. `problem` of what is returned: why vectors are missing. Raises
    StorageError."""
    kept = await documents.kept()
    change = compare(kept, read, mechanisms=mechanisms)
    heads = {one.head.name: one.head for one in kept}
    new = [read.documents[name] for name in (*change.added, *change.changed)]
    again = [read.documents[name].head for name in change.unchanged]
    await documents.change(
        keep=new, drop=change.removed, restate=[head for head in again if head != heads.get(head.name)]
    )
    left, problem = await embed_all(documents)
    return replace(change, unembedded=left, problem=problem)


def compare(
    kept: Sequence[KeptDocument], read: ReadDocuments, *, mechanisms: Collection[str] | None = None
) -> DocumentsChange:
    """What `sync` would change. Pure."""
    before = {one.head.name: one.head.digest for one in kept}
    now = {name: one.head.digest for name, one in read.documents.items()}
    below = {name for name in before if any(name.startswith(f"{root}/") for root in read.roots)}
    return DocumentsChange(
        added=tuple(sorted(now.keys() - before.keys())),
        changed=tuple(sorted(name for name in now.keys() & before.keys() if now[name] != before[name])),
        removed=tuple(sorted(below - now.keys())),
        unchanged=tuple(sorted(name for name in now.keys() & before.keys() if now[name] == before[name])),
        notes=(*read.notes, *_unknown(read.documents.values(), mechanisms)),
    )


def read_folder(folder: Path, *, root: str | None = None) -> ReadDocuments:
    """Every document below a folder. Hidden files and folders are left out, links are not followed out of it."""
    if not folder.is_dir():
        raise BadInputError("there is no such folder", where=str(folder))
    known = committed(folder)
    root = _printable(root_of(folder) if root is None else root.strip("/") or "documents")
    found, notes = _files(folder)
    if not known.asked:
        notes.append(_NOT_ASKED.format(root))
    if len(found) > MOST_FILES:
        raise BadInputError(
            f"{len(found):,} documents are too many at once (at most {MOST_FILES:,})", where=str(folder),
            hint="add its folders one by one, or fewer of them",
        )  # fmt: skip
    documents: dict[str, Document] = {}
    wrong: list[str] = []
    for below in found:
        name = f"{root}/{below}"
        try:
            document = document_of(name, _bytes(folder / below, name))
        except BadInputError as error:
            wrong.append(str(error))
            continue
        if not document.passages:
            notes.append(f"{name}: left out, there is nothing to read in it")
            continue
        if (commit := known.files.get(below)) is not None:
            document = replace(document, head=replace(document.head, commit=commit.sha, changed_at=commit.at))
        documents[name] = document
    if wrong:
        more = f"; and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
        raise BadInputError("; ".join(wrong[:MOST_TOLD]) + more, hint="nothing was changed")
    return ReadDocuments(documents=documents, roots=(root,), notes=tuple(notes))


def root_of(folder: Path) -> str:
    """What the names of the documents below a folder begin with, also of one that is not there any more."""
    return prefix_of(folder) or folder.resolve().name or "documents"


def _printable(name: str) -> str:
    """`name`, which goes to the database, to prompts and terminals."""
    if not name.isprintable():
        raise BadInputError("the name cannot be printed", where=ascii(name), hint="rename it, or add it with --as NAME")
    return name


def read_paths(paths: Iterable[Path], *, root: str | None = None) -> ReadDocuments:
    """Folders, each whole, and single files."""
    documents: dict[str, Document] = {}
    roots: list[str] = []
    notes: list[str] = []
    for path in paths:
        one = read_folder(path, root=root) if path.is_dir() else _read_file(path, root)
        if twice := documents.keys() & one.documents.keys():
            raise BadInputError(f"{min(twice)} would stand for two files", hint="add one of them with --as NAME")
        documents |= one.documents
        roots += one.roots
        notes += one.notes
    return ReadDocuments(documents=documents, roots=tuple(roots), notes=tuple(notes))


def _read_file(path: Path, root: str | None) -> ReadDocuments:
    if path.suffix.lower() not in SUFFIXES:
        raise BadInputError(f"only {', '.join(sorted(SUFFIXES))} are read", where=str(path))
    known = committed(path.parent)
    name = _printable(f"{root if root is not None else known.prefix or ''}/{path.name}".strip("/"))
    document = document_of(name, _bytes(path, str(path)))
    if not document.passages:
        raise BadInputError("there is nothing to read in it", where=str(path))
    if (commit := known.files.get(path.name)) is not None:
        document = replace(document, head=replace(document.head, commit=commit.sha, changed_at=commit.at))
    return ReadDocuments(documents={name: document}, notes=() if known.asked else (_NOT_ASKED.format(name),))


async def remove(documents: Documents, names: Iterable[str]) -> tuple[str, ...]:
    """Documents by their names, or all below a folder's; the names that are gone. Raises NotFoundError."""
    there = [one.head.name for one in await documents.kept()]
    gone: list[str] = []
    for wanted in names:
        found = [name for name in there if name == wanted or name.startswith(f"{wanted.rstrip('/')}/")]
        if not found:
            raise NotFoundError(f"there is no document {wanted}", hint="compass knowledge documents list")
        gone += found
    await documents.change(drop=tuple(dict.fromkeys(gone)))
    return tuple(dict.fromkeys(gone))


async def embed_all(documents: Documents) -> tuple[int, str]:
    """Make every vector that is missing, or another embedder's: how many are missing still, and why."""
    left = before = -1
    try:
        while left != 0:
            left = await documents.embed(_EMBED)
            if left == before:  # somebody else adds as fast
                return left, ""
            before = left
    except EmbeddingError as error:
        return sum(one.passages - one.embedded for one in await documents.kept()), str(error)
    return 0, ""


def _files(folder: Path) -> tuple[list[str], list[str]]:
    found: list[str] = []
    notes: list[str] = []
    whole = folder.resolve()
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(at, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            below = path.relative_to(folder).as_posix()
            if not below.isprintable():
                notes.append(f"{below!a}: left out, its name cannot be printed")
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(whole):
                notes.append(f"{below}: left out, it is a link out of the folder")
                continue
            found.append(below)
    return found, notes


def _bytes(path: Path, name: str) -> bytes:
    """What is in it, and one byte more than there may be."""
    try:
        if not path.is_file():  # a pipe would be waited for
            raise BadInputError("there is no such file", where=name)
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInputError(f"it cannot be read: {error.strerror}", where=name) from error


def _unknown(documents: Iterable[Document], mechanisms: Collection[str] | None) -> list[str]:
    if mechanisms is None:
        return []
    said = ((one.head.name, key) for one in documents for key in one.head.scope.mechanisms if key not in mechanisms)
    return [f"{name}: no mechanism is called {key}: it will be found by its words" for name, key in said]
