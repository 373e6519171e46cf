"""Payments: authorises an amount; the card network's answer takes a few tens of milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.routing import Route

from lab.shop.kit import Kit, Reply, Stateless


class Payments(Stateless):
    """POST /authorisations."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._delays = Random(2)

    def routes(self) -> Sequence[Route]:
        """The one route."""
        return (self._kit.route("POST", "/authorisations", self._authorise),)

    async def _authorise(self, request: Request) -> Reply:
        asked = await request.json()
        with self._kit.tracer.start_as_current_span("card network", kind=SpanKind.INTERNAL):
            await asyncio.sleep(self._delays.uniform(0.02, 0.06))
        self._kit.log.info("%s %s: %.2f EUR", self._kit.config.text("receipt"), asked["order"], asked["amount"])
        return Reply(201, {"authorised": True})
