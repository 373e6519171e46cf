"""What every service is built from: instrumented routes (its HTTP client is in peers.py)."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from opentelemetry import trace
from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.controls import Controls
from lab.shop.config import ServiceConfig, Wiring
from lab.shop.metrics import HttpMetrics

if TYPE_CHECKING:
    from lab.shop.peers import PeerClient

Scalar = str | int | float | bool | None
Json = Mapping[str, "Scalar | Sequence[Scalar] | Sequence[Mapping[str, Scalar]]"]


@dataclass(frozen=True)
class Reply:
    """A handler's answer."""

    status: int
    body: Json = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True)
class Kit:
    """The parts a service's component is built with."""

    config: ServiceConfig
    wiring: Wiring
    tracer: Tracer
    registry: CollectorRegistry
    http: HttpMetrics
    peers: PeerClient
    log: logging.Logger
    controls: Controls

    def flag(self, name: str) -> bool:
        """Whether a feature flag is on; the current span says that it was asked."""
        on = self.controls.on(f"flag:{name}")
        attributes = {"feature_flag.key": name, "feature_flag.result.variant": "on" if on else "off"}
        trace.get_current_span().set_attributes(attributes)
        return on

    def route(self, method: str, path: str, handler: Handler) -> Route:
        """A route with a server span, the caller's context and a duration histogram."""

        async def endpoint(request: Request) -> Response:
            started, status = perf_counter(), 500
            active = self.http.active.labels(method)
            active.inc()
            attributes = {
                "http.request.method": method,
                "http.route": path,
                "url.path": request.url.path,
                "server.address": self.config.service,
            }
            try:
                with self.tracer.start_as_current_span(
                    f"{method} {path}",
                    context=extract(dict(request.headers)),
                    kind=SpanKind.SERVER,
                    attributes=attributes,
                ) as span:
                    reply = await self._answer(handler, request)
                    status = reply.status
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_attribute("error.type", str(status))
                        span.set_status(Status(StatusCode.ERROR))
            finally:
                active.dec()
                self.http.server.labels(method, path, str(status)).observe(perf_counter() - started)
            return JSONResponse(dict(reply.body), reply.status)

        return Route(path, endpoint, methods=[method])

    async def _answer(self, handler: Handler, request: Request) -> Reply:
        """The handler's reply; what it did not expect is logged and answered with 500, as web frameworks do."""
        try:
            return await handler(request)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            trace.get_current_span().record_exception(error)
            self.log.exception("unhandled error in %s %s", request.method, request.url.path)
            return Reply(500, {"error": "internal server error"})


class Component(Protocol):
    """A service: its routes, and what it opens and closes."""

    def routes(self) -> Sequence[Route]:
        """The instrumented routes."""

    async def open(self) -> None:
        """Connect to what the service stands on."""

    async def close(self) -> None:
        """Let go of it."""


class Stateless:
    """A component that holds nothing open."""

    async def open(self) -> None:
        """Nothing to connect."""

    async def close(self) -> None:
        """Nothing to let go."""


def kept(kit: Kit) -> list[bytes]:
    """What a request leaves in memory where the configuration keeps a history; nobody ever removes it."""
    size = int(kit.config.number("history_kib") * 1024)
    return [os.urandom(size)] if size else []
