"""Scrapes the shop's /metrics and the exporters at a fixed interval, in a thread of its own."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from prometheus_client.parser import text_string_to_metric_families

from lab.processes import LabError
from lab.recorder.metrics import MetricStore, Reading

AT_ONCE = 10


@dataclass(frozen=True)
class Target:
    """One /metrics endpoint with the labels its scrape adds."""

    service: str
    url: str
    job: str
    instance: str


class Exporter(Protocol):
    """Something that reads figures of a server as its usual exporter would show them."""

    @property
    def labels(self) -> dict[str, str]:
        """The labels its scrape adds."""

    def read(self) -> list[Reading]:
        """The figures now; OSError when the server does not answer."""

    def close(self) -> None:
        """Let go of the server."""


class Scraper:
    """Fills a metric store until stopped; calls `after` when a round is complete."""

    def __init__(
        self,
        store: MetricStore,
        targets: Callable[[], Sequence[Target]],
        exporters: Sequence[Exporter],
        after: Callable[[int], None],
        interval: float,
    ) -> None:
        self._store = store
        self._targets = targets
        self._exporters = exporters
        self._after = after
        self._interval = interval
        self._stopped = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="scrape")
        self._thread = threading.Thread(target=self._loop, name="scraper", daemon=True)

    def start(self) -> None:
        """Begin scraping."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the round under way and end; a thread that ended on its own is an error."""
        alive = self._thread.is_alive()
        self._stopped.set()
        self._thread.join(10)
        self._pool.shutdown(wait=False)
        if not alive:
            raise LabError("the scraper ended before the recording did")

    def round(self) -> None:
        """Scrape everything once."""
        # The services at the same time, so that one that is slow does not delay the others' figures.
        targets = self._targets()
        asked = [(target, self._pool.submit(_take, lambda target=target: scrape(target.url))) for target in targets]  # type: ignore[misc]
        for exporter in self._exporters:
            self._keep(_take(exporter.read), exporter.labels)
        for target, answer in asked:
            labels = {"service_name": target.service, "job": target.job, "instance": target.instance}
            self._keep(answer.result(), labels)
        self._after(now_ms())

    def _keep(self, taken: tuple[int, list[Reading]], labels: dict[str, str]) -> None:
        started, readings = taken
        up = Reading("up", {}, 1.0 if readings else 0.0)
        self._store.add([*readings, up], labels, started)

    def _loop(self) -> None:
        due = time.monotonic()
        while not self._stopped.is_set():
            self.round()
            due = max(due + self._interval, time.monotonic())
            self._stopped.wait(due - time.monotonic())


def _take(read: Callable[[], list[Reading]]) -> tuple[int, list[Reading]]:
    """When the reading began, and what it gave: nothing where the target did not answer."""
    started = now_ms()
    try:
        return started, read()
    except OSError:
        return started, []


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def scrape(url: str) -> list[Reading]:
    """One scrape of a Prometheus text endpoint."""
    with urllib.request.urlopen(url, timeout=4) as answer:  # noqa: S310  (the lab's own loopback addresses)
        return parse(answer.read().decode())


def parse(exposition: str) -> list[Reading]:
    """The samples of a Prometheus text exposition; an empty label is no label."""
    return [
        Reading(sample.name, {key: text for key, text in sample.labels.items() if text}, float(sample.value))
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
    ]
