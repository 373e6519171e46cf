"""A small OTLP/HTTP collector, and its spans as spans.parquet."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from lab.recorder import parquet
from lab.recorder.cleaning import clean
from lab.recorder.window import Window

Value = str | int | float | bool
COLUMNS = (
    parquet.text("trace_id"),
    parquet.text("span_id"),
    parquet.text("parent_span_id"),
    parquet.text("service"),
    parquet.text("name"),
    parquet.text("kind"),
    parquet.Column("start", "BIGINT", 'make_timestamp_ns("start")'),
    parquet.int64("duration_ns"),
    parquet.text("status"),
    parquet.text("resource"),
    parquet.text("attributes"),
)
KINDS = {0: None, 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
STATUSES = {0: "unset", 1: "ok", 2: "error"}
EXCEPTION = ("exception.type", "exception.message")


@dataclass(frozen=True)
class Span:
    """A finished span."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    service: str
    name: str
    kind: str | None
    start_ns: int
    duration_ns: int
    status: str
    resource: Mapping[str, Value]
    attributes: Mapping[str, Value]


class Collector:
    """Accepts /v1/traces on a loopback port and keeps what it gets."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._spans))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="collector", daemon=True)

    @property
    def endpoint(self) -> str:
        """The base address for exporters."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to accept spans."""
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def spans(self) -> list[Span]:
        """Everything received so far."""
        return list(self._spans)


def _handler(received: list[Span]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.extend(decode(ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *_arguments: object) -> None:  # noqa: A002  (the base class's name)
            """Say nothing: the lab's standard error is for people."""

    return Handler


def decode(request: ExportTraceServiceRequest) -> Iterable[Span]:
    """The spans of one export."""
    for group in request.resource_spans:
        resource = _attributes(group.resource.attributes)
        for scope in group.scope_spans:
            for span in scope.spans:
                yield _span(span, resource)


def _span(span: ProtoSpan, resource: Mapping[str, Value]) -> Span:
    attributes = dict(_attributes(span.attributes))
    for event in span.events:
        # An exception's type and text; its stack would carry this machine's paths.
        if event.name == "exception":
            found = _attributes(event.attributes)
            attributes.update({key: clean(str(found[key])) for key in EXCEPTION if key in found})
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex() or None,
        service=str(resource.get("service.name", "unknown")),
        name=span.name,
        kind=KINDS[span.kind],
        start_ns=span.start_time_unix_nano,
        duration_ns=span.end_time_unix_nano - span.start_time_unix_nano,
        status=STATUSES[span.status.code],
        resource=resource,
        attributes=attributes,
    )


def _attributes(pairs: Iterable[KeyValue]) -> Mapping[str, Value]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    if kind == "bool_value":
        return value.bool_value
    if kind == "int_value":
        return value.int_value
    if kind == "double_value":
        return value.double_value
    return value.string_value


def in_window(spans: Iterable[Span], window: Window) -> list[Span]:
    """The spans of traces that lie wholly inside the window, so that no trace is cut at its start."""
    found = list(spans)
    outside = {span.trace_id for span in found if not window.holds_ns(span.start_ns)}
    return [span for span in found if span.trace_id not in outside]


def sample(spans: Iterable[Span], one_in: int) -> list[Span]:
    """Whole traces, chosen by their id, whatever they show."""
    return [span for span in spans if int(span.trace_id[-8:], 16) % one_in == 0]


def write(folder: Path, spans: Iterable[Span]) -> int:
    """Write the spans; return how many there were."""
    rows = (
        {
            "trace_id": span.trace_id,
            "span_id": span.span_id,
            "parent_span_id": span.parent_span_id,
            "service": span.service,
            "name": span.name,
            "kind": span.kind,
            "start": span.start_ns,
            "duration_ns": span.duration_ns,
            "status": span.status,
            "resource": json.dumps(dict(span.resource)),
            "attributes": json.dumps(dict(span.attributes)),
        }
        for span in spans
    )
    return parquet.write(folder / "spans.parquet", COLUMNS, rows, ("start", "span_id"))
