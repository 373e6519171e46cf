"""Runs the shop, plays a case of an incident and writes the recording."""

from __future__ import annotations

import math
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lab.backends.postgres import DATABASE, run_postgres
from lab.backends.redis import run_redis
from lab.certificates import issue
from lab.fleet import Endpoints, Fleet
from lab.incidents.base import IncidentType, Scenario, Timing
from lab.network import Network
from lab.processes import LabError, free_ports
from lab.recorder.alerts import Alert, AlertEvaluator, ErrorRatio, LatencyQuantile, Rule
from lab.recorder.cgroup import CgroupExporter
from lab.recorder.host import HostExporter, ProcessGroupExporter
from lab.recorder.metrics import MetricStore
from lab.recorder.postgres import PostgresExporter
from lab.recorder.probe import CertificateProbe, HttpProbe
from lab.recorder.redis import RedisExporter
from lab.recorder.scrape import Exporter, Scraper, Target
from lab.recorder.spans import Collector
from lab.recorder.volume import VolumeExporter
from lab.recorder.window import Window
from lab.shop.notifier import QUEUE, STREAM
from lab.stage import LiveStage, Shop, customers, say
from lab.writing import Captured, check_room, write_recording

ORDERS_DB, CARD_NETWORK, RESOLVER = "orders-db", "card-network", "resolver"
LOCATIONS = ("eu-west", "eu-north")
# About what it takes to start the shop.
START_SECONDS = 25.0
DRAIN_SECONDS = 2.0
AFTER_PAGE_SECONDS = 2.0


@dataclass(frozen=True)
class Request:
    """What to record, and where to write it."""

    incident: IncidentType
    identity: str
    out: Path
    seed: int
    rate: float
    timing: Timing
    node: bool


def record(request: Request) -> Path:
    """Record one incident from scratch; return its folder."""
    scenario = request.incident.scenario(request.seed)
    check_room(request.out, request.identity)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="compass-lab-")))
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own and has to reach its data
        shop = _start(stack, folder, scenario, request)
        say("the shop is up")
        captured = _observe(request, scenario, shop)
        return write_recording(request.out, captured)


def _start(stack: ExitStack, folder: Path, scenario: Scenario, request: Request) -> Shop:
    plan, timing = scenario.plan, request.timing
    names = [name for name in plan.backends if name != ORDERS_DB]
    postgres_port, *redis_ports = free_ports(1 + len(names))
    volume = _volume(stack, folder, plan.database_volume_mib)
    postgres = stack.enter_context(run_postgres(folder, postgres_port, volume))
    caches = {
        name: stack.enter_context(run_redis(folder, port, name)) for name, port in zip(names, redis_ports, strict=True)
    }
    network = Network(folder, plan.proxied, request.seed)
    stack.callback(network.stop)
    network.start_resolver()
    addresses = {ORDERS_DB: postgres.conninfo, **{name: cache.url for name, cache in caches.items()}}
    for name, port in ((ORDERS_DB, postgres_port), *zip(names, redis_ports, strict=True)):
        if name in plan.proxied:
            network.start_path(name, port)
            addresses[name] = addresses[name].replace(str(port), str(network.paths[name]))
    ends = datetime.now(UTC) + timedelta(seconds=timing.warmup + timing.baseline + START_SECONDS)
    identity = issue(folder / "tls", CARD_NETWORK, ends if plan.certificate_expires else None)
    collector = Collector()
    collector.start()
    stack.callback(collector.stop)
    fleet = Fleet(plan, Endpoints(addresses, collector.endpoint, network, identity), folder)
    stack.callback(fleet.remove_groups)
    stack.callback(fleet.stop)
    fleet.start()
    return Shop(postgres, caches, volume, network, identity, collector, fleet)


def _volume(stack: ExitStack, folder: Path, mib: int | None) -> Path | None:
    """A small file system in memory, for the time of the recording."""
    if mib is None:
        return None
    point = folder / "volume"
    point.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=755", "tmpfs", str(point)], capture_output=True, check=False
    )
    if done.returncode != 0:
        raise LabError(f"a small volume needs the right to mount: {done.stderr.decode(errors='replace').strip()}")
    stack.callback(subprocess.run, ["umount", "-l", str(point)], check=False, capture_output=True)
    return point


def _observe(request: Request, scenario: Scenario, shop: Shop) -> Captured:
    store, timing, rate = MetricStore(), request.timing, request.rate * scenario.rate
    pages = rules(scenario.plan.front, timing) if scenario.pages else ()
    evaluator = AlertEvaluator((*pages, *scenario.rules(timing)), store)
    with (
        _scraping(store, shop, _exporters(shop, node=request.node), evaluator, timing.scrape),
        customers(shop.fleet.url(scenario.plan.front), rate, request.seed) as still_there,
        ExitStack() as stack,
    ):
        time.sleep(timing.warmup)
        stage = LiveStage(stack, shop, timing, rate, request.seed)
        say("recording")
        healthy = scenario.label.entity[0] == "none"
        # Not from the start: what the rules look back on has to lie after the shop's own start.
        silent = timing.baseline if healthy else timing.alert_window
        evaluator.since(round((stage.start.timestamp() + silent) * 1000))
        stage.before_onset = lambda: _clean(evaluator)
        injected = scenario.inject(stage)
        stage.wait_until(timing.baseline + timing.incident)
        alerts = _await_page(stage, evaluator, timing)
        end = datetime.fromtimestamp(math.floor(time.time()), UTC)
        still_there()
    time.sleep(DRAIN_SECONDS)
    shop.fleet.stop()
    return Captured(
        identity=request.identity,
        plan=scenario.plan,
        window=Window(stage.start, end),
        seed=request.seed,
        incident=request.incident.name,
        alerts=alerts,
        changes=tuple(stage.changes),
        truth=scenario.truth(injected),
        metrics=store,
        spans=shop.collector.spans(),
        service_logs=shop.fleet.logs(),
        database_log=(ORDERS_DB, shop.postgres.log),
        cache_logs=tuple((name, cache.log) for name, cache in shop.caches.items()),
    )


def _clean(evaluator: AlertEvaluator) -> None:
    """LabError when a page came before anything was done."""
    for alert in evaluator.fired():
        raise LabError(f"paged before the onset, at {alert.fired_at:%H:%M:%S}: {alert.description}; machine too busy?")


def _await_page(stage: LiveStage, evaluator: AlertEvaluator, timing: Timing) -> tuple[Alert, ...]:
    """The alerts so far; when none has fired yet, wait some more."""
    latest = datetime.now(UTC) + timedelta(seconds=timing.page_patience)
    while not evaluator.fired():
        if datetime.now(UTC) > latest:
            raise LabError("no alert fired: the incident did not reach a page")
        stage.wait_until((datetime.now(UTC) - stage.start).total_seconds() + 0.5)
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


def _exporters(shop: Shop, *, node: bool) -> list[Exporter]:
    found: list[Exporter] = [
        PostgresExporter(shop.postgres.conninfo, DATABASE, ORDERS_DB),
        ProcessGroupExporter("postgres", ORDERS_DB, shop.postgres.pid),
        CertificateProbe(CARD_NETWORK, shop.fleet.port(CARD_NETWORK), str(shop.identity.authority)),
    ]
    for name, cache in shop.caches.items():
        found.append(RedisExporter(cache.url, name, (STREAM,) if name == QUEUE else ()))
        found.append(ProcessGroupExporter("redis-server", name, cache.pid))
    found += [CgroupExporter(service, group) for service, group in shop.fleet.groups.items()]
    front, broken, (wrong,) = shop.fleet.url("storefront"), shop.broken_probes, free_ports(1)
    for location in LOCATIONS:
        found.append(
            HttpProbe(
                "storefront",
                location,
                lambda location=location: f"http://127.0.0.1:{wrong}/" if location in broken else f"{front}/",  # type: ignore[misc]
            )
        )
    if shop.volume is not None:
        found.append(VolumeExporter(ORDERS_DB, shop.volume, "/var/lib/postgresql"))
    return [*found, HostExporter()] if node else found


@contextmanager
def _scraping(
    store: MetricStore,
    shop: Shop,
    exporters: Sequence[Exporter],
    evaluator: AlertEvaluator,
    interval: float,
) -> Iterator[None]:
    resolver = Target(
        RESOLVER, f"http://127.0.0.1:{shop.network.resolver_admin}/metrics", "coredns", f"{RESOLVER}:9153"
    )
    scraper = Scraper(store, lambda: [*shop.fleet.targets(), resolver], exporters, evaluator.evaluate, interval)
    scraper.start()
    try:
        yield
    finally:
        scraper.stop()
        for exporter in exporters:
            exporter.close()
