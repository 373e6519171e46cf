"""The cart: one Redis hash a session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from typing import TypeVar

from opentelemetry.trace import SpanKind
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.routing import Route

from lab.shop.kit import Kit, Reply, Scalar
from lab.shop.metrics import build_operation_histogram

CACHE = "cart-cache"
SESSION_SECONDS = 900
T = TypeVar("T")


class Cart:
    """Adds to, shows and empties carts."""

    def __init__(self, kit: Kit) -> None:
        if kit.wiring.cache is None:
            raise ValueError("cart needs a cache")
        self._kit = kit
        self._redis: Redis = Redis.from_url(kit.wiring.cache, decode_responses=True)
        self._operation = build_operation_histogram(kit.registry)

    def routes(self) -> Sequence[Route]:
        """POST /carts/{session}/items, GET and DELETE /carts/{session}."""
        return (
            self._kit.route("POST", "/carts/{session}/items", self._add),
            self._kit.route("GET", "/carts/{session}", self._show),
            self._kit.route("DELETE", "/carts/{session}", self._empty),
        )

    async def open(self) -> None:
        """Reach the cache once, so that a wrong address fails at start."""
        await self._redis.ping()

    async def close(self) -> None:
        """Close the cache's connections."""
        await self._redis.aclose()

    async def _add(self, request: Request) -> Reply:
        item = await request.json()
        key = self._key(request)
        await self._run("HINCRBY", lambda: self._redis.hincrby(key, str(item["sku"]), int(item["quantity"])))
        await self._run("EXPIRE", lambda: self._redis.expire(key, SESSION_SECONDS))
        self._kit.log.info("added %s x%d to cart %s", item["sku"], item["quantity"], key)
        return Reply(201, {"added": item["sku"]})

    async def _show(self, request: Request) -> Reply:
        key = self._key(request)
        found = await self._run("HGETALL", lambda: self._redis.hgetall(key))
        items: list[dict[str, Scalar]] = [{"sku": str(sku), "quantity": int(n)} for sku, n in found.items()]
        return Reply(200, {"items": items})

    async def _empty(self, request: Request) -> Reply:
        key = self._key(request)
        await self._run("DEL", lambda: self._redis.delete(key))
        return Reply(200)

    def _key(self, request: Request) -> str:
        return f"cart:{request.path_params['session']}"

    async def _run(self, operation: str, command: Callable[[], Awaitable[T]]) -> T:
        attributes = {
            "db.system.name": "redis",
            "db.operation.name": operation,
            "db.query.summary": operation,
            "server.address": CACHE,
        }
        started = perf_counter()
        with self._kit.tracer.start_as_current_span(operation, kind=SpanKind.CLIENT, attributes=attributes):
            result = await command()
        self._operation.labels("redis", operation).observe(perf_counter() - started)
        return result
