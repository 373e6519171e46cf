"""Reading files of changes: bounded, and every entry that is none named with its place.

The shape is that of `changes.jsonl` in a recording (docs/recording-format.md):
{"time", "kind", "service"?, "id"?, "summary"?, "diff"?, "attributes"?}.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import yaml

from compass.domain.time import Window
from compass.ports.errors import SourceRefusedError
from compass.redaction import bound, redact
from compass.sources.live.gathered import JsonObject
from compass.sources.recording.jsonfiles import time_of

LINES = (".jsonl", ".ndjson")
LISTS = (".json", ".yaml", ".yml")
MOST_FILES, MOST_BYTES, MOST_LINE = 200, 8_000_000, 1_000_000
MOST_JSON, MOST_YAML = 2_000_000, 200_000  # YAML is slow to read
MOST_DIFF, MOST_TEXT, MOST_NAME, MOST_ATTRIBUTES, MOST_TOLD = 20_000, 500, 200, 50, 5


class _Change(msgspec.Struct):
    time: str | int | float
    kind: str = "change"
    service: str | None = None
    id: str | int | None = None
    summary: str = ""
    diff: str | None = None
    attributes: dict[str, str | int | float | bool | None] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The changes of some files with their times, by place, and what was left out, in words."""

    found: Sequence[tuple[int, JsonObject]]
    missing: Sequence[str] = ()

    def inside(self, window: Window) -> list[JsonObject]:
        """Those of the window, oldest first."""
        kept = [(at_ns, number) for number, (at_ns, _) in enumerate(self.found)
                if window.start_ns <= at_ns <= window.end_ns]  # fmt: skip
        return [self.found[number][1] for _, number in sorted(kept)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    """One entry before it is understood: where it stands, and its JSON, or what is wrong with it."""

    where: str
    body: bytes = b""
    wrong: str = ""


def read(path: Path, since_ns: int) -> Entries:
    """All changes of a file, or of the files in a folder. Raises SourceRefusedError for what cannot be read at all.

    Of a long file of lines the end alone is read; that matters only when the end begins after `since_ns`.
    """
    files, missing = _files(path)
    found: list[tuple[int, JsonObject]] = []
    wrong: list[str] = []
    for file in files:
        first = len(found)
        entries, cut = _entries(file)
        for raw in entries:
            made = _change(raw)
            if isinstance(made, str):
                wrong.append(f"{raw.where} was left out: {made}")
            else:
                found.append(made)
        earliest = min((at_ns for at_ns, _ in found[first:]), default=None)
        if cut and (earliest is None or earliest > since_ns):
            missing.append(f"of {file.name}, only the last {MOST_BYTES / 1e6:g} MB were read: move older lines away")
    more = [f"… and {len(wrong) - MOST_TOLD} more entries were left out"] if len(wrong) > MOST_TOLD else []
    return Entries(found=found, missing=[*missing, *wrong[:MOST_TOLD], *more])


def _files(path: Path) -> tuple[list[Path], list[str]]:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return [path], []
        if not stat.S_ISDIR(mode):
            raise SourceRefusedError("it is neither a file nor a folder", where=str(path))
        every = sorted(one for one in path.iterdir() if one.suffix.lower() in (*LINES, *LISTS) and one.is_file())
    except OSError as error:
        raise SourceRefusedError(
            f"it cannot be read: {error.strerror}", where=str(path), hint="whatever records changes creates it"
        ) from error
    # By name, as dated files sort: the last are the newest.
    cut = [f"only the last {MOST_FILES} of {len(every)} files in {path.name} were read"]
    return every[-MOST_FILES:], cut if len(every) > MOST_FILES else []


def _entries(file: Path) -> tuple[Iterator[_Raw], bool]:
    """The entries of one file, and whether its beginning was left out."""
    suffix = file.suffix.lower()
    lists = suffix in LISTS
    most = MOST_JSON if suffix == ".json" else MOST_YAML if lists else MOST_BYTES
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            if lists and size > most:
                raise SourceRefusedError(
                    f"a list may have {most / 1e6:g} MB", where=str(file), hint="append lines to a .jsonl file instead"
                )
            opened.seek(max(0, size - most))
            content = opened.read(most)
    except OSError as error:
        raise SourceRefusedError(f"it cannot be read: {error.strerror}", where=str(file)) from error
    return (_of_list(file, content), False) if lists else _of_lines(file, content, size)


def _of_lines(file: Path, content: bytes, size: int) -> tuple[Iterator[_Raw], bool]:
    cut = size > len(content)
    lines = content.split(b"\n")
    # The line that the end begins in is not whole; places are told from the end then.
    numbered = [
        (number, line) for number, line in enumerate(lines, start=1) if line.strip() and not (cut and number == 1)
    ]
    last = len(lines)

    def entries() -> Iterator[_Raw]:
        for number, line in numbered:
            where = f"{file.name} line {number}" if not cut else f"{file.name} line {last - number + 1} from its end"
            if len(line) > MOST_LINE:
                yield _Raw(where=where, wrong=f"it is longer than {MOST_LINE / 1e6:g} MB")
            else:
                yield _Raw(where=where, body=line)

    return entries(), cut


def _of_list(file: Path, content: bytes) -> Iterator[_Raw]:
    """A list of changes, as JSON or YAML, or an object whose `changes` is one."""
    try:
        loaded: object = json.loads(content) if file.suffix.lower() == ".json" else _yaml(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise SourceRefusedError(f"it is not valid: {bound(said, 160)}", where=str(file)) from error
    listed = loaded.get("changes") if isinstance(loaded, dict) else loaded
    if not isinstance(listed, list):
        raise SourceRefusedError("it holds no list of changes", where=str(file))
    for number, one in enumerate(listed, start=1):
        where = f"{file.name} entry {number}"
        flat = _flat(one)
        if flat is None:
            yield _Raw(where=where, wrong="it is no object")
        else:
            yield _Raw(where=where, body=json.dumps(flat).encode())


def _yaml(content: bytes) -> object:
    """All scalars stay texts, times among them; nothing but texts, lists and mappings is made."""
    # Not the loader in C: it is fast, and ends the process on a text that is nested deeply enough.
    loaded: object = yaml.load(content, Loader=yaml.BaseLoader)  # noqa: S506 - see above
    return loaded


def _flat(one: object) -> dict[str, object] | None:
    """The fields that are read. Nothing deeper is written out: a YAML alias may repeat itself without end."""
    if not isinstance(one, dict):
        return None
    known = {field.encode_name for field in msgspec.structs.fields(_Change)}
    kept = {key: value for key, value in one.items() if key in known and not isinstance(value, dict | list)}
    attributes = one.get("attributes")
    if isinstance(attributes, dict):
        scalars = {str(k): v for k, v in attributes.items() if not isinstance(v, dict | list)}
        kept["attributes"] = scalars
    return kept


def _change(raw: _Raw) -> tuple[int, JsonObject] | str:
    """The change with its time, or what is wrong with it."""
    if raw.wrong:
        return raw.wrong
    try:
        one = msgspec.json.decode(raw.body, type=_Change)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return bound(redact(str(error)), 160)
    at_ns = time_of(one.time)
    if at_ns is None:
        return f"{bound(redact(str(one.time)), 40)!r} is no time (RFC 3339, or seconds since 1970)"
    body: JsonObject = {
        "time": one.time, "kind": _plain(one.kind, 40) or "change", "summary": _plain(one.summary, MOST_TEXT),
        "id": _plain(str(one.id), MOST_NAME) if one.id not in (None, "") else raw.where,
    }  # fmt: skip
    if one.service:
        body["service"] = _plain(one.service, MOST_NAME)
    if one.diff:
        body["diff"] = bound(redact(one.diff), MOST_DIFF)
    if one.attributes:
        pairs = [(name, value) for name, value in one.attributes.items() if value is not None][:MOST_ATTRIBUTES]
        body["attributes"] = {_plain(name, MOST_NAME): _attribute(name, value) for name, value in pairs}
    return at_ns, body


def _attribute(name: str, value: str | float | bool) -> str | int | float | bool:
    """A number or switch as it is; a text redacted together with its name, which may say that it is a secret."""
    if not isinstance(value, str):
        return value
    shown = redact(f"{name}={value}")
    return bound(shown[len(name) + 1 :] if shown.startswith(f"{name}=") else redact(value), MOST_TEXT)


def _plain(text: str, limit: int) -> str:
    return bound(redact(" ".join(text.split())), limit)
