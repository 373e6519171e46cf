"""YAML that somebody else wrote: bounded before anything is built from it, and located by line.

A small YAML file can do harm: aliases expand without bound, deep nesting overflows the C stack of whatever builds it,
a key that stands twice silently loses its first value, and a tag may ask for what its value
cannot be. All of that is refused here, for every reader.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

try:  # the C parser is ten times faster; it is absent where PyYAML was built without libyaml
    from yaml import CSafeLoader as Loader
except ImportError:  # pragma: no cover - depends on how PyYAML was built
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_FILE_BYTES = 512 * 1024
MAX_DEPTH = 16
_MERGE = "tag:yaml.org,2002:merge"


class YamlError(Exception):
    """What is wrong with a file as YAML, the line (from 1; 0: not known) and what would help."""

    def __init__(self, what: str, line: int = 0, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.line, self.hint = what, line, hint


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file. `line` counts from 1.

    `value` is what YAML makes of a scalar, `text` how it is written there (`08:30` stays `08:30`). A mapping has
    `fields` (key, line of the key, value) and a sequence `items`; of a scalar both are None.
    """

    line: int
    value: object = None
    text: str = ""
    fields: tuple[tuple[str, int, Node], ...] | None = None
    items: tuple[Node, ...] | None = None

    def get(self, key: str) -> Node | None:
        return next((node for name, _, node in self.fields or () if name == key), None)

    def plain(self) -> object:
        """The value as Python has it: dict, list, str, int, float, bool, date, None."""
        if self.fields is not None:
            return {key: node.plain() for key, _, node in self.fields}
        if self.items is not None:
            return [node.plain() for node in self.items]
        return self.value


def parse(data: bytes, *, trusted: bool) -> object:
    """The document as plain values. `trusted` files are not checked, which takes time. Raises YamlError."""
    try:
        if not trusted:
            check_shape(data)
        return yaml.load(data, Loader=Loader)
    except yaml.YAMLError as error:
        raise _of(error) from error
    except (ValueError, OverflowError, RecursionError) as error:  # a date that does not exist; nesting beyond reason
        raise YamlError("is not valid YAML") from error


def locate(data: bytes) -> Node | None:
    """The one document of an untrusted file with the lines of everything; None where there is nothing in it.

    Raises YamlError, also for keys that are no text or stand twice.
    """
    check_shape(data)
    loader = Loader(data)
    try:
        found = loader.get_single_node()
        return None if found is None else _node(loader, found)
    except yaml.YAMLError as error:
        raise _of(error) from error
    except RecursionError as error:  # pragma: no cover - the depth was checked
        raise YamlError("is not valid YAML") from error
    finally:
        loader.dispose()


def check_shape(data: bytes) -> None:
    """Refuse what a small file can do harm with (libyaml's events are read without recursion). Raises YamlError."""
    if len(data) > MAX_FILE_BYTES:
        raise YamlError(f"is larger than {MAX_FILE_BYTES // 1024} KiB", hint="split it into several files")
    depth = 0
    try:
        for event in yaml.parse(data, Loader=Loader):
            if getattr(event, "anchor", None) is not None:  # of aliases too
                raise YamlError("uses YAML anchors", _line(event), "write the values out")
            tag: str | None = getattr(event, "tag", None)
            if tag is not None:  # what a tag asks for fails in ways of its own
                raise YamlError(f"uses a YAML tag: {tag[:80]}", _line(event), "leave the tag out")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise YamlError(f"is nested more than {MAX_DEPTH} deep", _line(event))
    except yaml.YAMLError as error:
        raise _of(error) from error


def _node(loader: Loader, found: yaml.Node) -> Node:
    line = found.start_mark.line + 1
    if isinstance(found, yaml.SequenceNode):
        return Node(line, items=tuple(_node(loader, item) for item in found.value))
    if isinstance(found, yaml.MappingNode):
        fields: dict[str, tuple[str, int, Node]] = {}
        for key, value in found.value:
            at = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                raise YamlError("has a key that is no plain word", at, "write  key: value")
            if key.value in fields:
                raise YamlError(f"has {key.value[:80]!r} twice (first in line {fields[key.value][1]})", at, "keep one")
            fields[key.value] = key.value, at, _node(loader, value)
        return Node(line, fields=tuple(fields.values()))
    try:
        return Node(line, value=loader.construct_object(found), text=found.value)
    except (ValueError, OverflowError):  # a date that does not exist: as text it is somebody's to judge
        return Node(line, value=found.value, text=found.value)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 0


def _of(error: yaml.YAMLError) -> YamlError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "unreadable characters"
    return YamlError(f"is not valid YAML: {problem}", mark.line + 1 if mark is not None else 0)
