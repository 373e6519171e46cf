"""The running shop, handed to an incident type: everything that can be done to it, really done."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import redis

from lab.backends.postgres import PostgresServer
from lab.backends.redis import RedisServer
from lab.certificates import Identity
from lab.cgroups import needed
from lab.controls import Switch
from lab.fleet import DeployRequest, Fleet
from lab.incidents.base import Timing
from lab.network import Network
from lab.processes import REPOSITORY, LabError, stop
from lab.recorder.changes import Change, diff_of
from lab.recorder.spans import Collector

CHUNK = 256 * 1024


@dataclass(frozen=True)
class Shop:
    """Everything that runs."""

    postgres: PostgresServer
    caches: Mapping[str, RedisServer]
    volume: Path | None
    network: Network
    identity: Identity
    collector: Collector
    fleet: Fleet
    # Locations whose checks ask a wrong address.
    broken_probes: set[str] = field(default_factory=set)


class LiveStage:
    """What `lab.incidents.base.Stage` promises, on a real shop. Owned by the thread that records."""

    def __init__(self, stack: ExitStack, shop: Shop, timing: Timing, rate: float, seed: int) -> None:
        self._stack = stack
        self._shop = shop
        self._seed = seed
        self.timing = timing
        self.rate = rate
        # The window starts on a whole second, so that recording.yaml can say it exactly.
        self.start = datetime.fromtimestamp(math.ceil(time.time()), UTC)
        self.changes: list[Change] = []
        # Called while the baseline lasts: raises when it is not clean.
        self.before_onset: Callable[[], None] = lambda: None
        self._cpu_before = {service: group.usage().cpu_seconds for service, group in shop.fleet.groups.items()}

    def wait_until(self, seconds: float) -> None:
        """Sleep, and notice a service that ends on its own."""
        until = self.start.timestamp() + seconds
        while (left := until - time.time()) > 0:
            time.sleep(min(left, 0.5))
            self._shop.fleet.check()
            if seconds <= self.timing.baseline:
                self.before_onset()

    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC)

    def deploy(self, request: DeployRequest) -> Change:
        """Deploy, and keep the change."""
        return self._keep(self._shop.fleet.deploy(request))

    def flip(self, service: str, flag: str, *, on: bool) -> Change:
        """Turn a feature flag, and keep the change."""
        before, after = (f"{flag}:\n  enabled: {str(state).lower()}\n" for state in (not on, on))
        word = "on" if on else "off"
        identity, path = f"flag-{flag}-{word}", f"flags/{service}.yaml"
        change = self.change("flag", service, identity, f"turn {flag} {word} for all customers", before, after, path)
        self._shop.fleet.turn(service, **{f"flag:{flag}": on})
        return change

    def change(
        self, kind: str, service: str, identity: str, summary: str, before: str, after: str, path: str
    ) -> Change:
        """Keep a change that is about to be made."""
        diff = diff_of(path, before, after)
        return self._keep(Change(self.now(), kind, service, identity, summary, diff, {"triggered_by": "platform team"}))

    def _keep(self, change: Change) -> Change:
        self.changes.append(change)
        say(f"changed {change.id}")
        return change

    def turn(self, service: str, **switches: Switch) -> None:
        """Set switches of a process."""
        self._shop.fleet.turn(service, **switches)

    def condition(self, name: str, **conditions: float) -> None:
        """Set conditions of a network path."""
        self._shop.network.condition(name, **conditions)

    def resolve(self, mode: str, missing: tuple[str, ...] = ()) -> None:
        """Set what the name server does."""
        self._shop.network.resolve(mode, missing)

    def sql(self, application: str, statements: tuple[str, ...], *, repeat: bool = False) -> None:
        """Run statements in a session of their own, in a thread; cancelled when the recording ends."""
        connection = psycopg.connect(self._shop.postgres.conninfo, autocommit=True, application_name=application)
        ended = threading.Event()

        def work() -> None:
            with suppress(psycopg.Error):  # cancelled, or the server has stopped
                while not ended.is_set():
                    for statement in statements:
                        connection.execute(statement.encode())
                    if not repeat:
                        return

        def finish() -> None:
            ended.set()
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=3)
            thread.join(5)
            connection.close()

        thread = threading.Thread(target=work, name=application, daemon=True)
        thread.start()
        self._stack.callback(finish)

    def cache(self, name: str, **settings: str) -> None:
        """CONFIG SET on a Redis server."""
        with redis.Redis.from_url(self._shop.caches[name].url, socket_timeout=3) as client:
            for setting, value in settings.items():
                client.config_set(setting, value)

    def cpu_used(self, service: str) -> float:
        """Cores used on average since the recording began."""
        group = needed(self._shop.fleet.groups.get(service), "measuring processor time")
        passed = (self.now() - self.start).total_seconds()
        return (group.usage().cpu_seconds - self._cpu_before[service]) / max(passed, 1.0)

    def limit_cpu(self, service: str, cores: float) -> None:
        """Limit a service's control group."""
        needed(self._shop.fleet.groups.get(service), "limiting processor time").limit_cpu(cores)

    def memory_used(self, service: str) -> int:
        """Bytes in use."""
        return int(needed(self._shop.fleet.groups.get(service), "measuring memory").usage().memory_bytes)

    def limit_memory(self, service: str, size: int) -> None:
        """Limit a service's control group."""
        needed(self._shop.fleet.groups.get(service), "limiting memory").limit_memory(size)
        self._shop.fleet.supervise(service)

    def more_customers(self, rate: float, journey: str) -> None:
        """A second crowd."""
        self._stack.enter_context(customers(self._shop.fleet.url("storefront"), rate, self._seed + 500, journey))

    def buy_as(self, customer: str) -> None:
        """Put something into a cart and check out."""
        session = f"s-{customer}"
        for path, body in (
            ("/cart", {"session": session, "sku": "sku-001", "quantity": 1}),
            ("/checkout", {"session": session, "customer": customer}),
        ):
            request = urllib.request.Request(  # noqa: S310  (the lab's own address)
                self._shop.fleet.url("storefront") + path,
                json.dumps(body).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                answer.read()

    def fill_volume(self, seconds: float) -> None:
        """Fill the database's volume in a thread: many files, written evenly, none removed."""
        if self._shop.volume is None:
            raise LabError("the database has no volume of its own")
        folder = self._shop.volume / "exports"
        folder.mkdir(exist_ok=True)
        free = os.statvfs(self._shop.volume).f_bavail * os.statvfs(self._shop.volume).f_frsize
        pause, ended = seconds / max(free / CHUNK, 1), threading.Event()

        def work() -> None:
            number = 0
            while not ended.wait(pause):
                number += 1
                with suppress(OSError), (folder / f"export-{number:05d}.csv").open("wb") as out:
                    out.write(os.urandom(CHUNK))

        thread = threading.Thread(target=work, name="exports", daemon=True)
        thread.start()
        self._stack.callback(thread.join, 5)
        self._stack.callback(ended.set)

    def await_certificate_end(self) -> None:
        """Sleep until the third party's certificate has ended."""
        self.wait_until((self._shop.identity.ends - self.start).total_seconds())

    def break_probe(self, location: str) -> None:
        """The checks from one location ask a wrong address."""
        self._shop.broken_probes.add(location)


def say(text: str) -> None:
    """Progress for the person who records."""
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")


class customers:  # noqa: N801  (used like a function)
    """A crowd of customers in a process of its own, for the time of a `with`."""

    def __init__(self, target: str, rate: float, seed: int, journey: str = "mixed") -> None:
        self._command = [
            *(sys.executable, "-m", "lab.load", "--target", target),
            *("--rate", f"{rate:.3f}", "--seed", str(seed), "--journey", journey),
        ]

    def __enter__(self) -> Callable[[], None]:
        """Start; the result raises when the crowd has ended on its own."""
        self._process = subprocess.Popen(self._command, cwd=REPOSITORY, stdin=subprocess.DEVNULL)
        return self.check

    def check(self) -> None:
        """LabError when the process has ended."""
        if self._process.poll() is not None:
            raise LabError(f"the load generator ended with code {self._process.returncode}")

    def __exit__(self, *_exception: object) -> None:
        """End the process."""
        stop(self._process)
