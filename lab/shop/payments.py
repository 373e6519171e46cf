"""Payments: checks the caller's token and asks the card network, a third party, to charge an amount."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from opentelemetry.trace import SpanKind
from starlette.requests import Request
from starlette.routing import Route

from lab.shop.kit import Kit, Reply, Stateless, kept
from lab.shop.peers import PeerError
from lab.shop.tokens import TokenRefused, verify

CARD_NETWORK = "card-network"
SCREENING_SECONDS = 1.6


class Payments(Stateless):
    """POST /authorisations."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._receipts: list[bytes] = []

    def routes(self) -> Sequence[Route]:
        """The one route."""
        return (self._kit.route("POST", "/authorisations", self._authorise),)

    async def _authorise(self, request: Request) -> Reply:
        asked = await request.json()
        try:
            verify(str(asked["token"]))
        except TokenRefused as refusal:
            self._kit.log.warning("authorisation for order %s rejected: %s", asked["order"], refusal)
            return Reply(401, {"error": "token rejected"})
        if self._kit.flag("fraud-screening"):
            with self._kit.tracer.start_as_current_span("screen for fraud", kind=SpanKind.INTERNAL):
                await asyncio.sleep(SCREENING_SECONDS)
        try:
            charge = await self._kit.peers.call(CARD_NETWORK, "POST", "/v1/charges", body={"amount": asked["amount"]})
        except PeerError as error:
            self._kit.log.error("the card network did not answer for order %s: %s", asked["order"], error)
            return Reply(504, {"error": "card network did not answer"})
        if charge.status != 200:
            self._kit.log.error("the card network replied %d for order %s", charge.status, asked["order"])
            return Reply(502, {"error": "card network refused"})
        self._receipts.extend(kept(self._kit))
        self._kit.log.info("%s %s: %.2f EUR", self._kit.config.text("receipt"), asked["order"], asked["amount"])
        return Reply(201, {"authorised": True})
