"""The customers: `python -m lab.load --target URL --rate 5 --seed 7`, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Awaitable, Callable
from random import Random

import httpx

from lab.processes import die_with_parent
from lab.shop.catalog import PRODUCTS

MOST_JOURNEYS = 120
Journey = Callable[["Customer"], Awaitable[None]]


class Customer:
    """One session of one customer."""

    def __init__(self, client: httpx.AsyncClient, random: Random, number: int) -> None:
        self._client = client
        self._random = random
        self._session = f"s-{number:06d}"
        self._customer = f"c-{random.randrange(900)}"

    async def browse(self) -> None:
        """Home page and two products."""
        await self._get("/")
        await self._get(f"/product/{self._sku()}")
        await self._get(f"/product/{self._sku()}")

    async def fill_cart(self) -> None:
        """A product into the cart, and a look at the cart."""
        sku = self._sku()
        await self._get(f"/product/{sku}")
        await self._post("/cart", {"session": self._session, "sku": sku, "quantity": 1})
        await self._get(f"/cart?session={self._session}&customer={self._customer}")

    async def buy(self) -> None:
        """Fill the cart, then check out."""
        await self.fill_cart()
        await self._post("/checkout", {"session": self._session, "customer": self._customer})

    async def look_at_cart(self) -> None:
        """Only the cart, over and over, as a crawler or a page that polls does."""
        await self._get(f"/cart?session={self._session}&customer={self._customer}")

    def _sku(self) -> str:
        return f"sku-{self._random.randrange(PRODUCTS):03d}"

    async def _get(self, path: str) -> None:
        await self._client.get(path)
        await self._think()

    async def _post(self, path: str, body: dict[str, str | int]) -> None:
        await self._client.post(path, json=body)
        await self._think()

    async def _think(self) -> None:
        await asyncio.sleep(self._random.uniform(0.1, 0.5))


JOURNEYS: dict[str, Journey] = {
    "browse": Customer.browse,
    "fill_cart": Customer.fill_cart,
    "buy": Customer.buy,
    "look_at_cart": Customer.look_at_cart,
}


def choose(random: Random, journey: str = "mixed") -> Journey:
    """What the next customer is up to."""
    if journey in JOURNEYS:
        return JOURNEYS[journey]
    draw = random.random()
    if draw < 0.30:
        return Customer.browse
    return Customer.fill_cart if draw < 0.55 else Customer.buy


async def arrive(target: str, rate: float, seed: int, stopped: asyncio.Event, journey: str) -> None:
    """Start journeys with exponential gaps; skip arrivals beyond the bound."""
    random, journeys = Random(seed), set[asyncio.Task[None]]()
    limits = httpx.Limits(max_connections=MOST_JOURNEYS, max_keepalive_connections=20)
    async with httpx.AsyncClient(base_url=target, timeout=10, limits=limits, trust_env=False) as client:
        number, loop = 0, asyncio.get_running_loop()
        due = loop.time()
        while not stopped.is_set():
            # Arrivals keep to the clock: a busy machine makes one late, not all that follow.
            due += random.expovariate(rate)
            await asyncio.sleep(max(due - loop.time(), 0.0))
            number += 1
            customer, walk = Customer(client, Random(seed * 1_000_003 + number), number), choose(random, journey)
            if len(journeys) < MOST_JOURNEYS:
                task = asyncio.create_task(_walk(customer, walk))
                journeys.add(task)
                task.add_done_callback(journeys.discard)
        if journeys:
            _, left = await asyncio.wait(journeys, timeout=3)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)


async def _walk(customer: Customer, journey: Journey) -> None:
    try:
        await journey(customer)
    except httpx.HTTPError:
        return  # the customer gives up; the storefront's own telemetry tells


async def _run(target: str, rate: float, seed: int, journey: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await arrive(target, rate, seed, stopped, journey)


def main() -> None:
    """Parse the options and send traffic until told to stop."""
    parser = argparse.ArgumentParser(description="load generator of the lab's shop")
    parser.add_argument("--target", required=True)
    parser.add_argument("--rate", type=float, required=True, help="journeys a second")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--journey", choices=["mixed", *JOURNEYS], default="mixed")
    options = parser.parse_args()
    die_with_parent()
    asyncio.run(_run(options.target, options.rate, options.seed, options.journey))


if __name__ == "__main__":
    main()
