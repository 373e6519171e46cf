"""Pricing: works out the price list of a category, a few at a time; each takes some tenths of a second."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.routing import Route

from lab.shop.kit import Kit, Reply, Scalar, Stateless

CATEGORIES, IN_CATEGORY = 20, 20
DESCRIPTION = 900


class Pricing(Stateless):
    """GET /price-lists/{category}."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._workers = asyncio.Semaphore(int(kit.config.number("workers")))
        self._times = Random(3)

    def routes(self) -> Sequence[Route]:
        """The one route."""
        return (self._kit.route("GET", "/price-lists/{category}", self._price_list),)

    async def _price_list(self, request: Request) -> Reply:
        category = int(request.path_params["category"])
        with self._kit.tracer.start_as_current_span("wait for a pricing worker", kind=SpanKind.INTERNAL):
            await self._workers.acquire()
        try:
            with self._kit.tracer.start_as_current_span("apply price rules", kind=SpanKind.INTERNAL):
                await asyncio.sleep(self._times.uniform(0.8, 1.2) * self._kit.config.number("rules_seconds"))
        finally:
            self._workers.release()
        self._kit.log.info("%s %d", self._kit.config.text("done"), category)
        return Reply(200, {"items": price_list(category)})


def price_list(category: int) -> list[dict[str, Scalar]]:
    """The products of a category with their prices and descriptions."""
    dice = Random(category)
    return [
        {
            "sku": f"sku-{category * IN_CATEGORY + number:03d}",
            "price": round(dice.uniform(4, 180), 2),
            "description": "".join(dice.choices("abcdefghijklmnopqrstuvwxyz     ", k=DESCRIPTION)),
        }
        for number in range(IN_CATEGORY)
    ]
