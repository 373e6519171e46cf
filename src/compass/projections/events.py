"""Payloads of the chronicle as JSON and back: the only place that knows how events are written down.

The bytes are canonical (fields, mappings and sets sorted), so the same payload
gives the same digest whatever order it was built in. Old versions are upcast,
kinds and versions from a newer COMPASS are kept as they are.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from compass.domain.chronicle import KINDS, VERSION, Payload, Tombstone, UnknownPayload

if TYPE_CHECKING:
    import msgspec

Upcaster = Callable[[Mapping[str, object]], Mapping[str, object]]
Upcasters = Mapping[tuple[str, int], Upcaster]

UPCASTERS: Upcasters = MappingProxyType({})
"""(kind, version) → what turns that version into the next. A version without one did not change that kind."""


class PayloadError(ValueError):
    """A payload cannot be written down, or stored bytes are not what their kind says."""


def encode(payload: Payload | UnknownPayload | Tombstone) -> bytes:
    """Canonical JSON of a payload.

    NaN and infinity become null where the field may be empty. Raises PayloadError
    where it may not, and for values that JSON cannot hold: nothing is stored that
    could not be read again.
    """
    if isinstance(payload, UnknownPayload):
        return _dump(payload.data)
    data = _dump(payload)
    payload_type: type = type(payload)
    try:
        _decoder(payload_type).decode(data)
    except ValueError as error:
        raise PayloadError(f"{type(payload).__name__} cannot be stored: {error}") from error
    return data


def decode(
    kind: str, version: int, data: bytes, *, upcasters: Upcasters = UPCASTERS, current: int = VERSION
) -> Payload | UnknownPayload:
    """The payload that `data` holds; UnknownPayload for a kind or version newer than this COMPASS.

    Raises PayloadError when the bytes are not what the kind says.
    """
    payload_type = KINDS.get(kind)
    try:
        if payload_type is None or version > current:
            return UnknownPayload(data=_mapping(data))
        if version < current:
            data = _upcast(kind, version, data, upcasters, current)
        return _decoder(payload_type).decode(data)
    except ValueError as error:
        raise PayloadError(f"{kind} version {version} cannot be read: {error}") from error


def _upcast(kind: str, version: int, data: bytes, upcasters: Upcasters, current: int) -> bytes:
    steps = [upcasters[kind, old] for old in range(version, current) if (kind, old) in upcasters]
    if not steps:
        return data
    fields = _mapping(data)
    for step in steps:
        fields = step(fields)
    return _dump(fields)


def _mapping(data: bytes) -> Mapping[str, object]:
    import msgspec

    fields = msgspec.json.decode(data)
    if not isinstance(fields, dict):
        raise PayloadError("not a JSON object")
    return fields


def _dump(value: object) -> bytes:
    import msgspec

    try:
        try:
            return msgspec.json.encode(value, enc_hook=_plain, order="sorted")
        except UnicodeEncodeError:
            # A broken character in a log line must not end an investigation.
            builtins = msgspec.to_builtins(value, enc_hook=_plain)
            return msgspec.json.encode(_without_surrogates(builtins), order="sorted")
    except (TypeError, ValueError) as error:
        raise PayloadError(f"{type(value).__name__} cannot be stored: {error}") from error


def _plain(value: object) -> object:
    """What msgspec does not know by itself: other mappings, and the numbers of numpy."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    raise TypeError(f"a value of type {type(value).__name__} has no JSON form")


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


@cache
def _decoder(payload_type: type) -> msgspec.json.Decoder[Payload]:
    import msgspec

    return msgspec.json.Decoder(payload_type)
