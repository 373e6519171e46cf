"""The calls that a team writes down for its servers: `[[sources.NAME.ask]]`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from compass.ports.errors import ConfigurationError
from compass.ports.tools import PLACEHOLDERS, Ask
from compass.sources.mcp.tools import Tool
from compass.tables.objects import Json

MOST_ASKS = 12
_BRACES = re.compile(r"\{(\w+)\}")


class AskOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One call. `specialist`: a name or a list of them; none: everybody."""

    tool: str
    specialist: str | list[str] = ""
    arguments: dict[str, object] = {}


def asks_of(
    name: str, options: Sequence[AskOptions], tools: Collection[str], read_only: Collection[str],
    specialists: Collection[str] | None,
) -> tuple[Ask, ...]:  # fmt: skip
    """The calls of one server. `specialists`: those there are (None: not checked). Raises ConfigurationError."""
    where = f"compass.toml: sources.{name}.ask"
    if len(options) > MOST_ASKS:
        raise ConfigurationError(f"{len(options)} calls are more than {MOST_ASKS}", where=where)
    return tuple(
        _ask(name, one, f"{where}[{number}]", tools, read_only, specialists) for number, one in enumerate(options)
    )


def _ask(
    name: str, one: AskOptions, where: str, tools: Collection[str], read_only: Collection[str],
    specialists: Collection[str] | None,
) -> Ask:  # fmt: skip
    example = f'tools = ["{one.tool}"], read_only = ["{one.tool}"] in [sources.{name}]'
    if one.tool not in tools:
        raise ConfigurationError(f"its tool {one.tool!r} is not among tools", where=f"{where}.tool", hint=example)
    if one.tool not in read_only:
        raise ConfigurationError(
            f"its tool {one.tool!r} is not marked as reading only, and what is asked in every investigation has to be",
            where=f"{where}.tool", hint=f"where you know that it only reads: {example}",
        )  # fmt: skip
    wanted = [one.specialist] if isinstance(one.specialist, str) else one.specialist
    named = tuple(dict.fromkeys(who for who in wanted if who))
    unknown = [] if specialists is None else sorted({*named} - {*specialists})
    if unknown and specialists is not None:
        raise ConfigurationError(
            f"there is no specialist {unknown[0]!r}", where=f"{where}.specialist",
            hint=f'{", ".join(sorted(specialists))}; specialist = ["application", "change"] names several',
        )  # fmt: skip
    arguments = {key: _json(value, f"{where}.arguments.{key}") for key, value in one.arguments.items()}
    for key, value in arguments.items():
        for text in _texts(value):
            _known(text, f"{where}.arguments.{key}")
    return Ask(source=name, tool=one.tool, arguments=arguments, specialists=named)


def _json(value: object, where: str) -> Json:
    """The value as it can be sent. Raises ConfigurationError for what TOML has and JSON has not."""
    match value:
        case str() | bool() | int():
            return value
        case float() if value == value and abs(value) != float("inf"):
            return value
        case list():
            return [_json(one, where) for one in value]
        case dict():
            return {str(key): _json(one, where) for key, one in value.items()}
    raise ConfigurationError(
        f"a {type(value).__name__} cannot be sent", where=where,
        hint='texts, numbers, true, false, lists and tables can: { service = "{service}", from = "{from}", limit = 5 }',
    )  # fmt: skip


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _known(text: str, where: str) -> None:
    for word in _BRACES.findall(text):
        if word not in PLACEHOLDERS:
            known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            raise ConfigurationError(
                f"nothing is known by the name of {{{word}}}", where=where,
                hint=f'known: {known}; service = "{{service}}"',
            )  # fmt: skip


class _Schema(msgspec.Struct):
    """What of a JSON schema of arguments is looked at. https://json-schema.org/draft/2020-12"""

    properties: dict[str, object] = {}
    required: list[str] = []
    additionalProperties: object = None  # noqa: N815  # as the schema spells it


def misfits(asks: Sequence[Ask], there: Mapping[str, Tool]) -> tuple[str, ...]:
    """What in the calls does not fit what the tools say they want to be given, in words."""
    found = []
    for one in asks:
        tool = there.get(one.tool)
        if tool is None or not tool.schema:
            continue
        try:
            schema = msgspec.json.decode(tool.schema, type=_Schema)
        except msgspec.DecodeError:
            continue  # a schema of another sort: the tool will say what it lacks
        lacking = [name for name in schema.required if name not in one.arguments]
        strange = [name for name in one.arguments if schema.properties and name not in schema.properties]
        if lacking:
            found.append(f"{one.tool} is asked without {', '.join(lacking)}, which it requires")
        if strange:
            knows = ", ".join(schema.properties)
            found.append(f"{one.tool} is asked with {', '.join(strange)}, which it does not know: it knows {knows}")
    return tuple(dict.fromkeys(found))
