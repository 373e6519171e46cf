"""The wire format of protobuf, for the few messages of Tempo's own that no package describes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field's number and value: numbers as unsigned integers, all else as bytes. Raises ValueError when cut."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == _BYTES:
            size, at = _varint(data, at)
            stop = at + size
            if stop > end:
                raise ValueError("a field is longer than its message")
            yield number, data[at:stop]
            at = stop
        elif kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        elif kind in (_FIXED64, _FIXED32):
            form, size = ("<Q", 8) if kind == _FIXED64 else ("<I", 4)
            if at + size > end:
                raise ValueError("a number is cut")
            yield number, int(struct.unpack_from(form, data, at)[0])
            at += size
        else:
            raise ValueError(f"wire type {kind} is not in use")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """(value, place after it)."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number is cut")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def text(value: int | bytes) -> str:
    """A string field. Raises ValueError for a number."""
    if isinstance(value, int):
        raise ValueError("a text was expected")
    return value.decode("utf-8", errors="replace")


def inner(value: int | bytes) -> bytes:
    """A message field. Raises ValueError for a number."""
    if isinstance(value, int):
        raise ValueError("a message was expected")
    return value


def number(value: int | bytes) -> int:
    """A number field. Raises ValueError for bytes."""
    if not isinstance(value, int):
        raise ValueError("a number was expected")
    return value
