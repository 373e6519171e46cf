"""The queue's worker, on a real Redis: an event it cannot read stays first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

pytest.importorskip("prometheus_client", reason="needs requirements/lab.in")
pytest.importorskip("opentelemetry.sdk", reason="needs requirements/lab.in")
pytest.importorskip("redis", reason="needs requirements/lab.in")

from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry
from redis import Redis

from lab.backends.redis import find_binary, run_redis
from lab.controls import Controls
from lab.processes import free_ports
from lab.recorder.redis import RedisExporter
from lab.shop.config import ServiceConfig, Wiring
from lab.shop.kit import Kit
from lab.shop.metrics import build_http_metrics, build_registry
from lab.shop.notifier import GROUP, QUEUE, STREAM, Notifier
from lab.shop.peers import PeerClient

pytestmark = pytest.mark.skipif(find_binary() is None, reason="needs Debian package redis-server")
CONFIG = ServiceConfig("notifier", "1", "info", 1.0, {"sent": "sent confirmation of order"})


@asynccontextmanager
async def running(url: str, folder: Path) -> AsyncIterator[CollectorRegistry]:
    wiring = Wiring(0, 0, "notifier:8080", "", {}, {QUEUE: url}, 0, str(folder / "none.json"), "")
    registry, tracer = build_registry(), TracerProvider(shutdown_on_exit=False).get_tracer("test")
    http = build_http_metrics(registry)
    # It calls nobody, so its client needs no trust of its own.
    peers = object.__new__(PeerClient)
    log = logging.getLogger("test.notifier")
    notifier = Notifier(Kit(CONFIG, wiring, tracer, registry, http, peers, log, Controls(wiring.controls)))
    await notifier.open()
    try:
        yield registry
    finally:
        await notifier.close()


def lag(exporter: RedisExporter) -> float:
    return next(reading.value for reading in exporter.read() if reading.name == "redis_stream_group_lag")


async def until(condition: object, seconds: float = 5.0) -> None:
    assert callable(condition)
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen in time")


async def test_a_poison_event_stays_first_and_the_others_wait(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with run_redis(tmp_path, port, QUEUE) as server, Redis.from_url(server.url) as client:
        exporter = RedisExporter(server.url, QUEUE, (STREAM,))
        client.xadd(STREAM, {"order": "1", "customer": "c-7"})
        async with running(server.url, tmp_path) as registry:
            await until(lambda: client.xinfo_groups(STREAM)[0]["entries-read"] == 1 and _pending(client) == 0)
            client.xadd(STREAM, {"order": "2", "customer": "guest"})
            for number in range(3, 8):
                client.xadd(STREAM, {"order": str(number), "customer": f"c-{number}"})
            await until(lambda: _failures(registry) >= 2)
            assert lag(exporter) == 5.0
            assert _pending(client) == 1
        exporter.close()


def _pending(client: Redis) -> int:
    return int(next(group["pending"] for group in client.xinfo_groups(STREAM) if group["name"] == GROUP.encode()))


def _failures(registry: CollectorRegistry) -> float:
    found = registry.get_sample_value(
        "messaging_process_duration_seconds_count",
        {"messaging_system": "redis", "messaging_destination_name": STREAM, "error_type": "ValueError"},
    )
    return found or 0.0
