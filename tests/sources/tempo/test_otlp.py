"""OTLP: JSON and protobuf are the same spans; ids, kinds and statuses in every spelling."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from compass.sources.live.gathered import Span
from compass.sources.tempo.otlp import (
    JsonTrace,
    hexadecimal,
    kind_of,
    parent_of,
    plain_value,
    spans_of_json,
    spans_of_proto,
    status_of,
)
from tests.support.load_tempo import encoded, pairs_of, proto_of, value_of

SPAN = Span(
    trace_id="00000000000000000123456789abcdef", span_id="0000000000000abc", parent_span_id="00000000000000ff",
    service="web", name="GET /", kind="client", start_ns=1_767_607_200_123_456_789, duration_ns=987_654_321,
    status="error", resource={"service.name": "web", "k8s.pod.name": "web-1"},
    attributes={"http.response.status_code": 503, "ok": False, "share": 0.25, "tags": ["a", 1, True],
                "deep": {"a": {"b": 2}}, "text": "ä\"\n"},
)  # fmt: skip


def json_of(span: Span, *, numbers: bool, base64: bool, old: bool = False) -> JsonTrace:
    """As protobuf's JSON has it (names and base64), or OTLP's own (numbers and hexadecimal)."""
    kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT"]
    ident = encoded if base64 else str
    one = {
        "traceId": ident(span.trace_id), "spanId": ident(span.span_id), "parentSpanId": ident(span.parent_span_id),
        "name": span.name, "kind": 3 if numbers else f"SPAN_KIND_{kinds[3]}",
        "startTimeUnixNano": span.start_ns if numbers else str(span.start_ns),
        "endTimeUnixNano": str(span.start_ns + span.duration_ns),
        "attributes": [{"key": key, "value": json_value(value)} for key, value in span.attributes.items()],
        "status": {"code": 2 if numbers else "STATUS_CODE_ERROR"},
    }  # fmt: skip
    resource = {"attributes": [{"key": key, "value": json_value(value)} for key, value in span.resource.items()]}
    scope = "instrumentationLibrarySpans" if old else "scopeSpans"
    body = {"batches" if old else "resourceSpans": [{"resource": resource, scope: [{"spans": [one]}]}]}
    return msgspec.json.decode(json.dumps(body), type=JsonTrace)


def json_value(value: object) -> dict[str, object]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [json_value(one) for one in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": json_value(one)} for key, one in value.items()]}}
    return {"stringValue": value}


def test_protobuf_comes_back_as_it_was() -> None:
    assert spans_of_proto(proto_of([SPAN]).resource_spans) == [SPAN]


@pytest.mark.parametrize("numbers", [False, True])
@pytest.mark.parametrize("base64", [False, True])
@pytest.mark.parametrize("old", [False, True])
def test_json_is_the_same_as_protobuf(numbers: bool, base64: bool, old: bool) -> None:
    assert spans_of_json(json_of(SPAN, numbers=numbers, base64=base64, old=old)) == [SPAN]


def test_an_exception_that_is_an_event_is_told_by_its_span() -> None:
    parts = proto_of([SPAN])
    span = parts.resource_spans[0].scope_spans[0].spans[0]
    span.events.append(ProtoSpan.Event(name="log", attributes=pairs_of({"x": 1})))
    span.events.append(ProtoSpan.Event(name="exception", attributes=pairs_of({"exception.type": "PoolTimeout"})))
    span.events.append(ProtoSpan.Event(name="exception", attributes=pairs_of({"exception.type": "Later"})))
    (found,) = spans_of_proto(parts.resource_spans)
    assert found.attributes == {**SPAN.attributes, "exception.type": "PoolTimeout"}
    span.attributes.extend(pairs_of({"exception.type": "Said"}))
    assert spans_of_proto(parts.resource_spans)[0].attributes["exception.type"] == "Said"


def test_values_that_json_cannot_say() -> None:
    assert plain_value(value_of(float("inf"))) == "inf"
    assert plain_value(AnyValue(bytes_value=b"\0\xff")) == "AP8="
    assert plain_value(AnyValue()) is None


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8))
def test_ids_are_read_from_hexadecimal_and_base64(trace: bytes, span: bytes) -> None:
    for raw, what in ((trace, "trace"), (span, "span")):
        assert hexadecimal(raw.hex(), what) == raw.hex()
        assert hexadecimal(raw.hex().upper(), what) == raw.hex()
        assert hexadecimal(encoded(raw.hex()), what) == raw.hex()
        short = raw.hex().lstrip("0")
        assert hexadecimal(short, what) == (raw.hex() if short else "")


@pytest.mark.parametrize("text", ["nothex", "-1", "0x12", "1_2", " 12", "1" * 33, "AAAA=", "===="])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no id of a trace"):
        hexadecimal(text, "trace")


def test_zeros_are_no_parent() -> None:
    assert [parent_of(text) for text in ("", "0000000000000000", "ff")] == ["", "", "00000000000000ff"]


def test_kinds_and_statuses() -> None:
    words = ["", "internal", "server", "client", "producer", "consumer"]
    assert [kind_of(n) for n in range(6)] == words
    assert [kind_of(f"SPAN_KIND_{word.upper()}") for word in words[1:]] == words[1:]
    assert [kind_of(word) for word in ("unspecified", "SPAN_KIND_UNSPECIFIED", "", "odd")] == ["", "", "", ""]
    assert (kind_of(9), kind_of(-1)) == ("", "")
    assert [status_of(n) for n in (0, 1, 2, 7)] == ["unset", "ok", "error", "unset"]
    assert [status_of(word) for word in ("STATUS_CODE_OK", "error", "", "odd")] == ["ok", "error", "unset", "unset"]
