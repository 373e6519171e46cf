"""Reads the mechanism catalogue: the built-in YAML files, then a team's own, which override and extend them.

A file is `{family: ..., mechanisms: [...]}`. A pattern is written as one line of words,
`pool.exhausted | pool.timeouts at self weight 0.9` (`at` and `weight` may be left out), or as a mapping with
`signs`, `at` and `weight`. A team's entry whose id is known changes the fields it names and keeps the others;
`enabled: false` takes a mechanism out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from compass.domain.mechanism import Mechanism, Origin
from compass.mechanisms.parse import FIELDS, MAX_MECHANISMS, Where, mapping_of, parse_fields, text_of
from compass.ports.errors import BadInputError
from compass.untrusted.yaml import MAX_FILE_BYTES, YamlError, parse

_REQUIRED = ("claim", "family", "strikes", "owner", "requires")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Mechanisms in order of id. `sha256` names the files they were read from."""

    mechanisms: tuple[Mechanism, ...]
    origins: Mapping[str, Origin]
    sha256: str
    by_id: Mapping[str, Mechanism]

    def get(self, mechanism: str) -> Mechanism | None:
        """The mechanism of that id, or None: a chronicle may name one that a team has since removed."""
        return self.by_id.get(mechanism)

    def families(self) -> tuple[str, ...]:
        return tuple(sorted({m.family for m in self.mechanisms}))


def load_catalogue(extra: Sequence[Path] = ()) -> Catalogue:
    """The built-in catalogue, then each of `extra` (a YAML file, or a folder of them) in the order given.

    Raises BadInputError naming file, mechanism and field for anything that is not a valid catalogue.
    """
    layers = _built_in()
    for path in extra:
        layers = _with(layers, Origin.TEAM, _team_files(path))
    return _catalogue(layers.found, layers.origins, hashlib.sha256(layers.read).hexdigest())


def extended(catalogue: Catalogue, entries: Iterable[tuple[Where, Mapping[str, object]]]) -> Catalogue:
    """`catalogue` with a team's own entries over it, in the order given: the later of one id goes over the earlier.

    Raises FieldError naming what is wrong.
    """
    found, origins = dict(catalogue.by_id), dict(catalogue.origins)
    digest = hashlib.sha256(catalogue.sha256.encode())
    for where, entry in entries:
        here = replace(where, mechanism=text_of(entry.get("id"), where.at("id")))
        _add(here, entry, found, origins, Origin.TEAM, {})
        digest.update(json.dumps(entry, sort_keys=True).encode() + b"\0")
    return _catalogue(found, origins, digest.hexdigest())


def _catalogue(found: Mapping[str, Mechanism], origins: Mapping[str, Origin], sha256: str) -> Catalogue:
    ordered = tuple(found[key] for key in sorted(found))
    return Catalogue(
        mechanisms=ordered, origins=MappingProxyType(origins), sha256=sha256,
        by_id=MappingProxyType({m.id: m for m in ordered}),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layers:
    """What some files, one layer over another, came to; `read` is what stood in them."""

    found: Mapping[str, Mechanism]
    origins: Mapping[str, Origin]
    read: bytes


@cache
def _built_in() -> _Layers:
    """Read once a process: a package's files do not change under it, and to parse them takes a tenth of a second."""
    folder = resources.files("compass.mechanisms") / "catalogue"
    named = sorted((e for e in folder.iterdir() if e.name.endswith(".yaml")), key=lambda e: e.name)
    files = [(e.name, e.read_bytes()) for e in named]
    return _with(_Layers(found={}, origins={}, read=b""), Origin.BUILT_IN, files)


def _with(below: _Layers, origin: Origin, files: Iterable[tuple[str, bytes]]) -> _Layers:
    """One layer more. `below` stays as it is."""
    found, origins, read = dict(below.found), dict(below.origins), [below.read]
    seen: dict[str, str] = {}
    for name, data in files:
        read.append(name.encode() + b"\0" + data + b"\0")
        for where, entry in _entries(name, data, trusted=origin is Origin.BUILT_IN):
            _add(where, entry, found, origins, origin, seen)
    return _Layers(found=found, origins=origins, read=b"".join(read))


def _team_files(path: Path) -> list[tuple[str, bytes]]:
    try:
        folder = path.is_dir()
        paths = sorted(p for p in path.iterdir() if p.suffix in {".yaml", ".yml"}) if folder else [path]
        files = []
        for one in paths:
            with one.open("rb") as handle:
                files.append((one.name, handle.read(MAX_FILE_BYTES + 1)))
    except OSError as error:
        raise BadInputError(
            f"cannot be read: {error.strerror or error}", where=str(path), hint="give a YAML file or a folder of them"
        ) from error
    return files


def _entries(name: str, data: bytes, *, trusted: bool) -> Iterable[tuple[Where, Mapping[str, object]]]:
    """Every mechanism of one file, with the file's family filled in."""
    where = Where(file=name)
    document = mapping_of(_parse_yaml(name, data, trusted=trusted), where)
    unknown = sorted(set(document) - {"family", "mechanisms"})
    if unknown:
        raise where.at(unknown[0]).wrong("is not a field of a catalogue file", "use family and mechanisms")
    listed = document.get("mechanisms")
    if not isinstance(listed, list) or len(listed) > MAX_MECHANISMS:
        raise where.at("mechanisms").wrong(f"must be a list of at most {MAX_MECHANISMS}")
    family = document.get("family")
    for number, item in enumerate(listed, start=1):
        numbered = Where(file=name, mechanism=f"number {number}")
        entry = dict(mapping_of(item, numbered))
        here = Where(file=name, mechanism=text_of(entry.get("id"), numbered.at("id")))
        if family is not None:
            entry.setdefault("family", family)
        yield here, entry


def _parse_yaml(name: str, data: bytes, *, trusted: bool) -> object:
    where = Where(file=name)
    if len(data) > MAX_FILE_BYTES:
        raise where.wrong(f"is larger than {MAX_FILE_BYTES // 1024} KiB", "split the catalogue into several files")
    try:
        return parse(data, trusted=trusted)
    except YamlError as error:
        line = f", line {error.line}" if error.line else ""
        hint = error.hint or "see the built-in catalogue for examples"
        raise BadInputError(error.what, where=f"{name}{line}", hint=hint) from error


def _add(
    where: Where,
    entry: Mapping[str, object],
    found: dict[str, Mechanism],
    origins: dict[str, Origin],
    origin: Origin,
    seen: dict[str, str],
) -> None:
    """Put one entry into `found`, as a new mechanism or over the one a lower layer gave."""
    key = where.mechanism
    if key in seen:
        raise where.at("id").wrong(f"is used twice (first in {seen[key]})", "give each mechanism its own id")
    seen[key] = where.file
    unknown = sorted(set(entry) - FIELDS)
    if unknown:
        raise where.at(unknown[0]).wrong("is not a field of a mechanism", "one of " + ", ".join(sorted(FIELDS)))
    enabled = entry.get("enabled", True)
    if not isinstance(enabled, bool):
        raise where.at("enabled").wrong("must be true or false")
    base = found.get(key)
    if not enabled:
        found.pop(key, None)
        origins.pop(key, None)
        return
    fields = parse_fields(entry, where)
    if base is None:
        for name in _REQUIRED:
            if name not in entry:
                raise where.at(name).wrong("is missing")
        found[key] = Mechanism(**fields)
    else:
        found[key] = replace(base, **fields)
    origins[key] = origin
