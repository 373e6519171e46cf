"""The files of a team's folder, read without trusting them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from compass.domain.team import Written
from compass.ports.errors import BadInputError
from compass.redaction import bound
from compass.redaction.gate import replace_secrets
from compass.team.problems import Problems
from compass.untrusted.yaml import MAX_FILE_BYTES, Node, YamlError, locate

DOCUMENTS = "documents"
"""The folder within the folder that holds runbooks and notes, which are no entries."""
MAX_FILES = 200
MAX_BYTES = 2 * 1024 * 1024
"""Of all files together: what is validated in CI has to be validated in seconds."""
ENDS = (".yaml", ".yml")
NOTES = (".md", ".markdown")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file as it is written: `path` within the folder, with `/` between its parts."""

    path: str
    root: Node


def read_folder(folder: Path, problems: Problems) -> tuple[File, ...]:
    """Every YAML file at any depth, in order of their paths. Raises BadInputError where there is no such folder."""
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise BadInputError(what, where=str(folder), hint="compass knowledge init writes one with an example")
    files, size = [], 0
    for number, path in enumerate(_paths(folder, problems)):
        name = path.relative_to(folder).as_posix()
        at = Written(path=name, line=0)
        if bound(name, len(name) + 2) != name:
            problems.add(Written(path=bound(name), line=0), "its name holds control characters", "rename it")
            continue
        if number == MAX_FILES:
            problems.add(at, f"there are more than {MAX_FILES} files", "put more into each")
            break
        try:
            with path.open("rb") as handle:
                data = handle.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            problems.add(at, f"cannot be read: {error.strerror or error}")
            continue
        size += len(data)
        if size > MAX_BYTES:
            problems.add(at, f"the files are larger than {MAX_BYTES // 1024**2} MiB together", "keep what matters")
            break
        root = _located(name, data, problems)
        if root is not None:
            files.append(File(path=name, root=root))
    return tuple(files)


def _paths(folder: Path, problems: Problems) -> Iterator[Path]:
    """In order; hidden files and folders are not looked at (.git, .github), and links are not followed."""
    found: list[Path] = []
    for place, below, names in os.walk(folder, onerror=lambda error: _unreadable(folder, error, problems)):
        top = Path(place) == folder
        below[:] = sorted(name for name in below if not name.startswith(".") and not (top and name == DOCUMENTS))
        for name in names:
            path = Path(place) / name
            if name.lower().endswith(NOTES) and not name.lower().startswith((".", "readme")):
                at = Written(path=bound(path.relative_to(folder).as_posix()), line=0)
                problems.warn(at, "is not read: it is no entry", f"runbooks and notes belong below {DOCUMENTS}/")
            if name.startswith(".") or not name.lower().endswith(ENDS):
                continue
            if path.is_symlink() or not path.is_file():
                at = Written(path=bound(path.relative_to(folder).as_posix()), line=0)
                problems.warn(at, "is not read: it is no file of its own", "links are not followed")
                continue
            found.append(path)
    yield from sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _unreadable(folder: Path, error: OSError, problems: Problems) -> None:
    name = Path(os.fsdecode(error.filename or folder))
    path = name.relative_to(folder).as_posix() if name.is_relative_to(folder) else str(name)
    problems.add(Written(path=bound(path), line=0), f"cannot be read: {error.strerror or error}")


def _located(name: str, data: bytes, problems: Problems) -> Node | None:
    """The file's values, where nothing about it forbids reading them."""
    try:
        root = locate(data)
    except YamlError as error:
        hint = error.hint or "compass knowledge init FOLDER shows how a file looks"
        problems.add(Written(path=name, line=error.line), error.what, hint)
        return None
    before = problems.errors
    _refuse_secrets(name, data.decode("utf-8", "replace"), root, problems)
    if root is not None:
        _refuse_control(name, root, problems)
    return root if problems.errors == before else None


def _refuse_secrets(name: str, text: str, root: Node | None, problems: Problems) -> None:
    """By line, in the file as it is written (comments are in git, too) and in what YAML makes of it: a text may be
    folded over lines. What it is is said, never what it holds."""
    found: dict[int, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if what := _secret(line):
            found.setdefault(number, what)
    for node in _scalars(root) if root is not None else ():
        if what := _secret(node.text):
            found.setdefault(node.line, what)
    for number, what in sorted(found.items()):
        problems.add(
            Written(path=name, line=number), f"this looks like a secret ({what})",
            "take it out, and renew it if it was one (none: write * for the value); the file was not read further",
        )  # fmt: skip


def _secret(text: str) -> str:
    """What kind of secret stands in a text, or "". Stars stand for anything, and hide nothing."""
    kinds: list[str] = []

    def say(what: str, thing: str) -> str:
        if thing.strip("*.\"' "):
            kinds.append(what)
        return f"[redacted:{what}]"

    replace_secrets(text, say)
    return kinds[0] if kinds else ""


def _refuse_control(name: str, root: Node, problems: Problems) -> None:
    for node in _scalars(root):
        if bound(node.text, len(node.text) + 2) != node.text:
            problems.add(
                Written(path=name, line=node.line), "holds control or invisible characters", "take them out"
            )  # fmt: skip


def _scalars(node: Node) -> Iterator[Node]:
    """Keys, too: they are shown."""
    if node.fields is not None:
        for key, line, below in node.fields:
            yield Node(line, value=key, text=key)
            yield from _scalars(below)
    elif node.items is not None:
        for below in node.items:
            yield from _scalars(below)
    else:
        yield node
