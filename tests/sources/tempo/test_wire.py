"""The wire format: what protobuf writes is read, what is cut is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from compass.sources.tempo import wire


@given(st.integers(0, 2**64 - 1), st.text(), st.integers(0, 2**32 - 1))
def test_numbers_and_texts_are_read(nanos: int, name: str, flags: int) -> None:
    data = ProtoSpan(start_time_unix_nano=nanos, name=name, flags=flags, kind=3).SerializeToString()
    found = dict(wire.fields(data))
    assert found.get(7, 0) == nanos
    assert wire.text(found.get(5, b"")) == name
    assert found.get(16, 0) == flags
    assert found[6] == 3


@given(st.binary(max_size=60))
def test_anything_else_is_read_or_told(data: bytes) -> None:
    try:
        found = list(wire.fields(data))
    except ValueError:
        return
    assert len(found) <= len(data)


@pytest.mark.parametrize("data", [b"\x0a\x05ab", b"\x08", b"\x08\xff", b"\x09\x01", b"\x0b", b"\x08" + b"\xff" * 11])
def test_a_cut_message_is_no_message(data: bytes) -> None:
    with pytest.raises(ValueError):
        list(wire.fields(data))


def test_a_field_of_another_kind_is_told() -> None:
    for read, value in ((wire.text, 1), (wire.inner, 1), (wire.number, b"x")):
        with pytest.raises(ValueError, match="was expected"):
            read(value)  # type: ignore[operator]
