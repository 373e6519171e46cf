"""Which mechanisms count as right for a fault type: a labelled set's own words against ids of the catalogue.

The comparison table is data (`labels.yaml`): one line a fault type, by meaning, and at most two mechanisms, so that a
label cannot be made easy by listing everything near it. A team's file of the same form goes over it line by line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import yaml

from compass.ports.errors import BadInputError

LABELS_FILE = "labels.yaml"
MOST_MECHANISMS = 2
MAX_FILE_BYTES = 512 * 1024
_EXAMPLE = "write one line a fault type, as in `slow_query: [slow_statement]`"

Labels = Mapping[str, tuple[str, ...]]


def load_labels(known: Collection[str], extra: Path | None = None) -> Labels:
    """Fault type → ids of the mechanisms that count as right for it, one or two of `known`.

    `extra` is a team's file: its lines replace built-in ones of the same fault type; an empty list says that only the
    entity is scored, as for a fault type that is absent. A mechanism's own id means that mechanism, where no line says
    otherwise. Raises BadInputError naming file and line.
    """
    built_in = resources.files("compass.evaluation") / LABELS_FILE
    # The word of a team that labels its own incidents (`compass resolve --truth`) is the mechanism's id itself.
    labels: dict[str, tuple[str, ...]] = {mechanism: (mechanism,) for mechanism in known}
    labels.update(_parse(LABELS_FILE, built_in.read_bytes(), known))
    if extra is not None:
        labels.update(_parse(str(extra), _read(extra), known))
    return MappingProxyType({fault_type: ids for fault_type, ids in labels.items() if ids})


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            data = handle.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror or error}", where=str(path), hint=_EXAMPLE) from error
    if len(data) > MAX_FILE_BYTES:
        raise BadInputError(f"is larger than {MAX_FILE_BYTES // 1024} KiB", where=str(path), hint=_EXAMPLE)
    return data


def _parse(name: str, data: bytes, known: Collection[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    document = _compose(name, data)
    if document is None:
        return
    if not isinstance(document, yaml.MappingNode):
        raise _wrong(name, document, "must be a mapping from fault types to mechanism ids", _EXAMPLE)
    seen: dict[str, int] = {}
    for key, value in document.value:
        fault_type = _word(name, key, "a fault type")
        if fault_type in seen:
            hint = f"line {seen[fault_type]} has it too: keep one of them"
            raise _wrong(name, key, f"{fault_type!r} is there twice", hint)
        seen[fault_type] = _line(key)
        yield fault_type, _mechanisms(name, fault_type, value, known)


def _compose(name: str, data: bytes) -> yaml.Node | None:
    """The document as nodes, which know their lines. They are never built into objects, so aliases cannot expand."""
    try:
        return yaml.compose(data, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}, line {mark.line + 1}" if mark is not None else name
        what = f"is not valid YAML: {getattr(error, 'problem', None) or 'unreadable characters'}"
        raise BadInputError(what, where=where, hint=_EXAMPLE) from error
    except RecursionError as error:
        raise BadInputError("is nested too deep", where=name, hint=_EXAMPLE) from error


def _mechanisms(name: str, fault_type: str, node: yaml.Node, known: Collection[str]) -> tuple[str, ...]:
    if not isinstance(node, yaml.SequenceNode):
        raise _wrong(name, node, f"{fault_type!r} must have a list of mechanism ids", _EXAMPLE)
    found: list[str] = []
    for item in node.value:
        mechanism = _word(name, item, f"a mechanism id of {fault_type!r}")
        if mechanism not in known:
            what = f"{fault_type!r} names {mechanism!r}, which is not in the mechanism catalogue"
            raise _wrong(name, item, what, "use ids of the catalogue, the team's own included")
        if mechanism in found:
            raise _wrong(name, item, f"{fault_type!r} names {mechanism!r} twice", "name it once")
        found.append(mechanism)
    if len(found) > MOST_MECHANISMS:
        what = f"{fault_type!r} names {len(found)} mechanisms, and at most {MOST_MECHANISMS} may count as right"
        raise _wrong(name, node, what, "keep the ones that mean the same")
    return tuple(found)


def _word(name: str, node: yaml.Node, what: str) -> str:
    if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
        raise _wrong(name, node, f"{what} must be a word", _EXAMPLE)
    return str(node.value).strip()


def _wrong(name: str, node: yaml.Node, what: str, hint: str) -> BadInputError:
    return BadInputError(what, where=f"{name}, line {_line(node)}", hint=hint)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
