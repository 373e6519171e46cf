"""Load a recording's spans into a real Tempo as a collector does: OTLP over HTTP, in protobuf."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
import httpx2
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status, TracesData
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from compass.domain.time import NS_PER_S
from compass.sources.live.gathered import Span
from compass.tables.spans import KINDS

BATCH = 2_000
_STATUSES = ("unset", "ok", "error")


def value_of(value: object) -> AnyValue:
    """A JSON value in OTLP."""
    if value is None:
        return AnyValue()
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[value_of(one) for one in value]))
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=pairs_of(value)))
    return AnyValue(string_value=str(value))


def pairs_of(values: Mapping[str, object]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value_of(value)) for key, value in values.items()]


def proto_of(spans: Iterable[Span]) -> TracesData:
    """Spans in OTLP, one ResourceSpans for each resource. The service is its `service.name`."""
    by_resource: dict[str, list[ProtoSpan]] = {}
    for span in spans:
        resource = dict(span.resource)
        if span.service:
            resource.setdefault("service.name", span.service)
        by_resource.setdefault(json.dumps(resource), []).append(ProtoSpan(
            trace_id=bytes.fromhex(span.trace_id), span_id=bytes.fromhex(span.span_id),
            parent_span_id=bytes.fromhex(span.parent_span_id), name=span.name,
            kind=ProtoSpan.SpanKind.ValueType(KINDS.index(span.kind or "unspecified")),
            start_time_unix_nano=span.start_ns, end_time_unix_nano=span.start_ns + span.duration_ns,
            attributes=pairs_of(span.attributes),
            status=Status(code=Status.StatusCode.ValueType(_STATUSES.index(span.status))),
        ))  # fmt: skip
    return TracesData(resource_spans=[
        ResourceSpans(
            resource=Resource(attributes=pairs_of(json.loads(resource))), scope_spans=[ScopeSpans(spans=inside)]
        )
        for resource, inside in by_resource.items()
    ])  # fmt: skip


def spans_of(folder: Path, *, shift_s: int = 0) -> list[Span]:
    """The spans of a recording, `shift_s` seconds later than they were."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT trace_id, span_id, coalesce(parent_span_id, ''), coalesce(service, ''), name, coalesce(kind, ''),"
            " epoch_ns(start), duration_ns, status, resource, attributes"
            f" FROM read_parquet('{folder}/spans.parquet') ORDER BY start, trace_id, span_id"
        ).fetchall()
    return [
        Span(
            trace_id=trace, span_id=span, parent_span_id=parent, service=service, name=name, kind=kind,
            start_ns=start + shift_s * NS_PER_S, duration_ns=duration, status=status,
            resource=json.loads(resource or "{}"), attributes=json.loads(attributes or "{}"),
        )
        for trace, span, parent, service, name, kind, start, duration, status, resource, attributes in rows
    ]  # fmt: skip


def push(url: str, spans: Iterable[Span], *, tenant: str = "", batch: int = BATCH) -> int:
    """Push spans to an OTLP receiver at `url`; returns how many. Traces stay together: a Tempo keeps parts of a trace
    that come apart in time in different blocks. Raises httpx2.HTTPStatusError."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    headers = {"Content-Type": "application/x-protobuf", **({"X-Scope-OrgID": tenant} if tenant else {})}
    sent = 0
    with httpx2.Client(base_url=url, headers=headers, timeout=120.0, trust_env=False) as client:
        waiting: list[Span] = []
        for trace in [*traces.values(), []]:
            if waiting and (len(waiting) >= batch or not trace):
                client.post("/v1/traces", content=proto_of(waiting).SerializeToString()).raise_for_status()
                sent, waiting = sent + len(waiting), []
            waiting += trace
    return sent


def load(folder: Path, url: str, *, shift_s: int = 0, tenant: str = "") -> int:
    """Load the spans of the recording in `folder`; returns their number."""
    return push(url, spans_of(folder, shift_s=shift_s), tenant=tenant)


def encoded(span_id: str) -> str:
    """An id as protobuf's JSON has it."""
    return base64.b64encode(bytes.fromhex(span_id)).decode("ascii")
