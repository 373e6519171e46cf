"""Alert rules that the lab evaluates while it records, and what fired, as alerts.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from lab.recorder.metrics import MetricStore, Point
from lab.recorder.window import iso

REQUESTS = "http_server_request_duration_seconds"


class Measure(Protocol):
    """A figure computed from the metrics of the last seconds."""

    def value(self, store: MetricStore, now_ms: int) -> float | None:
        """The figure, or nothing when there is no traffic."""

    def describe(self, value: float) -> str:
        """The figure in words."""

    @property
    def expression(self) -> str:
        """The same figure in PromQL."""


@dataclass(frozen=True)
class LatencyQuantile:
    """A latency quantile of one service's server requests."""

    service: str
    quantile: float
    seconds: int

    @property
    def expression(self) -> str:
        """The same figure in PromQL."""
        inner = f'sum by (le) (rate({REQUESTS}_bucket{{service_name="{self.service}"}}[{self.seconds}s]))'
        return f"histogram_quantile({self.quantile}, {inner})"

    def value(self, store: MetricStore, now_ms: int) -> float | None:
        """Interpolated in its bucket, as Prometheus does."""
        buckets: dict[float, float] = {}
        for labels, points in store.select(f"{REQUESTS}_bucket", service_name=self.service):
            bound = float(labels["le"])
            buckets[bound] = buckets.get(bound, 0.0) + increase(points, now_ms, self.seconds)
        return quantile(self.quantile, buckets)

    def describe(self, value: float) -> str:
        """The figure in words."""
        return f"p{self.quantile * 100:.0f} request latency of {self.service} is {value:.2f} s"


@dataclass(frozen=True)
class ErrorRatio:
    """The share of one service's server requests that were answered with 5xx."""

    service: str
    seconds: int

    @property
    def expression(self) -> str:
        """The same figure in PromQL."""
        own = f'service_name="{self.service}"'
        failed = f'sum(rate({REQUESTS}_count{{{own}, http_response_status_code=~"5.."}}[{self.seconds}s]))'
        return f"{failed} / sum(rate({REQUESTS}_count{{{own}}}[{self.seconds}s]))"

    def value(self, store: MetricStore, now_ms: int) -> float | None:
        """Errors by all requests."""
        every = failed = 0.0
        for labels, points in store.select(f"{REQUESTS}_count", service_name=self.service):
            grown = increase(points, now_ms, self.seconds)
            every += grown
            failed += grown if labels["http_response_status_code"].startswith("5") else 0.0
        return failed / every if every else None

    def describe(self, value: float) -> str:
        """The figure in words."""
        return f"{value:.1%} of requests to {self.service} fail with 5xx"


@dataclass(frozen=True)
class Gauge:
    """The largest value of a gauge now, over the series whose labels match."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    words: str
    factor: float = 1.0

    @property
    def expression(self) -> str:
        """The same figure in PromQL."""
        inner = ", ".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{'-' if self.factor < 0 else ''}max({self.metric}{{{inner}}})"

    def value(self, store: MetricStore, now_ms: int) -> float | None:
        """The largest last value that is not older than a minute."""
        last = [
            points[-1].value * self.factor
            for _, points in store.select(self.metric, **dict(self.labels))
            if points and points[-1].time_ms >= now_ms - 60_000
        ]
        return max(last) if last else None

    def describe(self, value: float) -> str:
        """The figure in words."""
        return self.words.format(value=value * self.factor)


@dataclass(frozen=True)
class Rule:
    """Fires when a measure stays above a threshold for some seconds."""

    name: str
    service: str
    severity: str
    measure: Measure
    threshold: float
    hold_seconds: float


@dataclass(frozen=True)
class Alert:
    """A rule that fired."""

    rule: Rule
    fired_ms: int
    value: float

    @property
    def fired_at(self) -> datetime:
        """When it fired."""
        return datetime.fromtimestamp(self.fired_ms / 1000, UTC)

    @property
    def description(self) -> str:
        """What the page says."""
        rule = self.rule
        return f"{rule.measure.describe(self.value)} for {rule.hold_seconds:.0f} s (threshold {rule.threshold:g})"


class AlertEvaluator:
    """Evaluates rules after every scrape, in the scraper's thread."""

    def __init__(self, rules: Sequence[Rule], store: MetricStore) -> None:
        self._rules = rules
        self._store = store
        self._pending: dict[str, int] = {}
        self._fired: dict[str, Alert] = {}
        self._not_before = 0

    def evaluate(self, now_ms: int) -> None:
        """One evaluation of every rule."""
        if now_ms < self._not_before:
            return
        for rule in self._rules:
            value = rule.measure.value(self._store, now_ms)
            if value is None or value <= rule.threshold:
                self._pending.pop(rule.name, None)
                continue
            since = self._pending.setdefault(rule.name, now_ms)
            if now_ms - since >= rule.hold_seconds * 1000 and rule.name not in self._fired:
                self._fired[rule.name] = Alert(rule, now_ms, value)

    def since(self, when_ms: int) -> None:
        """Forget everything and evaluate only what comes after an instant, as when a silence ends."""
        self._not_before = when_ms
        self._pending.clear()
        self._fired.clear()

    def fired(self) -> list[Alert]:
        """What has fired so far, first one first."""
        return sorted(self._fired.values(), key=lambda alert: alert.fired_ms)


def increase(points: Sequence[Point], now_ms: int, seconds: int) -> float:
    """How much a counter grew in the last seconds, over resets."""
    recent = [point for point in points if point.time_ms >= now_ms - seconds * 1000]
    grown = 0.0
    for before, after in pairwise(recent):
        grown += after.value - before.value if after.value >= before.value else after.value
    return grown


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """A quantile from cumulative buckets, linear inside a bucket."""
    bounds = sorted(buckets)
    if not bounds or buckets[bounds[-1]] <= 0:
        return None
    wanted = share * buckets[bounds[-1]]
    lower = below = 0.0
    for bound in bounds:
        if buckets[bound] >= wanted:
            if bound == float("inf"):
                return lower
            inside = buckets[bound] - below
            return lower + (bound - lower) * ((wanted - below) / inside if inside else 1.0)
        lower, below = bound, buckets[bound]
    return lower


def write(folder: Path, alerts: Sequence[Alert]) -> None:
    """Alertmanager-shaped alerts, still firing at the window's end."""
    body = [
        {
            "labels": {
                "alertname": alert.rule.name,
                "service_name": alert.rule.service,
                "severity": alert.rule.severity,
            },
            "annotations": {
                "summary": alert.rule.measure.describe(alert.value),
                "description": alert.description,
                "expr": f"{alert.rule.measure.expression} > {alert.rule.threshold:g}",
            },
            "startsAt": iso(alert.fired_at),
            "status": "firing",
        }
        for alert in alerts
    ]
    (folder / "alerts.json").write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
