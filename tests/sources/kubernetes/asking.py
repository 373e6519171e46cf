"""A feed over a stand-in cluster, with everything it wrote at hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.kubernetes import CONNECTOR
from compass.sources.kubernetes.fields import when
from compass.sources.live.connector import Means
from compass.sources.live.feed import Feed, Scope
from compass.sources.live.gathered import Gathered, JsonObject, Objects
from tests.sources.kubernetes.cluster import TOKEN, Cluster
from tests.support.clocks import StillClock
from tests.support.loopback import Loopback, loopback


def ns(at: str) -> int:
    found = when({"at": f"2026-11-26T{at}Z"}, "at")
    assert found is not None
    return found


WINDOW = Window(start_ns=ns("10:00:00"), end_ns=ns("10:40:00"))
SCOPE = Scope(window=WINDOW, detected_ns=ns("10:30:00"))
PATIENT = Deadline()
NOW = StillClock(ns("10:40:30"))


def means(environment: dict[str, str], folder: Path = Path(), now: str = "10:40:30") -> Means:
    return Means(clock=StillClock(ns(now)), ledger=Ledger(), secrets=Secrets(environment, folder))


@asynccontextmanager
async def asking(
    cluster: Cluster, now: str = "10:40:30", **options: Any
) -> AsyncIterator[tuple[Feed, Loopback, Ledger]]:
    async with loopback(cluster) as server:
        made = means({"TOKEN": TOKEN}, now=now)
        table = {"type": "kubernetes", "url": server.url, "token": "env:TOKEN", **options}
        feed = CONNECTOR.connect("shop-cluster", table, made)
        try:
            yield feed, server, made.ledger
        finally:
            await feed.aclose()


def objects_of(gathered: Gathered) -> list[JsonObject]:
    assert isinstance(gathered.data, Objects)
    return list(gathered.data.objects)
