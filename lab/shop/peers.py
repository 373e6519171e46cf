"""The HTTP client that services call their neighbours with: names, retries, spans and a duration histogram."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from time import perf_counter

import httpx
from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from lab.shop.config import RetryConfig, ServiceConfig, Wiring
from lab.shop.kit import Json, Reply
from lab.shop.metrics import HttpMetrics
from lab.shop.names import Names, UnknownHost

MOST_CONNECTIONS = 200


class PeerError(RuntimeError):
    """A neighbour did not answer: timeout, broken connection, no address or no trust."""


class PeerClient:
    """Calls the neighbours with a client span, W3C context and a duration histogram for each attempt."""

    def __init__(
        self, tracer: Tracer, metrics: HttpMetrics, names: Names, config: ServiceConfig, wiring: Wiring
    ) -> None:
        self._tracer = tracer
        self._metrics = metrics
        self._names = names
        self._peers: Mapping[str, str] = wiring.peers
        self._patience = config.client_timeout_seconds
        self._retries = config.retries
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=50)
        trust = ssl.create_default_context(cafile=wiring.authority)
        self._http = httpx.AsyncClient(verify=trust, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def call(self, peer: str, method: str, path: str, template: str = "", body: Json | None = None) -> Reply:
        """Ask a neighbour; a status is an answer, silence is a PeerError.

        Where the configuration asks for retries, silence and 5xx are asked again, each attempt with its own time-out.
        """
        retry = self._retries.get(peer, RetryConfig(1, self._patience))
        for attempt in range(retry.attempts):
            last = attempt == retry.attempts - 1
            try:
                reply = await self._attempt(peer, method, path, template or path, body, attempt, retry)
            except PeerError:
                if last:
                    raise
                continue
            if last or reply.status < 500:
                return reply
        raise PeerError(f"{method} {peer}{template}: no attempt allowed")

    async def _attempt(
        self, peer: str, method: str, path: str, template: str, body: Json | None, attempt: int, retry: RetryConfig
    ) -> Reply:
        attributes: dict[str, str | int] = {
            "http.request.method": method,
            "url.template": template,
            "server.address": peer,
            "peer.service": peer,
        }
        if attempt:
            attributes["http.request.resend_count"] = attempt
        started, status, error_type = perf_counter(), "", ""
        with self._tracer.start_as_current_span(
            f"{method} {template}", kind=SpanKind.CLIENT, attributes=attributes
        ) as span:
            headers: dict[str, str] = {}
            inject(headers)
            try:
                address = await self._names.resolve(peer)
                url = self._peers[peer].replace("localhost", address) + path
                answer = await self._http.request(
                    method, url, json=body, headers=headers, timeout=retry.attempt_timeout_seconds
                )
            except (httpx.HTTPError, UnknownHost) as error:
                error_type = type(error).__name__ if isinstance(error, httpx.HTTPError) else str(error.args[1])
                span.set_attribute("error.type", error_type)
                raise PeerError(f"{method} {peer}{template}: {error_type} {error.args[0]}".rstrip()) from error
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
