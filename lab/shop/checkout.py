"""Checkout: turns a cart into an order and a payment, and tells the queue."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.routing import Route

from lab.shop.kit import Json, Kit, Reply
from lab.shop.notifier import QUEUE, STREAM
from lab.shop.peers import PeerError
from lab.shop.tokens import issue

Event = dict[bytes | bytearray | memoryview | str | int | float, bytes | bytearray | memoryview | str | int | float]
MOST_EVENTS = 5000
LOYAL_SPENT = 500
TIERS = {"gold": 10, "silver": 5}


class Checkout:
    """GET /quotes/{customer}, POST /checkout."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._queue: Redis = Redis.from_url(kit.wiring.backend(QUEUE), decode_responses=True)

    def routes(self) -> Sequence[Route]:
        """The two routes."""
        return (
            self._kit.route("GET", "/quotes/{customer}", self._quote),
            self._kit.route("POST", "/checkout", self._checkout),
        )

    async def open(self) -> None:
        """Reach the queue once, so that a wrong address fails at start."""
        await self._queue.ping()

    async def close(self) -> None:
        """Close the queue's connections."""
        await self._queue.aclose()

    async def _quote(self, request: Request) -> Reply:
        customer = request.path_params["customer"]
        summary = await self._ask("orders", "GET", f"/customers/{customer}/summary", "/customers/{customer}/summary")
        if summary.status != 200:
            self._kit.log.warning("no quote for %s: orders replied %d", customer, summary.status)
            return Reply(503, {"error": "no quote"})
        spent = summary.body["spent"]
        return Reply(200, {"discount": 5 if isinstance(spent, int | float) and spent > LOYAL_SPENT else 0})

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
        if self._kit.flag("loyalty-tiers"):
            # The tiers were to come with the customer's profile, which the cart does not carry.
            self._kit.log.debug("tier discount %d", TIERS[cart.body["tier"]])  # type: ignore[index]
        refused = await self._pay(session, order.body)
        if refused is not None:
            return refused
        await self._ask("cart", "DELETE", f"/carts/{session}", "/carts/{session}")
        await self._tell(str(order.body["id"]), str(asked["customer"]))
        self._kit.log.info("order %s %s for session %s", order.body["id"], self._kit.config.text("placed"), session)
        return Reply(201, {"order": order.body["id"]})

    async def _pay(self, session: str, order: Json) -> Reply | None:
        body = {"order": order["id"], "amount": order["total"], "token": issue(session)}
        payment = await self._ask("payments", "POST", "/authorisations", body=body)
        if payment.status == 201:
            return None
        self._kit.log.error("payment for order %s refused: %d", order["id"], payment.status)
        return Reply(502, {"error": "payment refused"})

    async def _tell(self, order: str, customer: str) -> None:
        attributes = {
            "messaging.system": "redis",
            "messaging.destination.name": STREAM,
            "messaging.operation.type": "send",
            "server.address": QUEUE,
        }
        with self._kit.tracer.start_as_current_span(f"send {STREAM}", kind=SpanKind.PRODUCER, attributes=attributes):
            event: Event = {"order": order, self._kit.config.text("customer_field"): customer}
            inject(event)
            await self._queue.xadd(STREAM, event, maxlen=MOST_EVENTS, approximate=True)

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
