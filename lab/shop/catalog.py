"""The catalogue: products with prices from a cache, which the pricing service fills, and thumbnails kept in memory."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.routing import Route

from lab.shop.cache import CacheClient
from lab.shop.kit import Kit, Reply, Scalar
from lab.shop.peers import PeerError
from lab.shop.pricing import CATEGORIES, IN_CATEGORY

CACHE = "catalog-cache"
PRODUCTS = CATEGORIES * IN_CATEGORY
PriceList = Sequence[Mapping[str, Scalar]]


class Catalog:
    """Lists products and shows one."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._cache = CacheClient(kit, CACHE)
        self._thumbnails: dict[str, bytes] = {}

    def routes(self) -> Sequence[Route]:
        """GET /products, GET /products/{sku}."""
        return (
            self._kit.route("GET", "/products", self._list),
            self._kit.route("GET", "/products/{sku}", self._show),
        )

    async def open(self) -> None:
        """Reach the cache once, so that a wrong address fails at start, and fill it where it is empty."""
        await self._cache.open()
        await asyncio.gather(*(self._price_list(category) for category in range(CATEGORIES)))

    async def close(self) -> None:
        """Close the cache's connections."""
        await self._cache.close()

    async def _list(self, _request: Request) -> Reply:
        items = await self._price_list(0)
        if items is None:
            return Reply(503, {"error": "no prices"})
        shown: list[dict[str, Scalar]] = [{"sku": item["sku"], "price": item["price"]} for item in items]
        return Reply(200, {"banner": self._kit.config.text("banner"), "products": shown})

    async def _show(self, request: Request) -> Reply:
        sku = request.path_params["sku"]
        number = int(sku.removeprefix("sku-"))
        if number >= PRODUCTS:
            return Reply(404, {"error": f"no product {sku}"})
        items = await self._price_list(number // IN_CATEGORY)
        if items is None:
            return Reply(503, {"error": "no price"})
        self._thumbnail(sku)
        self._kit.log.info("%s %s", self._kit.config.text("view_wording"), sku)
        price = items[number % IN_CATEGORY]["price"]
        return Reply(200, {"sku": sku, "price": price, "banner": self._kit.config.text("banner")})

    async def _price_list(self, category: int) -> PriceList | None:
        """The price list from the cache, or worked out anew: whoever misses asks, also when others are asking."""
        key = f"prices:v{self._kit.config.number('price_list_format'):.0f}:{category}"
        kept = await self._cache.run("GET", lambda client: client.get(key))
        if kept is not None:
            found: PriceList = json.loads(kept)
            return found
        try:
            reply = await self._kit.peers.call("pricing", "GET", f"/price-lists/{category}", "/price-lists/{category}")
        except PeerError as error:
            self._kit.log.error("no price list %d: %s", category, error)
            return None
        if reply.status != 200:
            self._kit.log.error("no price list %d: pricing replied %d", category, reply.status)
            return None
        items = [dict(item) for item in reply.body["items"]]  # type: ignore[union-attr, arg-type]
        text, seconds = json.dumps(items), self._kit.config.number("price_list_ttl_seconds")
        if seconds > 0:
            await self._cache.run("SET", lambda client: client.set(key, text, px=int(seconds * 1000)))
        return items

    def _thumbnail(self, sku: str) -> None:
        if sku not in self._thumbnails:
            self._thumbnails[sku] = os.urandom(int(self._kit.config.number("thumbnail_kib") * 1024))
