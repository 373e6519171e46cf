"""The notifier: takes order events from a queue, one after another, and sends the customer a message."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from random import Random
from time import perf_counter

from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Status, StatusCode
from prometheus_client import Counter, Histogram
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from starlette.routing import Route

from lab.shop.kit import Kit
from lab.shop.metrics import HTTP_BUCKETS

QUEUE, STREAM, GROUP = "event-queue", "order-events", "notifier"
Events = Sequence[tuple[str, Mapping[str, str]]]
Streams = Sequence[tuple[str, Events]]
BLOCK_MS, AGAIN_SECONDS = 1000, 0.5


class Notifier:
    """A consumer group of one. An event that could not be handled stays first in the queue and is tried again."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._redis: Redis = Redis.from_url(kit.wiring.backend(QUEUE), decode_responses=True)
        self._times = Random(4)
        self._task: asyncio.Task[None] | None = None
        where = ("messaging_system", "messaging_destination_name", "error_type")
        self._duration = Histogram(
            "messaging_process_duration_seconds",
            "Duration of processing operation.",
            where,
            buckets=HTTP_BUCKETS,
            registry=kit.registry,
        )
        self._consumed = Counter(
            "messaging_client_consumed_messages",
            "Number of messages that were delivered to the application.",
            where[:2],
            registry=kit.registry,
        )

    def routes(self) -> Sequence[Route]:
        """It takes no requests."""
        return ()

    async def open(self) -> None:
        """Create the group and begin to consume."""
        with suppress(ResponseError):  # the group exists already
            await self._redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        self._task = asyncio.create_task(self._consume())

    async def close(self) -> None:
        """Stop consuming."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._redis.aclose()

    async def _consume(self) -> None:
        while True:
            try:
                for identity, event in await self._next():
                    if await self._handle(identity, event):
                        await self._redis.xack(STREAM, GROUP, identity)
                    else:
                        await asyncio.sleep(AGAIN_SECONDS)
            except RedisError:
                self._kit.log.exception("the queue did not answer")
                await asyncio.sleep(AGAIN_SECONDS)

    async def _next(self) -> Events:
        """What was taken before and not finished comes first; else the next new event."""
        for since in ("0", ">"):
            streams: Streams = await self._redis.xreadgroup(  # type: ignore[assignment]
                GROUP, "worker-1", {STREAM: since}, count=1, block=BLOCK_MS
            )
            for _, events in streams or ():
                if events:
                    return events
        return ()

    async def _handle(self, identity: str, event: Mapping[str, str]) -> bool:
        started, failed = perf_counter(), ""
        self._consumed.labels("redis", STREAM).inc()
        attributes = {
            "messaging.system": "redis",
            "messaging.destination.name": STREAM,
            "messaging.operation.type": "process",
            "messaging.message.id": identity,
        }
        with self._kit.tracer.start_as_current_span(
            f"process {STREAM}", context=extract(dict(event)), kind=SpanKind.CONSUMER, attributes=attributes
        ) as span:
            try:
                number = int(event["customer"].removeprefix("c-"))
                await asyncio.sleep(self._times.uniform(0.05, 0.12))
                self._kit.log.info("%s %s to customer %d", self._kit.config.text("sent"), event["order"], number)
            except (LookupError, ValueError) as error:
                failed = type(error).__name__
                span.record_exception(error)
                span.set_attribute("error.type", failed)
                span.set_status(Status(StatusCode.ERROR))
                self._kit.log.exception("could not handle event %s", identity)
            finally:
                self._duration.labels("redis", STREAM, failed).observe(perf_counter() - started)
        return not failed
