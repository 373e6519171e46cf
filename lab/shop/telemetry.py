"""OpenTelemetry traces and structured logs of one service process."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from lab.shop.config import ServiceConfig, Wiring


def build_tracer_provider(config: ServiceConfig, wiring: Wiring) -> TracerProvider:
    """A tracer provider that exports to the recorder's collector over OTLP/HTTP."""
    resource = Resource(
        {
            "service.name": config.service,
            "service.version": config.version,
            "service.instance.id": wiring.instance,
            "deployment.environment.name": "lab",
            "telemetry.sdk.language": "python",
            "telemetry.sdk.name": "opentelemetry",
        }
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{wiring.otlp_endpoint}/v1/traces", timeout=5)
    if wiring.identity is None:  # a third party's spans are its own
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=16384, schedule_delay_millis=1000))
    return provider


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message and the ids of the current span."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record; an exception is its type and text, never its stack with paths."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            message = f"{message}: {describe(record.exc_info[1])}"
        entry: dict[str, str | int] = {
            "time_ns": int(record.created * 1_000_000) * 1_000,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            entry["trace_id"] = f"{context.trace_id:032x}"
            entry["span_id"] = f"{context.span_id:016x}"
        return json.dumps(entry)


def describe(error: BaseException) -> str:
    """An exception as the last line of its traceback would say it."""
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}: {error}"


def configure_logging(level: str) -> None:
    """Structured logs on standard output, where a log agent would pick them up."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "asyncio", "uvicorn", "opentelemetry"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
