"""Readers over untrusted JSON: every one answers with a value of the right type or with nothing, never an error."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

from compass.domain.time import from_rfc3339
from compass.tables.objects import Json

MAX_TEXT = 4000
MAX_MANIFEST = 500_000
MANIFEST = "kubectl.kubernetes.io/last-applied-configuration"
DESCRIBE = "compass/describe"
_EMPTY: Mapping[str, Json] = {}

# resource.Quantity of the Kubernetes API: decimal number and a binary (Ki) or decimal (k) suffix, or an exponent
_QUANTITY = re.compile(
    r"([+-]?\d{1,30}(?:\.\d{0,30})?|[+-]?\.\d{1,30})(?:[eE]([+-]?\d{1,2})|([numkMGTPE]|[KMGTPE]i))?\Z"
)
_SUFFIX = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def mapping(value: Json | Mapping[str, Json]) -> Mapping[str, Json]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else _EMPTY


def at(value: Json | Mapping[str, Json], *keys: str) -> Json:
    """The value below `keys`, or None where the path ends early."""
    found: Json | Mapping[str, Json] = value
    for key in keys:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found if not isinstance(found, Mapping) else dict(found)


def items(value: Json) -> Sequence[Mapping[str, Json]]:
    """The objects of a list; anything else is left out."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(value: Json) -> str:
    """The value when it is text, cut at MAX_TEXT, else the empty text."""
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def integer(value: Json) -> int | None:
    """A whole number, also when written as text; None for anything else (booleans included)."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value if abs(value) < 1 << 62 else None
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d{1,18}", value):
        return int(value)
    return None


def boolean(value: Json) -> bool | None:
    """True or False, also the API's condition texts "True" and "False"; None for anything else ("Unknown")."""
    if isinstance(value, bool):
        return value
    return {"True": True, "False": False}.get(value) if isinstance(value, str) else None


def strings(value: Json | Mapping[str, Json]) -> dict[str, str]:
    """The entries of an object whose values are text (labels, selectors, config data)."""
    return {key: entry[:MAX_TEXT] for key, entry in mapping(value).items() if isinstance(entry, str)}


def texts(value: Json) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(entry[:MAX_TEXT] for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()


def quantity(value: Json) -> float | None:
    """A Kubernetes resource quantity in its base unit (cores, bytes, count); None when it is not one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e30 and math.isfinite(value) else None
    match = _QUANTITY.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    return float(number) * (10.0 ** int(exponent) if exponent else _SUFFIX.get(suffix or "", 1.0))


def time_ns(value: Json) -> int | None:
    """Nanoseconds of an RFC 3339 time; None when it is not one or names no zone."""
    return from_rfc3339(value) if isinstance(value, str) else None


def manifest(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """What was last applied by hand or by a pipeline, where the object carries it; else empty."""
    written = at(body, "metadata", "annotations", MANIFEST)
    if not isinstance(written, str) or len(written) > MAX_MANIFEST:
        return _EMPTY
    try:
        parsed: Json = json.loads(written)
    except (ValueError, RecursionError):
        return _EMPTY
    return mapping(parsed)


def described(body: Mapping[str, Json]) -> str:
    """Text of a `describe` that came with the object, where its fields did not."""
    value = at(body, "metadata", "annotations", DESCRIBE)
    return value[:20_000] if isinstance(value, str) else ""


def spec_of(body: Mapping[str, Json]) -> Mapping[str, Json]:
    """The live spec; where it is absent, the declared one."""
    live = mapping(body.get("spec"))
    return live or mapping(manifest(body).get("spec"))
