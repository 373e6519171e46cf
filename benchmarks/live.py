"""Benchmark: an investigation on live servers when every request takes 300 ms.

A real Prometheus holds the metrics of a generated system of fifty services. Loki and Tempo are in no registry: where
COMPASS_BENCH_LOKI and COMPASS_BENCH_TEMPO (with COMPASS_BENCH_OTLP, where it takes spans) name running ones they are
loaded and asked; else logs and traces come from disk and make no request. Everything is asked once, and what the
servers said is then given again, 300 ms after each request: servers that share the cores of this machine with COMPASS
would be measured else.
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
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connectors
from compass.sources.live.feed import Feed, Scope
from compass.sources.live.source import LiveSource, gather
from compass.sources.recording import RecordingSource
from tests.support.exchanges import Recording, Replay
from tests.support.prometheus import prometheus
from tests.support.recorded_feed import RecordedFeed

LATENCY_S = 0.3
SPECIALISTS = 6
MOST_REQUESTS, MOST_MB, FASTER = 60, 20.0, 5.0


class Slow(httpx2.AsyncBaseTransport):
    """What `inner` says, a while later. `turn` is held meanwhile: a lock makes requests wait for one another."""

    def __init__(
        self, inner: httpx2.AsyncBaseTransport, turn: Callable[[], AbstractAsyncContextManager[object]],
        latency_s: float = LATENCY_S,
    ) -> None:  # fmt: skip
        self._inner, self._turn, self._latency_s = inner, turn, latency_s

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        async with self._turn():
            await asyncio.sleep(self._latency_s)
            return await self._inner.handle_async_request(request)


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
                heard = Recording()
                asyncio.run(_measure(recording, servers, heard, whole=False))
                heard.write(Path(folder) / "said.jsonl.gz", {})
            said, lock = Replay(Path(folder) / "said.jsonl.gz"), asyncio.Lock()
            together = asyncio.run(_measure(recording, servers, Slow(said, nullcontext)))
            alone = asyncio.run(_measure(recording, servers, Slow(said, lambda: lock)))
            near = asyncio.run(_measure(recording, servers, Slow(said, nullcontext, 0.0)))
        together = replace(together, megabytes=heard.moved / 1e6)
        return _result(together, alone, near, [kind for kind, address in servers.items() if address])


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
    recording: Path, servers: dict[str, str], transport: httpx2.AsyncBaseTransport, *, whole: bool = True
) -> _Run:
    """The telemetry alone, then a whole investigation, each with connections of its own."""
    incident = RecordingSource.open(recording).incident()

    def means_of(ledger: Ledger) -> Means:
        return Means(clock=SystemClock(), ledger=ledger, secrets=Secrets({}, Path()), transport=transport)

    ledger = Ledger()
    feeds = _feeds(recording, servers, means_of(ledger))
    began = time.perf_counter()
    scope = Scope(window=incident.window, detected_ns=incident.detected_ns, service=incident.service)
    await gather(feeds, scope, SystemClock(), within_s=600)
    telemetry_s = time.perf_counter() - began
    # Their connections are left open: the transport is used again.
    failed = [sent.error for sent in ledger.sent if sent.error]
    if failed:
        raise RuntimeError(f"a server did not answer: {failed[0]}")

    def open_live() -> LiveSource:
        own = Ledger()
        return LiveSource("live", _feeds(recording, servers, means_of(own)), incident, SystemClock(), own, within_s=600)

    began = time.perf_counter()
    if whole:
        choice = SourceChoice(uri="live:bench", open=open_live)
        await board_of(recording, lambda _: means(Settings(), choice, Limits()))
    return _Run(
        telemetry_s=telemetry_s, whole_s=time.perf_counter() - began, requests=ledger.requests,
        megabytes=ledger.size / 1e6,
    )  # fmt: skip


def _result(together: _Run, alone: _Run, near: _Run, asked: list[str]) -> Result:
    waiting_s = together.requests * LATENCY_S
    faster = alone.telemetry_s / together.telemetry_s
    return Result(
        benchmark=Live.id,
        measured=f"{SERVICES} generated services for an hour, {LATENCY_S * 1000:.0f} ms a request, {', '.join(asked)}",
        figures=(
            Figure(name="requests of one investigation", value=together.requests, aim=f"at most {MOST_REQUESTS}",
                   met=together.requests <= MOST_REQUESTS),
            Figure(name="moved", value=together.megabytes, unit="MB", aim=f"at most {MOST_MB:g} MB",
                   met=together.megabytes <= MOST_MB),
            Figure(name="waiting for all requests, one after another", value=waiting_s, unit="s"),
            Figure(name="all telemetry read and kept, when answers come at once", value=near.telemetry_s, unit="s"),
            Figure(name="all telemetry read and kept, at once", value=together.telemetry_s, unit="s"),
            Figure(name="all telemetry read and kept, one request after another", value=alone.telemetry_s, unit="s"),
            Figure(name="times as fast, telemetry", value=faster, unit="x", aim=f"at least {FASTER:g} x",
                   met=faster >= FASTER),
            Figure(name=f"whole investigation, {SPECIALISTS} specialists at once", value=together.whole_s, unit="s"),
            Figure(name="whole investigation, one request after another", value=alone.whole_s, unit="s"),
            Figure(name="whole investigation, when answers come at once", value=near.whole_s, unit="s"),
        ),
        notes=("What no latency takes as well is processor time: reading answers, choosing what to ask, keeping it.",),
    )  # fmt: skip
