"""The storefront: what customers talk to."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from starlette.requests import Request
from starlette.routing import Route

from lab.shop.kit import Handler, Kit, Reply, Stateless
from lab.shop.peers import PeerError


class Storefront(Stateless):
    """Home page, product pages, cart and checkout."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def routes(self) -> Sequence[Route]:
        """The shop's public routes."""
        return (
            self._page("GET", "/", self._home),
            self._page("GET", "/product/{sku}", self._product),
            self._page("POST", "/cart", self._add),
            self._page("GET", "/cart", self._cart),
            self._page("POST", "/checkout", self._checkout),
        )

    def _page(self, method: str, path: str, handler: Handler) -> Route:
        async def logged(request: Request) -> Reply:
            started = perf_counter()
            reply = await handler(request)
            took = (perf_counter() - started) * 1000
            self._kit.log.info("%s %s %d %.0f ms", method, request.url.path, reply.status, took)
            return reply

        return self._kit.route(method, path, logged)

    async def _home(self, _request: Request) -> Reply:
        return await self._pass("catalog", "GET", "/products")

    async def _product(self, request: Request) -> Reply:
        return await self._pass("catalog", "GET", f"/products/{request.path_params['sku']}", "/products/{sku}")

    async def _add(self, request: Request) -> Reply:
        item = await request.json()
        path = f"/carts/{item['session']}/items"
        body = {"sku": item["sku"], "quantity": item["quantity"]}
        try:
            return await self._kit.peers.call("cart", "POST", path, "/carts/{session}/items", body)
        except PeerError as error:
            return self._unavailable("cart", error)

    async def _cart(self, request: Request) -> Reply:
        session, customer = request.query_params["session"], request.query_params["customer"]
        cart = await self._pass("cart", "GET", f"/carts/{session}", "/carts/{session}")
        if cart.status != 200:
            return cart
        try:
            quote = await self._kit.peers.call("checkout", "GET", f"/quotes/{customer}", "/quotes/{customer}")
        except PeerError as error:
            self._kit.log.warning("showing the cart without a loyalty discount: %s", error)
            return cart
        if quote.status != 200:
            self._kit.log.warning("showing the cart without a loyalty discount: checkout replied %d", quote.status)
            return cart
        return Reply(200, {**cart.body, "discount": quote.body["discount"]})

    async def _checkout(self, request: Request) -> Reply:
        order = await request.json()
        try:
            placed = await self._kit.peers.call("checkout", "POST", "/checkout", body=order)
        except PeerError as error:
            return self._unavailable("checkout", error)
        if placed.status >= 500:
            self._kit.log.error("checkout replied %d for session %s", placed.status, order["session"])
        return placed

    async def _pass(self, peer: str, method: str, path: str, template: str = "") -> Reply:
        try:
            return await self._kit.peers.call(peer, method, path, template)
        except PeerError as error:
            return self._unavailable(peer, error)

    def _unavailable(self, peer: str, error: PeerError) -> Reply:
        self._kit.log.error("%s did not answer: %s", peer, error)
        return Reply(504, {"error": f"{peer} did not answer"})
