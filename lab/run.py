"""Runs the shop, injects an incident and writes the recording."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.backends.postgres import DATABASE, PostgresServer, run_postgres
from lab.backends.redis import RedisServer, run_redis
from lab.fleet import DeployRequest, Endpoints, Fleet
from lab.incidents.base import Incident, Timing
from lab.processes import LabError, free_ports, stop
from lab.recorder.alerts import Alert, AlertEvaluator, ErrorRatio, LatencyQuantile, Rule
from lab.recorder.changes import Change
from lab.recorder.host import HostExporter, ProcessGroupExporter
from lab.recorder.metrics import MetricStore
from lab.recorder.postgres import PostgresExporter
from lab.recorder.redis import RedisExporter
from lab.recorder.scrape import Exporter, Scraper
from lab.recorder.spans import Collector
from lab.recorder.window import Window
from lab.shop.plan import SHOP, ShopPlan
from lab.writing import Captured, write_recording

ORDERS_DB, CART_CACHE = "orders-db", "cart-cache"
DRAIN_SECONDS = 2.0
AFTER_PAGE_SECONDS = 2.0


@dataclass(frozen=True)
class Request:
    """What to record, and where to write it."""

    incident: Incident
    identity: str
    out: Path
    seed: int
    rate: float
    timing: Timing
    node: bool


@dataclass(frozen=True)
class Servers:
    """What the shop stands on."""

    postgres: PostgresServer
    redis: RedisServer


class LiveStage:
    """The running shop, handed to the incident type."""

    def __init__(self, fleet: Fleet, timing: Timing) -> None:
        self._fleet = fleet
        self._timing = timing
        # The window starts on a whole second, so that recording.yaml can say it exactly.
        self.start = datetime.fromtimestamp(math.ceil(time.time()), UTC)
        self.changes: list[Change] = []

    @property
    def timing(self) -> Timing:
        """The recording's timing."""
        return self._timing

    def wait_until(self, seconds: float) -> None:
        """Sleep, and notice a service that ends on its own."""
        until = self.start.timestamp() + seconds
        while (left := until - time.time()) > 0:
            time.sleep(min(left, 1.0))
            self._fleet.check()

    def deploy(self, request: DeployRequest) -> Change:
        """Deploy, and keep the change."""
        change = self._fleet.deploy(request)
        self.changes.append(change)
        say(f"deployed {change.id}")
        return change


def say(text: str) -> None:
    """Progress for the person who records."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")


def record(request: Request) -> Path:
    """Record one incident from scratch; return its folder."""
    plan = request.incident.prepare(SHOP)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="compass-lab-")))
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own and has to reach its data
        servers = _start_servers(stack, folder)
        collector = Collector()
        collector.start()
        stack.callback(collector.stop)
        endpoints = Endpoints(servers.postgres.conninfo, servers.redis.url, collector.endpoint)
        fleet = Fleet(plan, endpoints, folder)
        stack.callback(fleet.stop)
        fleet.start()
        say("the shop is up")
        captured = _observe(request, plan, fleet, servers, collector)
        return write_recording(request.out, captured)


def _start_servers(stack: ExitStack, folder: Path) -> Servers:
    postgres_port, redis_port = free_ports(2)
    postgres = stack.enter_context(run_postgres(folder, postgres_port))
    return Servers(postgres, stack.enter_context(run_redis(folder, redis_port)))


def _observe(request: Request, plan: ShopPlan, fleet: Fleet, servers: Servers, collector: Collector) -> Captured:
    store, timing = MetricStore(), request.timing
    evaluator = AlertEvaluator(rules(plan.front, timing), store)
    with (
        _scraping(store, fleet, _exporters(servers, node=request.node), evaluator, timing.scrape),
        _load(fleet.url(plan.front), request.rate, request.seed),
    ):
        time.sleep(timing.warmup)
        stage = LiveStage(fleet, timing)
        say("recording")
        injected = request.incident.inject(stage)
        stage.wait_until(timing.baseline + timing.incident)
        alerts = _await_page(stage, evaluator, timing)
        end = datetime.fromtimestamp(math.floor(time.time()), UTC)
    time.sleep(DRAIN_SECONDS)
    fleet.stop()
    return Captured(
        identity=request.identity,
        plan=plan,
        window=Window(stage.start, end),
        seed=request.seed,
        incident=request.incident.name,
        alerts=alerts,
        changes=tuple(stage.changes),
        truth=request.incident.truth(injected),
        metrics=store,
        spans=collector.spans(),
        service_logs=fleet.logs(),
        database_log=(ORDERS_DB, servers.postgres.log),
        cache_log=(CART_CACHE, servers.redis.log),
    )


def _await_page(stage: LiveStage, evaluator: AlertEvaluator, timing: Timing) -> tuple[Alert, ...]:
    """The alerts so far; when none has fired yet, wait some more."""
    latest = datetime.now(UTC) + timedelta(seconds=timing.page_patience)
    while not evaluator.fired():
        if datetime.now(UTC) > latest:
            raise LabError("no alert fired: the incident did not reach the front end")
        time.sleep(0.5)
    page = evaluator.fired()[0]
    stage.wait_until((page.fired_at - stage.start).total_seconds() + AFTER_PAGE_SECONDS)
    return tuple(evaluator.fired())


def rules(front: str, timing: Timing) -> tuple[Rule, ...]:
    """The page's rules: latency and errors of the front end."""
    window, hold = timing.alert_window, timing.alert_hold
    return (
        Rule("FrontEndSlow", front, "critical", LatencyQuantile(front, 0.95, window), 1.0, hold),
        Rule("FrontEndErrors", front, "critical", ErrorRatio(front, window), 0.05, hold),
    )


def _exporters(servers: Servers, *, node: bool) -> list[Exporter]:
    host: list[Exporter] = [HostExporter()] if node else []
    return [
        PostgresExporter(servers.postgres.conninfo, DATABASE, ORDERS_DB),
        RedisExporter(servers.redis.url, CART_CACHE),
        ProcessGroupExporter("postgres", ORDERS_DB, servers.postgres.pid),
        ProcessGroupExporter("redis-server", CART_CACHE, servers.redis.pid),
        *host,
    ]


@contextmanager
def _scraping(
    store: MetricStore,
    fleet: Fleet,
    exporters: Sequence[Exporter],
    evaluator: AlertEvaluator,
    interval: float,
) -> Iterator[None]:
    scraper = Scraper(store, fleet.targets, exporters, evaluator.evaluate, interval)
    scraper.start()
    try:
        yield
    finally:
        scraper.stop()
        for exporter in exporters:
            exporter.close()


@contextmanager
def _load(target: str, rate: float, seed: int) -> Iterator[None]:
    command = [sys.executable, "-m", "lab.load", "--target", target, "--rate", str(rate), "--seed", str(seed)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=subprocess.DEVNULL, env=dict(os.environ))
    try:
        yield
        if process.poll() is not None:
            raise LabError(f"the load generator ended with code {process.returncode}")
    finally:
        stop(process)
