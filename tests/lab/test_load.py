"""The customers come at their rate, whatever holds one of them up."""

from __future__ import annotations

import asyncio
import time

import pytest

pytest.importorskip("httpx", reason="needs requirements/lab.in")
pytest.importorskip("prometheus_client", reason="needs requirements/lab.in")
pytest.importorskip("redis", reason="needs requirements/lab.in")
pytest.importorskip("opentelemetry.sdk", reason="needs requirements/lab.in")

from random import Random

from lab import load
from lab.load import JOURNEYS, Customer, choose

RATE, SECONDS = 15.0, 3.0


async def test_a_stall_does_not_lower_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    first = asyncio.Event()

    async def walk(customer: Customer) -> None:
        begun.append("journey")
        first.set()
        time.sleep(0.05)  # noqa: ASYNC251  (the stall)

    monkeypatch.setattr(load, "choose", lambda _random, _journey: walk)
    stopped = asyncio.Event()
    arriving = asyncio.create_task(load.arrive("http://127.0.0.1:9", RATE, 3, stopped, "mixed"))
    await asyncio.wait_for(first.wait(), 10)
    started, before = time.monotonic(), len(begun)
    await asyncio.sleep(SECONDS)
    stopped.set()
    due = RATE * (time.monotonic() - started)
    came = len(begun) - before
    await arriving
    # Waiting for a gap after each stall would bring 0.57 of them.
    assert came >= 0.75 * due


def test_a_journey_can_be_asked_for() -> None:
    assert choose(Random(1), "look_at_cart") is Customer.look_at_cart
    assert {choose(Random(seed)) for seed in range(40)} == {JOURNEYS[name] for name in ("browse", "fill_cart", "buy")}
