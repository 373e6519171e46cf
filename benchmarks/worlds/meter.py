# ruff: noqa: E501 - tables of names and texts read better in one line; recipes share one form
"""What measuring does to the truth: counters, buckets, sampling error, scrapes that fail, processes that restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from benchmarks.worlds import noise
from benchmarks.worlds.physics import State
from benchmarks.worlds.shape import Floats, Service, World

Labels = Mapping[str, str]
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


@dataclass(slots=True)
class Series:
    """One series as recorded; NaN where there is no sample."""

    name: str
    labels: Labels
    values: Floats
    offset_s: float


@dataclass(slots=True)
class Meter:
    """Collects series. `holes` are steps in which nothing at all was scraped."""

    world: World
    holes: Floats
    found: list[Series] = field(default_factory=list)
    rare: float = 0.003
    lost: dict[str, Floats] = field(default_factory=dict)  # by target: a scrape fails for all of its series

    @property
    def rng(self) -> np.random.Generator:
        return self.world.rng

    def gauge(self, name: str, labels: Labels, values: Floats, spread: float = 0.0) -> None:
        """A gauge with some error of reading."""
        if spread:
            values = values * (1 + self.rng.normal(0, spread, values.size))
        self._keep(name, labels, values)

    def counter(self, name: str, labels: Labels, per_s: Floats, resets: Floats | None = None) -> None:
        """A counter that grows by `per_s`; it starts somewhere, and again at 0 where `resets` grows."""
        grown = np.cumsum(np.maximum(per_s, 0) * self.world.step_s) + float(self.rng.uniform(0, 1e5))
        if resets is not None:
            for at in np.flatnonzero(np.diff(resets) > 0) + 1:
                grown[at:] -= grown[at - 1]
        self._keep(name, labels, grown)

    def events(self, name: str, labels: Labels, per_s: Floats, resets: Floats | None = None) -> None:
        """A counter of things that happen one by one."""
        self.counter(name, labels, noise.sampled(self.rng, per_s * self.world.step_s) / self.world.step_s, resets)

    def histogram(
        self, name: str, labels: Labels, rate: Floats, p50: Floats, p99: Floats, *, unit: float = 1.0
    ) -> None:
        """A Prometheus histogram: lognormal-like times, counted bucket by bucket. `unit` seconds a unit of its bounds."""
        counts = noise.sampled(self.rng, rate * self.world.step_s) / self.world.step_s
        sigma = np.log(np.maximum(p99 / np.maximum(p50, 1e-9), 1.2)) / 2.326
        for bound in BOUNDS_S:
            share = 1 / (1 + np.exp(-1.702 * (np.log(bound) - np.log(np.maximum(p50, 1e-9))) / sigma))
            self._bucket(name, labels, f"{bound / unit:g}", counts * share)
        self._bucket(name, labels, "+Inf", counts)
        self.counter(f"{name}_count", labels, counts)
        self.counter(f"{name}_sum", labels, counts * p50 * np.exp(sigma**2 / 2) / unit)

    def _bucket(self, name: str, labels: Labels, bound: str, per_s: Floats) -> None:
        start = 0.0  # buckets of one histogram stay ordered only when they start together
        self._keep(f"{name}_bucket", {**labels, "le": bound}, np.cumsum(per_s * self.world.step_s) + start)

    def latency(self, name: str, labels: Labels, state: State, service: Service, quantile: float) -> None:
        """A quantile as a gauge, with the error of its sample."""
        self.gauge(name, labels, self.quantile(state, service, quantile))

    def quantile(self, state: State, service: Service, quantile: float) -> Floats:
        """The measured quantile of a service's own times; NaN in steps without a request."""
        counts = noise.sampled(self.rng, state.rate * self.world.step_s)
        sigma = np.log(np.maximum(state.p99 / state.p50, 1.2)) / 2.326
        z = {0.5: 0.0, 0.9: 1.2816, 0.95: 1.6449, 0.99: 2.3263}[quantile]
        true = state.p50 * np.exp(z * sigma)
        strayed = true * noise.quantile_noise(self.rng, counts, service.tail, quantile)
        strayed = strayed * noise.bursts(self.rng, counts.size, 0.012, 0.9)
        return np.where(counts > 0, strayed, np.nan)

    def mean(self, state: State, service: Service) -> Floats:
        """The measured mean time."""
        sigma = np.log(np.maximum(state.p99 / state.p50, 1.2)) / 2.326
        counts = noise.sampled(self.rng, state.rate * self.world.step_s)
        strayed = noise.quantile_noise(self.rng, counts, service.tail, 0.5)
        return np.where(counts > 0, state.p50 * np.exp(sigma**2 / 2) * strayed, np.nan)

    def failed(self, state: State) -> tuple[Floats, Floats]:
        """(requests, failures) a second, as whole requests."""
        step = self.world.step_s
        all_of = noise.sampled(self.rng, state.rate * step)
        bad = self.rng.binomial(all_of.astype(np.int64), np.clip(state.errors, 0, 1)).astype(np.float64)
        return all_of / step, bad / step

    def _keep(self, name: str, labels: Labels, values: Floats) -> None:
        target = next(iter(labels.values()), "")
        if target not in self.lost:
            failed = (self.rng.random(values.size) < self.rare) | (self.holes > 0)
            self.lost[target] = np.r_[failed.astype(np.float64), self.rng.uniform(0, 0.2 * self.world.step_s)]
        known = self.lost[target]
        self.found.append(Series(name, labels, np.where(known[:-1] > 0, np.nan, values), float(known[-1])))


def holes_of(world: World) -> Floats:
    """Steps in which the whole collection was away: none as a rule."""
    holes = np.zeros(world.times_s.size)
    if world.rng.random() < 0.2:
        at, length = int(world.rng.integers(world.times_s.size)), int(world.rng.integers(1, 6))
        holes[at : at + length] = 1.0
    return holes


def when_up(values: Floats, up: Floats) -> Floats:
    """A process that is down reports nothing."""
    return np.where(up > 0.02, values, np.nan)
