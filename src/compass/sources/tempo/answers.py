"""What Tempo answers, JSON or protobuf, as values. Field numbers are those of Tempo's `tempo.proto`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from compass.sources.http.replies import Reply
from compass.sources.live.gathered import Span
from compass.sources.tempo import wire
from compass.sources.tempo.otlp import (
    JsonTrace,
    Pair,
    hexadecimal,
    plain,
    plain_value,
    spans_of_json,
    spans_of_proto,
)
from compass.tables.objects import Json

PROTOBUF = "application/protobuf"
# TraceQL's own fields, which the server names with the answer's key.
_NAME_KEY = "name"
_FILLED = "nil"  # what Tempo says for an attribute that has a column of its own and is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSpan:
    """A span that a search gave. Attributes lose whether a resource, the span or an event had them."""

    span_id: str
    name: str
    start_ns: int
    duration_ns: int
    attributes: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTrace:
    """A trace that a search gave; `start_ns` is when its first span began. `matched`: how many of its spans match."""

    trace_id: str
    start_ns: int
    service: str
    matched: int
    spans: Sequence[FoundSpan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """The answer to one search. `jobs` of `of_jobs`: how much of the search was done when it ended."""

    traces: Sequence[FoundTrace]
    jobs: int = 0
    of_jobs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTrace:
    """A trace by id. `note` says why it is not whole, in the server's words; "" when it is."""

    spans: Sequence[Span]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Spans by time: (nanoseconds, spans since the one before)."""

    steps: Sequence[tuple[int, float]]
    note: str = ""


class _JsonFound(msgspec.Struct, rename="camel"):
    span_id: str = msgspec.field(name="spanID", default="")
    name: str = ""
    start_time_unix_nano: int | str = 0
    duration_nanos: int | str = 0
    attributes: list[Pair] = []


class _JsonSet(msgspec.Struct):
    spans: list[_JsonFound] = []
    matched: int = 0


class _JsonHit(msgspec.Struct, rename="camel"):
    trace_id: str = msgspec.field(name="traceID", default="")
    root_service_name: str = ""
    start_time_unix_nano: int | str = 0
    span_sets: list[_JsonSet] = []
    span_set: _JsonSet = msgspec.field(default_factory=_JsonSet)


class _JsonWork(msgspec.Struct, rename="camel"):
    completed_jobs: int = 0
    total_jobs: int = 0


class _JsonHits(msgspec.Struct):
    # What is always there tells Tempo's answer from any other JSON.
    metrics: _JsonWork
    traces: list[_JsonHit] | None = None


class _JsonSample(msgspec.Struct, rename="camel"):
    timestamp_ms: int | str = 0
    value: float = 0.0


class _JsonSeries(msgspec.Struct):
    samples: list[_JsonSample] | None = None


class JsonCount(msgspec.Struct):
    metrics: _JsonWork
    series: list[_JsonSeries] | None = None
    status: int | str = ""
    message: str = ""


class _JsonWhole(msgspec.Struct):
    trace: JsonTrace
    status: int | str = ""
    message: str = ""


class TagValue(msgspec.Struct):
    type: str = ""
    value: str = ""


class JsonTags(msgspec.Struct, rename="camel"):
    tag_values: list[TagValue] | None = None


def hits_of(reply: Reply) -> Hits:
    """Raises ValueError, or SourceRefusedError for what is no answer of Tempo."""
    if PROTOBUF not in reply.content_type:
        return _hits_of_json(reply.json(_JsonHits))
    traces, work = [], _JsonWork()
    values: dict[bytes, tuple[str, Json]] = {}
    for number, value in wire.fields(reply.body):
        if number == 1:
            traces.append(_trace(wire.inner(value), values))
        elif number == 2:
            said = {n: v for n, v in wire.fields(wire.inner(value)) if n in (4, 5)}
            work = _JsonWork(completed_jobs=wire.number(said.get(4, 0)), total_jobs=wire.number(said.get(5, 0)))
    return Hits(traces=traces, jobs=work.completed_jobs, of_jobs=work.total_jobs)


def _trace(data: bytes, values: dict[bytes, tuple[str, Json]]) -> FoundTrace:
    """TraceSearchMetadata. Its field 6 repeats the first of the sets in field 7."""
    trace_id, service, start, matched, spans = "", "", 0, 0, []
    for number, value in wire.fields(data):
        if number == 7:
            for n, inner in wire.fields(wire.inner(value)):
                if n == 1:
                    spans.append(_span(wire.inner(inner), values))
                elif n == 2:
                    matched += wire.number(inner)
        elif number == 1:
            trace_id = hexadecimal(wire.text(value), "trace")
        elif number == 2:
            service = wire.text(value)
        elif number == 4:
            start = wire.number(value)
    return FoundTrace(trace_id=trace_id, start_ns=start, service=service, matched=matched, spans=spans)


def _span(data: bytes, values: dict[bytes, tuple[str, Json]]) -> FoundSpan:
    span_id, name, start, duration = "", "", 0, 0
    attributes: dict[str, Json] = {}
    for number, value in wire.fields(data):
        if number == 5:
            raw = wire.inner(value)
            key, found = values.get(raw) or values.setdefault(raw, _pair(raw))
            _put(attributes, key, found)
        elif number == 1:
            span_id = hexadecimal(wire.text(value), "span")
        elif number == 2:
            name = wire.text(value)
        elif number == 3:
            start = wire.number(value)
        elif number == 4:
            duration = wire.number(value)
    return FoundSpan(span_id=span_id, name=name, start_ns=start, duration_ns=duration, attributes=attributes)


def _pair(data: bytes) -> tuple[str, Json]:
    """A KeyValue. The same ones come thousands of times: the caller keeps them."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue

    try:
        pair = KeyValue.FromString(data)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    return pair.key, plain_value(pair.value)


def _put(attributes: dict[str, Json], key: str, value: Json) -> None:
    if value != _FILLED and value is not None:
        attributes.setdefault(key, value)


def _hits_of_json(found: _JsonHits) -> Hits:
    traces = []
    for hit in found.traces or ():
        groups, spans = hit.span_sets or [hit.span_set], []
        for one in (span for group in groups for span in group.spans):
            attributes: dict[str, Json] = {}
            for key, value in plain(one.attributes).items():
                _put(attributes, key, value)
            spans.append(FoundSpan(
                span_id=hexadecimal(one.span_id, "span"), name=one.name, start_ns=int(one.start_time_unix_nano),
                duration_ns=int(one.duration_nanos), attributes=attributes,
            ))  # fmt: skip
        traces.append(FoundTrace(
            trace_id=hexadecimal(hit.trace_id, "trace"), start_ns=int(hit.start_time_unix_nano),
            service=hit.root_service_name, matched=sum(group.matched for group in groups), spans=spans,
        ))  # fmt: skip
    return Hits(traces=traces, jobs=found.metrics.completed_jobs, of_jobs=found.metrics.total_jobs)


def whole_of(reply: Reply) -> WholeTrace:
    """A TraceByIDResponse (API v2). Raises ValueError, or SourceRefusedError for what is no answer of Tempo."""
    if PROTOBUF not in reply.content_type:
        found = reply.json(_JsonWhole)
        return WholeTrace(spans=spans_of_json(found.trace), note=_partial(found.status, found.message))
    spans: Sequence[Span] = ()
    status, message = 0, ""
    for number, value in wire.fields(reply.body):
        if number == 1:
            spans = _spans_of(wire.inner(value))
        elif number == 3:
            status = wire.number(value)
        elif number == 4:
            message = wire.text(value)
    return WholeTrace(spans=spans, note=_partial(status, message))


def bare_of(reply: Reply) -> WholeTrace:
    """A trace without anything around it (API v1)."""
    if PROTOBUF in reply.content_type:
        return WholeTrace(spans=_spans_of(reply.body))
    found = reply.json(JsonTrace)
    if not (found.resource_spans or found.batches):
        raise ValueError("no spans of any resource")
    return WholeTrace(spans=spans_of_json(found))


def _spans_of(data: bytes) -> list[Span]:
    """Tempo's Trace has the wire format of OTLP's TracesData."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    try:
        return spans_of_proto(TracesData.FromString(data).resource_spans)
    except DecodeError as error:
        raise ValueError(str(error)) from error


def _partial(status: int | str, message: str) -> str:
    return message or "the server gives only part of it" if status in (1, "PARTIAL") else ""


def count_of(found: JsonCount) -> Count:
    """Raises ValueError for times that are none."""
    steps: dict[int, float] = {}
    for series in found.series or ():
        for sample in series.samples or ():
            at = int(sample.timestamp_ms) * 1_000_000
            steps[at] = steps.get(at, 0.0) + sample.value
    return Count(steps=sorted(steps.items()), note=_partial(found.status, found.message))
