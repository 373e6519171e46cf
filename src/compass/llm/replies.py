"""From what a model wrote to the typed reply: JSON found in it, every string through the gate, every list bounded.

What real models do decides what is forgiven (measured with a model of 1.5 billion parameters, and seen in the issue
trackers of the clients): fences and a sentence around the JSON, a list where an object holds just that list, null for
"nothing", one string where a list is asked for, a number for a string, extra fields. What is missing or of another
kind is not guessed: an entry of a list that does not fit is dropped and counted; when nothing fits, there is no reply.
"""

from __future__ import annotations

import itertools
import json
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, Generic, TypeVar

from compass.domain import advice as said
from compass.llm import wording
from compass.redaction import bound

T = TypeVar("T")
Gate = Callable[[str], str]
Json = Any  # what json.loads gives

MAX_REPLY = 60_000  # characters of a reply that are looked at
MAX_STORED = 20_000
_STARTS = 20  # places where the JSON may begin that are tried
TEXT = 600  # characters of a text, unless `_LONG` says otherwise
_LONG = {"claim": 200, "unit": 40, "worse": 20, "since": 60, "section": 100, "meaning": 100, "mechanism": 100}
_ID = 300
_MANY = {
    "theories": 8, "plans": 8, "changes": 40, "names": 60, "sentences": 40, "paragraphs": 20, "cites": 12, "tests": 5,
}  # fmt: skip
MANY = 12  # entries of a list, unless `_MANY` says otherwise
IDS = frozenset({"entity", "cites", "plans", "change", "id", "tests", "section", "mechanism", "since"})
"""Fields that hold what the prompt gave, to be given back as it is: the names behind placeholders are put back here."""
_MARKED = re.compile(r"\[(?!(?:ip|email|name|redacted):)([^\[\]]+)\]")  # [E7] as the prompt marks it; no placeholder
_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.{0,60000}?</\1>", re.DOTALL | re.IGNORECASE)


class MisfitError(ValueError):
    """What was written is not the asked-for type. The message names the field and never quotes the reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed(Generic[T]):
    """`stored` is the JSON as it is kept, after the gate; `dropped` counts entries that did not fit or blamed."""

    value: T
    stored: str
    dropped: int


def parse(text: str, kind: type[T], gate: Gate, unmask: Gate) -> Parsed[T]:
    """The reply in `text`. Raises MisfitError."""
    tree = _gated(_json_in(text), gate)
    reader = _Reader()
    value = reader.whole(tree, kind)
    stored = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    if len(stored) > MAX_STORED:
        stored = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    return Parsed(value=_revealed(value, unmask), stored=stored, dropped=reader.dropped)


def stored_text(text: str, gate: Gate) -> str:
    """A reply that could not be read, as it is kept."""
    return bound(gate(bound(text, 2_000)), 2_000)


def as_json(value: object) -> str:
    """A typed reply as a model would write it."""
    return json.dumps(_plain(value), ensure_ascii=False)


# --- what is asked for --------------------------------------------------------------------------------------------


@cache
def schema(kind: type) -> Mapping[str, Json]:
    """JSON schema of a reply, without references, every field required: what strict structured output accepts."""
    return _object(kind)


def shape(kind: type) -> str:
    """The reply's fields as one line for the prompt, about a tenth of what its schema takes: JSON but for "null or"."""
    return _example(kind)


def _object(kind: type) -> dict[str, Json]:
    hints = typing.get_type_hints(kind)
    properties = {field.name: _schema_of(hints[field.name], field.name) for field in fields(kind)}
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _schema_of(hint: Any, name: str) -> dict[str, Json]:
    optional, inner = _without_none(hint)
    if optional:
        return {"anyOf": [_schema_of(inner, name), {"type": "null"}]}
    if is_dataclass(inner):
        return _object(typing.cast(type, inner))
    if typing.get_origin(inner) is tuple:
        return {
            "type": "array",
            "items": _schema_of(typing.get_args(inner)[0], name),
            "maxItems": _MANY.get(name, MANY),
        }
    return {"type": "boolean"} if inner is bool else {"type": "string"}


def _example(hint: Any) -> str:
    optional, inner = _without_none(hint)
    if is_dataclass(inner):
        hints = typing.get_type_hints(inner)
        made = ", ".join(f'"{field.name}": {_example(hints[field.name])}' for field in fields(inner))
        return f"null or {{{made}}}" if optional else f"{{{made}}}"
    if typing.get_origin(inner) is tuple:
        return f"[{_example(typing.get_args(inner)[0])}]"
    return "true" if inner is bool else '"…"'


def _without_none(hint: Any) -> tuple[bool, Any]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (inner,) = (part for part in typing.get_args(hint) if part is not type(None))
        return True, inner
    return False, hint


# --- what was written ---------------------------------------------------------------------------------------------


def _json_in(text: str) -> Json:
    """The first JSON object or list in `text`."""
    text = _THOUGHTS.sub("", text[:MAX_REPLY]).lstrip("\ufeff \t\r\n")
    decoder = json.JSONDecoder(strict=False)
    for found in itertools.islice(re.finditer(r"[{\[]", text), _STARTS):
        try:
            tree, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(tree, dict) or (tree and all(isinstance(item, dict | str) for item in tree)):
            return tree
        if not tree and not text[found.end() :].strip("] \t\r\n`"):
            return tree  # nothing but an empty list
    raise MisfitError("there is no complete JSON object in it")


def _gated(tree: Json, gate: Gate, depth: int = 0) -> Json:
    """Every string through the gate, printable and bounded."""
    if depth > 12:
        raise MisfitError("it is nested too deeply")
    if isinstance(tree, str):
        return bound(gate(bound(tree, 4_000)), 4_000)
    if isinstance(tree, list):
        return [_gated(item, gate, depth + 1) for item in tree[:200]]
    if isinstance(tree, dict):
        return {bound(str(key), 80): _gated(item, gate, depth + 1) for key, item in list(tree.items())[:200]}
    return tree


class _Reader:
    def __init__(self) -> None:
        self.dropped = 0

    def whole(self, tree: Json, kind: type[T]) -> T:
        if isinstance(tree, list):
            tree = {_only_list(kind): tree}
        if isinstance(tree, dict):
            tree = _unwrapped(tree, kind)
        return self._made(tree, kind, "reply")

    def _made(self, tree: Json, kind: type[T], at: str) -> T:
        if not isinstance(tree, dict):
            raise MisfitError(f"{at}: an object is asked for")
        hints = typing.get_type_hints(kind)
        given: dict[str, object] = {}
        for field in fields(typing.cast(Any, kind)):
            value = tree.get(field.name)
            if value is None:
                if _needed(field):
                    raise MisfitError(f"{at}: {field.name} is missing")
                continue
            given[field.name] = self._value(value, hints[field.name], field.name, f"{at}.{field.name}")
        return kind(**given)

    def _value(self, value: Json, hint: Any, name: str, at: str) -> object:
        _, inner = _without_none(hint)
        if is_dataclass(inner):
            return self._made(value, typing.cast(type, inner), at)
        if typing.get_origin(inner) is tuple:
            return self._list(value, typing.get_args(inner)[0], name, at)
        return _truth(value, at) if inner is bool else _text(value, name, at)

    def _list(self, value: Json, hint: Any, name: str, at: str) -> tuple[object, ...]:
        items = value if isinstance(value, list) else [value] if value not in ("", {}) else []
        kept: list[object] = []
        wrong: MisfitError | None = None
        most = _MANY.get(name, MANY)
        for item in items:
            if item is None or item == "":
                continue
            try:
                made = self._value(item, hint, name, f"{at}[]")
            except MisfitError as error:
                wrong = error
                self.dropped += 1
                continue
            if len(kept) == most or (isinstance(made, said.Sentence) and wording.blames(made.text)):
                self.dropped += 1
            elif made not in kept:
                kept.append(made)
        if wrong is not None and not kept:
            raise wrong
        return tuple(kept)


def _needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _only_list(kind: type) -> str:
    lists = [name for name, hint in typing.get_type_hints(kind).items() if typing.get_origin(hint) is tuple]
    if not lists:
        raise MisfitError("an object is asked for")
    return lists[0]


def _unwrapped(tree: dict[str, Json], kind: type) -> Json:
    """Some models put the object under a name of their own, such as that of the type or the function."""
    names = {field.name for field in fields(kind)}
    if names & tree.keys() or not tree:
        return tree
    inner = [value for value in tree.values() if isinstance(value, dict) and names & value.keys()]
    if len(inner) == 1:
        return inner[0]
    raise MisfitError(f"none of the fields {', '.join(sorted(names))} is in it")


def _truth(value: Json, at: str) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("true", "yes"):
        return True
    if word in ("false", "no"):
        return False
    raise MisfitError(f"{at}: true or false is asked for")


def _text(value: Json, name: str, at: str) -> str:
    if isinstance(value, dict) and name in IDS and isinstance(value.get("id"), str):
        value = value["id"]  # the fact itself, where its id is asked for
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise MisfitError(f"{at}: a text is asked for")
    text = str(value).strip()
    if name in IDS:
        text = text.strip("`")
        marked = _MARKED.fullmatch(text)
        return bound(marked[1] if marked else text, _ID)
    return bound(wording.modest(text), _LONG.get(name, TEXT))


def _revealed(value: T, unmask: Gate) -> T:
    """The names behind placeholders put back, in ids only."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed: dict[str, object] = {}
    for field in fields(value):
        inner = getattr(value, field.name)
        if isinstance(inner, str) and field.name in IDS:
            changed[field.name] = unmask(inner)
        elif isinstance(inner, tuple):
            known = field.name in IDS
            changed[field.name] = tuple(
                unmask(item) if known and isinstance(item, str) else _revealed(item, unmask) for item in inner
            )
        elif is_dataclass(inner):
            changed[field.name] = _revealed(inner, unmask)
    return replace(value, **changed) if changed else value


def _plain(value: object) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
