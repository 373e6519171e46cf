"""Settings as TOML text (https://toml.io/en/v1.0.0): tables of plain values, so that `compass init` can write them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_NAMED = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_SPECIAL = re.compile(r'[\x00-\x1f\x7f"\\]')


def tables_text(above: str, tables: Mapping[str, Mapping[str, object]]) -> str:
    """A table `[above.NAME]` for each of `tables`. Raises ValueError for values that TOML has no form for."""
    return "\n".join(f"[{_key(above)}.{_key(name)}]\n{_lines(table)}" for name, table in tables.items())


def rest_text(others: Mapping[str, object]) -> str:
    """Whole tables (`[NAME]`) and lists of them (`[[NAME]]`) at the top. Raises ValueError for anything else."""
    parts = []
    for name, value in others.items():
        head = f"[[{_key(name)}]]" if isinstance(value, list) else f"[{_key(name)}]"
        tables = [table for table in (value if isinstance(value, list) else [value]) if isinstance(table, Mapping)]
        if not tables or (isinstance(value, list) and len(tables) < len(value)):
            raise ValueError(f"{name} holds no tables")
        parts += [f"\n{head}\n{_lines(table)}" for table in tables]
    return "".join(parts)


def _lines(table: Mapping[str, object]) -> str:
    return "".join(f"{_key(key)} = {value_text(value)}\n" for key, value in table.items())


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _string(text)


def _string(text: str) -> str:
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("a text holds half a character, which TOML cannot hold")
    return f'"{_SPECIAL.sub(lambda found: _NAMED.get(found[0], f"{chr(92)}u{ord(found[0]):04x}"), text)}"'


def value_text(value: object) -> str:
    """One value. Raises ValueError for what TOML has no form for."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int():
            return str(value)
        case float():
            return repr(value) if math.isfinite(value) else str(value)  # inf, -inf and nan are TOML's words, too
        case Mapping():
            inside = ", ".join(f"{_key(str(key))} = {value_text(one)}" for key, one in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case list() | tuple():
            return f"[{', '.join(value_text(one) for one in value)}]"
        case _:
            raise ValueError(f"TOML has no form for {type(value).__name__}")
