"""The catalogue: products from memory, and a banner from the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from starlette.requests import Request
from starlette.routing import Route

from lab.shop.kit import Kit, Reply, Scalar, Stateless

PRODUCTS = 400


class Catalog(Stateless):
    """Lists products and shows one."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        prices = Random(1)
        self._prices = {f"sku-{number:03d}": round(prices.uniform(4, 180), 2) for number in range(PRODUCTS)}

    def routes(self) -> Sequence[Route]:
        """GET /products, GET /products/{sku}."""
        return (
            self._kit.route("GET", "/products", self._list),
            self._kit.route("GET", "/products/{sku}", self._show),
        )

    async def _list(self, _request: Request) -> Reply:
        shown: list[dict[str, Scalar]] = [
            {"sku": sku, "price": price} for sku, price in list(self._prices.items())[:24]
        ]
        return Reply(200, {"banner": self._kit.config.text("banner"), "products": shown})

    async def _show(self, request: Request) -> Reply:
        sku = request.path_params["sku"]
        if sku not in self._prices:
            return Reply(404, {"error": f"no product {sku}"})
        self._kit.log.info("%s %s", self._kit.config.text("view_wording"), sku)
        return Reply(200, {"sku": sku, "price": self._prices[sku], "banner": self._kit.config.text("banner")})
