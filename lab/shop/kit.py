"""What every service is built from: instrumented routes and an instrumented HTTP client."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

import httpx
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.shop.config import ServiceConfig, Wiring
from lab.shop.metrics import HttpMetrics

Scalar = str | int | float | bool | None
Json = Mapping[str, "Scalar | Sequence[Scalar] | Sequence[Mapping[str, Scalar]]"]


@dataclass(frozen=True)
class Reply:
    """A handler's answer."""

    status: int
    body: Json = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Reply]]


class PeerError(RuntimeError):
    """A neighbour did not answer: timeout or broken connection."""


class PeerClient:
    """Calls the neighbours with a client span, W3C context and a duration histogram."""

    def __init__(self, tracer: Tracer, metrics: HttpMetrics, peers: Mapping[str, str], timeout: float) -> None:
        self._tracer = tracer
        self._metrics = metrics
        self._peers = peers
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        self._http = httpx.AsyncClient(timeout=timeout, limits=limits, transport=None, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def call(self, peer: str, method: str, path: str, template: str = "", body: Json | None = None) -> Reply:
        """Ask a neighbour; a status is an answer, silence is a PeerError."""
        template = template or path
        attributes = {
            "http.request.method": method,
            "url.template": template,
            "server.address": peer,
            "peer.service": peer,
        }
        started, status, error_type = perf_counter(), "", ""
        with self._tracer.start_as_current_span(
            f"{method} {template}", kind=SpanKind.CLIENT, attributes=attributes
        ) as span:
            headers: dict[str, str] = {}
            inject(headers)
            try:
                answer = await self._http.request(method, self._peers[peer] + path, json=body, headers=headers)
            except httpx.HTTPError as error:
                error_type = type(error).__name__
                span.set_attribute("error.type", error_type)
                raise PeerError(f"{method} {peer}{template}: {error_type} {error}".rstrip()) from error
            else:
                status = str(answer.status_code)
                span.set_attribute("http.response.status_code", answer.status_code)
                if answer.status_code >= 400:
                    error_type = status
                    span.set_attribute("error.type", error_type)
                    span.set_status(Status(StatusCode.ERROR))
                return Reply(answer.status_code, json.loads(answer.content))
            finally:
                self._metrics.client.labels(method, peer, status, error_type).observe(perf_counter() - started)


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

    def route(self, method: str, path: str, handler: Handler) -> Route:
        """A route with a server span, the caller's context and a duration histogram."""

        async def endpoint(request: Request) -> Response:
            started, status = perf_counter(), 500
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
                    reply = await handler(request)
                    status = reply.status
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_attribute("error.type", str(status))
                        span.set_status(Status(StatusCode.ERROR))
            finally:
                self.http.server.labels(method, path, str(status)).observe(perf_counter() - started)
            return JSONResponse(dict(reply.body), reply.status)

        return Route(path, endpoint, methods=[method])


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
