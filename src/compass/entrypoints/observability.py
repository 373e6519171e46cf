"""COMPASS's own telemetry: spans and metrics of an investigation over OTLP, off unless an endpoint is set.

The standard variables of the OpenTelemetry SDK decide where and how (`OTEL_EXPORTER_OTLP_ENDPOINT`, `..._HEADERS`,
`OTEL_SERVICE_NAME`, `OTEL_SDK_DISABLED`). What is sent is folded from the chronicle when a run has ended, so that work
is not slowed by it and nothing uncommitted is shown.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from compass import __version__
from compass.domain.chronicle import Event
from compass.ports.errors import ConfigurationError
from compass.projections.spans import Attributes, Measured, SpanOf, measured_of, spans_of, trace_id_of

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)  # fmt: skip
GENERAL, TRACES, METRICS = ENDPOINTS
SERVICE = "compass"
WITHIN_S = 5  # a collector that does not answer holds nobody up


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether an endpoint is set and the SDK is not switched off."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return any(environment.get(name) for name in ENDPOINTS)


def send(events: Sequence[Event], environment: Mapping[str, str], *, after: int = 0) -> bool:
    """Send what the events say. False when a collector did not take it.

    All spans are sent, those of an earlier run under the same ids; of the measurements only those after event `after`,
    because a measurement that is sent twice counts twice. Blocks for a few seconds at most. Raises ConfigurationError
    when the packages are not installed.
    """
    if not events or not wanted(environment):
        return True
    try:
        from opentelemetry.sdk.resources import Resource
    except ImportError as error:
        raise ConfigurationError(
            "an OTLP endpoint is set, but the OpenTelemetry SDK is not installed", where=GENERAL,
            hint="pip install 'compass-sre[otel]'",
        ) from error  # fmt: skip
    # The SDK would write its troubles with a collector over the screen; what became of it is told once, by the caller.
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
    name = environment.get("OTEL_SERVICE_NAME") or SERVICE
    resource = Resource.create({"service.name": name, "service.version": __version__})
    took = True
    if environment.get(GENERAL) or environment.get(TRACES):
        took = _send_spans(spans_of(events), events[0].investigation, resource)
    if environment.get(GENERAL) or environment.get(METRICS):
        fresh = [event for event in events if event.seq > after]
        took = _send_metrics(measured_of(fresh), resource) and took
    return took


def _send_spans(spans: Sequence[SpanOf], investigation: UUID, resource: Resource) -> bool:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    exporter: SpanExporter = OTLPSpanExporter(timeout=WITHIN_S)
    try:
        return exporter.export(readable(spans, investigation, resource)) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()


def readable(spans: Sequence[SpanOf], investigation: UUID, resource: Resource) -> list[ReadableSpan]:
    """Spans as the SDK exports them, all of the trace that has the investigation's id."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    trace = trace_id_of(investigation)
    contexts = {
        span.id: SpanContext(trace, span_id_of(span.id), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        for span in spans
    }
    return [
        ReadableSpan(
            name=span.name, context=contexts[span.id], parent=contexts.get(span.parent), resource=resource,
            attributes=_with_error(span.attributes, span.error),
            kind=SpanKind.CLIENT if span.client else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR) if span.error else Status(StatusCode.UNSET),
            start_time=span.start_ns, end_time=span.end_ns,
        )
        for span in spans
    ]  # fmt: skip


def span_id_of(key: str) -> int:
    """64 bits that are the same whenever the same piece of work is sent again; never 0, which is no id."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) or 1


def _with_error(attributes: Attributes, error: str) -> Attributes:
    return {**attributes, "error.type": error} if error else attributes


def _send_metrics(measured: Sequence[Measured], resource: Resource) -> bool:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult

    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    exporter = OTLPMetricExporter(timeout=WITHIN_S)
    try:
        _record(measured, provider.get_meter(SERVICE, __version__))
        data = reader.get_metrics_data()
        return data is None or exporter.export(data) is MetricExportResult.SUCCESS
    finally:
        exporter.shutdown()
        provider.shutdown()


def _record(measured: Sequence[Measured], meter: Meter) -> None:
    for name, kind, unit in sorted({(one.instrument, one.kind, one.unit) for one in measured}):
        own = [one for one in measured if one.instrument == name]
        if kind == "counter":
            counter = meter.create_counter(name, unit=unit)
            for one in own:
                counter.add(one.value, dict(one.attributes))
        else:
            histogram = meter.create_histogram(name, unit=unit)
            for one in own:
                histogram.record(one.value, dict(one.attributes))
