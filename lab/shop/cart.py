"""The cart: one Redis hash a session."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import Route

from lab.shop.cache import CacheClient
from lab.shop.kit import Kit, Reply, Scalar, kept

CACHE = "cart-cache"
SESSION_SECONDS = 900


class Cart:
    """Adds to, shows and empties carts."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._cache = CacheClient(kit, CACHE)
        self._history: list[bytes] = []

    def routes(self) -> Sequence[Route]:
        """POST /carts/{session}/items, GET and DELETE /carts/{session}."""
        return (
            self._kit.route("POST", "/carts/{session}/items", self._add),
            self._kit.route("GET", "/carts/{session}", self._show),
            self._kit.route("DELETE", "/carts/{session}", self._empty),
        )

    async def open(self) -> None:
        """Reach the cache once, so that a wrong address fails at start."""
        await self._cache.open()

    async def close(self) -> None:
        """Close the cache's connections."""
        await self._cache.close()

    async def _add(self, request: Request) -> Reply:
        item = await request.json()
        key = self._key(request)
        await self._cache.run("HINCRBY", lambda client: client.hincrby(key, str(item["sku"]), int(item["quantity"])))
        await self._cache.run("EXPIRE", lambda client: client.expire(key, SESSION_SECONDS))
        self._kit.log.info("%s %s x%d to cart %s", self._kit.config.text("added"), item["sku"], item["quantity"], key)
        self._history.extend(kept(self._kit))
        return Reply(201, {"added": item["sku"]})

    async def _show(self, request: Request) -> Reply:
        key = self._key(request)
        found = await self._cache.run("HGETALL", lambda client: client.hgetall(key))
        items: list[dict[str, Scalar]] = [{"sku": str(sku), "quantity": int(n)} for sku, n in found.items()]
        return Reply(200, {"items": items})

    async def _empty(self, request: Request) -> Reply:
        key = self._key(request)
        await self._cache.run("DEL", lambda client: client.delete(key))
        return Reply(200)

    def _key(self, request: Request) -> str:
        return f"cart:{request.path_params['session']}"
