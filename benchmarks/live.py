"""Benchmark: an investigation on live servers when every request takes 300 ms longer.

A real Prometheus holds the metrics of a generated system of fifty services. Loki and Tempo are in no registry: where
COMPASS_BENCH_LOKI and COMPASS_BENCH_TEMPO (with COMPASS_BENCH_OTLP, where it takes spans) name running ones they are
loaded and asked; else logs and traces come from disk and make no request.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2

from benchmarks.base import Figure, Options, Result
from benchmarks.making.fleet import SECONDS, SERVICES, write
from compass.domain.time import NS_PER_S
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import SourceChoice, means
from compass.evaluation.case import board_of
from compass.investigation.settings import Limits
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connectors
from compass.sources.live.feed import Feed, Scope
from compass.sources.live.options import Secrets
from compass.sources.live.source import LiveSource, gather
from compass.sources.recording import RecordingSource
from tests.support.prometheus import prometheus
from tests.support.recorded_feed import RecordedFeed

LATENCY_S = 0.3
SPECIALISTS = 6
MOST_REQUESTS, MOST_MB, FASTER = 60, 20.0, 5.0


class Slow(httpx2.AsyncBaseTransport):
    """The network, 300 ms slower for each request. `turn` is held meanwhile: a lock makes them one after another."""

    def __init__(self, turn: Callable[[], AbstractAsyncContextManager[object]]) -> None:
        self._inner, self._turn = httpx2.AsyncHTTPTransport(), turn

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        async with self._turn():
            await asyncio.sleep(LATENCY_S)
            response = await self._inner.handle_async_request(request)
            await response.aread()
            return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    telemetry_s: float
    whole_s: float
    requests: int
    megabytes: float


class Live:
    id = "live"
    summary = "An investigation on live servers with 300 ms injected into every request, against one request at a time."

    def run(self, options: Options) -> Result:
        with tempfile.TemporaryDirectory(prefix="bench-live-") as folder:
            # Whole minutes ago, since some servers take no spans of long ago.
            start = (time.time_ns() // NS_PER_S - SECONDS - 120) // 60 * 60 * NS_PER_S
            size = {"lines": 20_000, "traces": 300} if options.quick else {}
            recording = write(Path(folder) / "fleet", start, **size)
            loki, tempo = (os.environ.get(f"COMPASS_BENCH_{name}", "") for name in ("LOKI", "TEMPO"))
            _load(recording, loki, os.environ.get("COMPASS_BENCH_OTLP", tempo) if tempo else "")
            with prometheus(Path(folder) / "prometheus", recording) as url:
                servers = {"mimir": url, "loki": loki, "tempo": tempo}
                together = asyncio.run(_measure(recording, servers, nullcontext))
                lock = asyncio.Lock()
                alone = asyncio.run(_measure(recording, servers, lambda: lock))
        return _result(together, alone, [name for name, address in servers.items() if address])


def _load(recording: Path, loki: str, otlp: str) -> None:
    if loki:
        from tests.support import load_loki

        load_loki.load(recording, loki)
    if otlp:
        from tests.support import load_tempo

        load_tempo.load(recording, otlp)
        time.sleep(60)  # until it can be searched


def _feeds(recording: Path, servers: dict[str, str], made: Means) -> Sequence[Feed]:
    named = {"mimir": "metrics", "loki": "logs", "tempo": "traces"}
    live = [
        connectors()[kind].connect(named[kind], {"type": kind, "url": url, "timeout_s": 60.0}, made)
        for kind, url in servers.items() if url
    ]  # fmt: skip
    covered = frozenset(part for feed in live for part in feed.parts)
    return [*live, RecordedFeed(recording, without=covered)]


async def _measure(
    recording: Path, servers: dict[str, str], turn: Callable[[], AbstractAsyncContextManager[object]]
) -> _Run:
    """The telemetry alone, then a whole investigation, each with connections of its own."""
    incident = RecordingSource.open(recording).incident()

    def means_of(ledger: Ledger) -> Means:
        return Means(clock=SystemClock(), ledger=ledger, secrets=Secrets({}, Path()), transport=Slow(turn))

    ledger = Ledger()
    feeds = _feeds(recording, servers, means_of(ledger))
    began = time.perf_counter()
    scope = Scope(window=incident.window, detected_ns=incident.detected_ns, service=incident.service)
    await gather(feeds, scope, SystemClock(), within_s=600)
    telemetry_s = time.perf_counter() - began
    for feed in feeds:
        await feed.aclose()

    def open_live() -> LiveSource:
        own = Ledger()
        return LiveSource("live", _feeds(recording, servers, means_of(own)), incident, SystemClock(), own, within_s=600)

    choice = SourceChoice(uri="live:bench", open=open_live)
    began = time.perf_counter()
    await board_of(recording, lambda _: replace(means(Settings(), choice, Limits()), clock=SystemClock()))
    return _Run(
        telemetry_s=telemetry_s, whole_s=time.perf_counter() - began, requests=ledger.requests,
        megabytes=ledger.size / 1e6,
    )  # fmt: skip


def _result(together: _Run, alone: _Run, asked: list[str]) -> Result:
    faster = alone.telemetry_s / together.telemetry_s
    against = alone.telemetry_s / together.whole_s
    slower = f"{LATENCY_S * 1000:.0f} ms added to every request"
    return Result(
        benchmark=Live.id, measured=f"{SERVICES} generated services for an hour, {slower}, servers: {', '.join(asked)}",
        figures=(
            Figure(name="requests of one investigation", value=together.requests, aim=f"at most {MOST_REQUESTS}",
                   met=together.requests <= MOST_REQUESTS),
            Figure(name="moved", value=together.megabytes, unit="MB", aim=f"at most {MOST_MB:g} MB",
                   met=together.megabytes <= MOST_MB),
            Figure(name="all telemetry, at once", value=together.telemetry_s, unit="s"),
            Figure(name="all telemetry, one request after another", value=alone.telemetry_s, unit="s"),
            Figure(name="times as fast", value=faster, unit="x", aim=f"at least {FASTER:g} x", met=faster >= FASTER),
            Figure(name=f"whole investigation, {SPECIALISTS} specialists at once", value=together.whole_s, unit="s"),
            Figure(name="whole investigation, one request after another", value=alone.whole_s, unit="s"),
            Figure(name="its requests one after another against the whole of it", value=against, unit="x",
                   aim=f"at least {FASTER:g} x", met=against >= FASTER),
        ),
        notes=("The second ratio has the analysis in it, which the two cores do whatever the network does.",),
    )  # fmt: skip
