"""A Redis client with a span and a duration for every command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TypeVar

from opentelemetry.trace import SpanKind
from redis.asyncio import Redis

from lab.shop.kit import Kit
from lab.shop.metrics import build_operation_histogram

T = TypeVar("T")


class CacheClient:
    """Commands to one server of the shop."""

    def __init__(self, kit: Kit, server: str) -> None:
        self._kit = kit
        self._server = server
        self._redis: Redis = Redis.from_url(kit.wiring.backend(server), decode_responses=True)
        self._operation = build_operation_histogram(kit.registry)

    async def open(self) -> None:
        """Reach the server once, so that a wrong address fails at start."""
        await self._redis.ping()

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def run(self, operation: str, command: Callable[[Redis], Awaitable[T]]) -> T:
        """One command, as a client span."""
        attributes = {
            "db.system.name": "redis",
            "db.operation.name": operation,
            "db.query.summary": operation,
            "server.address": self._server,
        }
        started = perf_counter()
        with self._kit.tracer.start_as_current_span(operation, kind=SpanKind.CLIENT, attributes=attributes):
            result = await command(self._redis)
        self._operation.labels("redis", operation).observe(perf_counter() - started)
        return result
