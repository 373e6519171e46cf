"""COMPASS's own telemetry as a collector receives it: real OTLP over a real wire; off, refused and unreachable."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from compass.entrypoints.observability import send, span_id_of, wanted
from compass.projections.spans import spans_of
from tests.projections.test_spans import WHOLE


@dataclass(slots=True)
class Collector:
    """What came, decoded strictly; `status` is what it answers."""

    url: str = ""
    status: int = 200
    traces: list[ExportTraceServiceRequest] = field(default_factory=list)
    metrics: list[ExportMetricsServiceRequest] = field(default_factory=list)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    came = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name is the library's
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                came.traces.append(ExportTraceServiceRequest.FromString(body))
            else:
                assert self.path == "/v1/metrics"
                came.metrics.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(came.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
            """Nothing: what came is kept."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    came.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", came.url)
    yield came
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_collector_gets_one_trace_of_the_investigation_and_its_measurements(collector: Collector) -> None:
    assert send(WHOLE, {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    (resource,) = collector.traces[0].resource_spans
    names = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert names["service.name"] == "compass"
    spans = [span for scope in resource.scope_spans for span in scope.spans]
    assert {span.trace_id for span in spans} == {WHOLE[0].investigation.bytes}
    assert [span.name for span in spans] == [span.name for span in spans_of(WHOLE)]
    roots = [span for span in spans if not span.parent_span_id]
    assert [span.name for span in roots] == ["compass.investigation"]
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)
    sent = {
        metric.name
        for one in collector.metrics[0].resource_metrics
        for scope in one.scope_metrics
        for metric in scope.metrics
    }
    assert {"compass.investigations", "gen_ai.client.token.usage", "compass.model.cost"} <= sent


def test_a_second_run_sends_the_same_spans_and_no_measurement_twice(collector: Collector) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    assert send(WHOLE, environment)
    assert send(WHOLE, environment, after=WHOLE[-1].seq)
    first, second = (
        [span.span_id for scope in one.resource_spans[0].scope_spans for span in scope.spans]
        for one in collector.traces
    )
    assert first == second
    assert len(collector.metrics) == 1


def test_nothing_is_sent_unless_an_endpoint_is_set(collector: Collector) -> None:
    assert not wanted({})
    assert not wanted({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_SDK_DISABLED": "true"})
    assert send(WHOLE, {})
    assert collector.traces == collector.metrics == []


def test_only_what_has_an_endpoint_is_sent(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    address = f"{collector.url}/v1/traces"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", address)
    assert send(WHOLE, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": address})
    assert (len(collector.traces), len(collector.metrics)) == (1, 0)


def test_a_collector_that_refuses_is_told_and_does_not_litter_the_screen(
    collector: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.status = 403
    assert not send(WHOLE, {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url})
    assert capsys.readouterr().err == ""
    assert logging.getLogger("opentelemetry").handlers


def test_nobody_there_is_told_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert not send(WHOLE, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})


def test_ids_are_of_the_work_and_never_zero() -> None:
    assert span_id_of("round/1") == span_id_of("round/1") != span_id_of("round/2")
    assert 0 < span_id_of("") < 2**64
