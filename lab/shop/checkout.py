"""Checkout: turns a cart into an order and a payment."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.routing import Route

from lab.shop.kit import Json, Kit, PeerError, Reply, Stateless


class Checkout(Stateless):
    """GET /quotes/{customer}, POST /checkout."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def routes(self) -> Sequence[Route]:
        """The two routes."""
        return (
            self._kit.route("GET", "/quotes/{customer}", self._quote),
            self._kit.route("POST", "/checkout", self._checkout),
        )

    async def _quote(self, request: Request) -> Reply:
        customer = request.path_params["customer"]
        summary = await self._ask("orders", "GET", f"/customers/{customer}/summary", "/customers/{customer}/summary")
        if summary.status != 200:
            self._kit.log.warning("no quote for %s: orders replied %d", customer, summary.status)
            return Reply(503, {"error": "no quote"})
        spent = summary.body["spent"]
        return Reply(200, {"discount": 5 if isinstance(spent, int | float) and spent > 500 else 0})

    async def _checkout(self, request: Request) -> Reply:
        asked = await request.json()
        session = str(asked["session"])
        cart = await self._ask("cart", "GET", f"/carts/{session}", "/carts/{session}")
        if cart.status != 200 or not cart.body.get("items"):
            return Reply(409 if cart.status == 200 else 503, {"error": "no cart"})
        body = {"customer": asked["customer"], "items": cart.body["items"]}
        order = await self._ask("orders", "POST", "/orders", body=body)
        if order.status != 201:
            self._kit.log.error("could not place order for session %s: orders replied %d", session, order.status)
            return Reply(503, {"error": "order not placed"})
        payment = await self._ask(
            "payments", "POST", "/authorisations", body={"order": order.body["id"], "amount": order.body["total"]}
        )
        if payment.status != 201:
            self._kit.log.error("payment for order %s refused: %d", order.body["id"], payment.status)
            return Reply(502, {"error": "payment refused"})
        await self._ask("cart", "DELETE", f"/carts/{session}", "/carts/{session}")
        self._kit.log.info("order %s placed and paid for session %s", order.body["id"], session)
        return Reply(201, {"order": order.body["id"]})

    async def _ask(
        self,
        peer: str,
        method: str,
        path: str,
        template: str = "",
        body: Json | None = None,
    ) -> Reply:
        try:
            return await self._kit.peers.call(peer, method, path, template, body)
        except PeerError as error:
            self._kit.log.error("%s did not answer: %s", peer, error)
            return Reply(504)
