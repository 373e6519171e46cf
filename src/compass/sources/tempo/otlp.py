"""OTLP, protobuf and JSON, as spans of the recording format."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from compass.sources.live.gathered import Span
from compass.tables.objects import Json
from compass.tables.spans import KINDS

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue as ProtoValue
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue as ProtoPair
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans as ProtoResource
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

_STATUSES = ("unset", "ok", "error")  # by OTLP's number
_ID_LENGTHS = {"trace": 32, "span": 16}
_HEX = re.compile(r"[0-9a-fA-F]+")
_SERVICE, _THROWN = "service.name", "exception.type"


class Value(msgspec.Struct, rename="camel"):
    """OTLP's AnyValue in JSON. Whole numbers come as text, as protobuf's JSON has them."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    array_value: Values | None = None
    kvlist_value: Pairs | None = None
    bytes_value: str | None = None

    def plain(self) -> Json:
        """The value that is set, None where none is. Raises ValueError for a number that is none."""
        if self.string_value is not None:
            return self.string_value
        if self.int_value is not None:
            return int(self.int_value)
        if self.bool_value is not None:
            return self.bool_value
        if self.double_value is not None:
            return _double(float(self.double_value))
        if self.array_value is not None:
            return [value.plain() for value in self.array_value.values]
        if self.kvlist_value is not None:
            return plain(self.kvlist_value.values)
        return self.bytes_value


class Values(msgspec.Struct):
    values: list[Value] = []


class Pair(msgspec.Struct):
    """OTLP's KeyValue in JSON."""

    key: str = ""
    value: Value = msgspec.field(default_factory=Value)


class Pairs(msgspec.Struct):
    values: list[Pair] = []


class JsonResource(msgspec.Struct):
    attributes: list[Pair] = []


class JsonEvent(msgspec.Struct):
    attributes: list[Pair] = []


class JsonStatus(msgspec.Struct):
    code: int | str = 0


class JsonSpan(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    name: str = ""
    kind: int | str = 0
    start_time_unix_nano: int | str = 0
    end_time_unix_nano: int | str = 0
    attributes: list[Pair] = []
    events: list[JsonEvent] = []
    status: JsonStatus = msgspec.field(default_factory=JsonStatus)


class JsonScope(msgspec.Struct):
    spans: list[JsonSpan] = []


class JsonResourceSpans(msgspec.Struct, rename="camel"):
    resource: JsonResource = msgspec.field(default_factory=JsonResource)
    scope_spans: list[JsonScope] = []
    instrumentation_library_spans: list[JsonScope] = []  # before OTLP 0.19


class JsonTrace(msgspec.Struct, rename="camel"):
    """A trace. Tempo's first API calls `resourceSpans` `batches`."""

    resource_spans: list[JsonResourceSpans] = []
    batches: list[JsonResourceSpans] = []


def spans_of_json(trace: JsonTrace) -> list[Span]:
    """Raises ValueError for ids or numbers that are none."""
    found = []
    for one in (*trace.resource_spans, *trace.batches):
        resource = plain(one.resource.attributes)
        for scope in (*one.scope_spans, *one.instrumentation_library_spans):
            for span in scope.spans:
                start = int(span.start_time_unix_nano)
                attributes = _with_thrown(plain(span.attributes), (plain(event.attributes) for event in span.events))
                found.append(Span(
                    trace_id=hexadecimal(span.trace_id, "trace"), span_id=hexadecimal(span.span_id, "span"),
                    parent_span_id=parent_of(hexadecimal(span.parent_span_id, "span")), service=service_of(resource),
                    name=span.name, kind=kind_of(span.kind), start_ns=start,
                    duration_ns=int(span.end_time_unix_nano) - start, status=status_of(span.status.code),
                    resource=resource, attributes=attributes,
                ))  # fmt: skip
    return found


def spans_of_proto(parts: Iterable[ProtoResource]) -> list[Span]:
    """The ResourceSpans of one or more traces."""
    found = []
    for one in parts:
        resource = plain_proto(one.resource.attributes)
        for scope in one.scope_spans:
            found += [_of_proto(span, resource) for span in scope.spans]
    return found


def _of_proto(span: ProtoSpan, resource: Mapping[str, Json]) -> Span:
    thrown = (plain_proto(event.attributes) for event in span.events)
    return Span(
        trace_id=span.trace_id.hex().rjust(32, "0"), span_id=span.span_id.hex().rjust(16, "0"),
        parent_span_id=parent_of(span.parent_span_id.hex()), service=service_of(resource), name=span.name,
        kind=kind_of(span.kind), start_ns=span.start_time_unix_nano,
        duration_ns=span.end_time_unix_nano - span.start_time_unix_nano, status=status_of(span.status.code),
        resource=resource, attributes=_with_thrown(plain_proto(span.attributes), thrown),
    )  # fmt: skip


def plain(pairs: Sequence[Pair]) -> dict[str, Json]:
    return {pair.key: pair.value.plain() for pair in pairs}


def plain_proto(pairs: Iterable[ProtoPair]) -> dict[str, Json]:
    return {pair.key: plain_value(pair.value) for pair in pairs}


def plain_value(value: ProtoValue) -> Json:
    """The value as the recording format has it: bytes in base64, what is not finite in words, None where nothing is
    set."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "int_value":
        return value.int_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "double_value":
        return _double(value.double_value)
    if kind == "array_value":
        return [plain_value(one) for one in value.array_value.values]
    if kind == "kvlist_value":
        return plain_proto(value.kvlist_value.values)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode("ascii")
    return None


def _double(value: float) -> Json:
    """JSON has no words for what is not finite."""
    return value if abs(value) < float("inf") else str(value)


def _with_thrown(attributes: dict[str, Json], events: Iterable[Mapping[str, Json]]) -> dict[str, Json]:
    """With the type of the exception that an event records, where the span does not say it itself."""
    if _THROWN not in attributes:
        for event in events:
            if _THROWN in event:
                attributes[_THROWN] = event[_THROWN]
                break
    return attributes


def hexadecimal(text: str, what: str) -> str:
    """An id in lower-case hexadecimal, from that or from base64 (which protobuf's JSON has): their lengths differ.

    Tempo leaves out leading zeros of trace ids. Raises ValueError for anything else.
    """
    most = _ID_LENGTHS[what]
    if not text:
        return ""
    # 16 bytes are 24 characters of base64, 8 bytes are 12, with their padding.
    if text.endswith("=") and len(text) * 3 // 4 - text.count("=") == most // 2:
        try:
            return base64.b64decode(text, validate=True).hex()
        except binascii.Error as error:
            raise ValueError(f"{text!r} is no id of a {what}") from error
    if len(text) > most or not _HEX.fullmatch(text):
        raise ValueError(f"{text!r} is no id of a {what}")
    return text.lower().rjust(most, "0")


def parent_of(text: str) -> str:
    """The parent's id; "" for zeros, which mean none."""
    return text.rjust(16, "0") if text.strip("0") else ""


def kind_of(kind: int | str) -> str:
    """As KINDS, from OTLP's number or word; "" where it is not specified."""
    if isinstance(kind, int):
        return KINDS[kind] if 0 < kind < len(KINDS) else ""
    word = kind.lower().removeprefix("span_kind_")
    return word if word in KINDS[1:] else ""


def status_of(code: int | str) -> str:
    """ok, error or unset, from OTLP's number or word."""
    if isinstance(code, int):
        return _STATUSES[code] if 0 <= code < len(_STATUSES) else "unset"
    word = code.lower().removeprefix("status_code_")
    return word if word in _STATUSES else "unset"


def service_of(resource: Mapping[str, Json]) -> str:
    found = resource.get(_SERVICE)
    return found if isinstance(found, str) else ""
