"""Traces of a sample of requests, walked down the graph with the times that held at that moment."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.worlds.faults import Effect
from benchmarks.worlds.physics import Telling
from benchmarks.worlds.shape import Edge, World

MOST_SPANS = 25_000


@dataclass(slots=True)
class Span:
    """One span; times in seconds from the start of the window."""

    trace: str
    id: str
    parent: str
    service: int
    name: str
    kind: str
    start_s: float
    seconds: float
    failed: bool
    peer: int = -1


def walk(world: World, telling: Telling, effects: list[Effect]) -> list[Span]:
    """Sampled requests, evenly over the requests of the window."""
    rng, walker = world.rng, _Walker(world, telling, effects)
    rate = np.maximum(telling.services[0].rate, 1e-9)
    share = np.cumsum(rate) / rate.sum()
    each = _size(world, 0)
    for n in range(int(max(150, min(2500, MOST_SPANS / max(each, 1.0))))):
        at = int(np.searchsorted(share, rng.random()))
        at = min(at, world.times_s.size - 1)
        start = float(world.times_s[at] + rng.uniform(0, world.step_s))
        walker.visit(f"{n:08x}{int(rng.integers(2**62)):024x}", "", 0, at, start)
        if walker.full:
            break
    return walker.spans


def _size(world: World, i: int) -> float:
    return 1.0 + sum(min(e.calls, 3.0) * (_size(world, e.callee) + 1) for e in world.out.get(i, ()))


@dataclass(slots=True)
class _Walker:
    """Walks down the graph from where a request enters; `at` is the step whose conditions hold, `start` in seconds."""

    world: World
    telling: Telling
    effects: list[Effect]
    spans: list[Span] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.spans) > MOST_SPANS

    def visit(self, trace: str, parent: str, i: int, at: int, start: float) -> tuple[float, bool]:
        """Time and failure of one visit, its spans added. Stores send no spans of their own."""
        rng, service, effect = self.world.rng, self.world.services[i], self.effects[i]
        sigma = np.log(max(service.tail * float(effect.tail[at]), 1.2)) / 2.326
        clock = start + float(service.own_s * effect.slower[at] * np.exp(rng.normal(0, sigma))) * 0.5
        own = clock - start
        failed = bool(rng.random() < 1 - (1 - float(effect.fails[at])) * (1 - service.errors))
        name = self._name(trace)
        span = Span(trace, name, parent, i, f"/{service.name}/handle", "server", start, 0.0, failed)
        self.spans.append(span)
        for edge in self.world.out.get(i, ()):
            if (failed and rng.random() < 0.5) or rng.random() < float(effect.starves[at]):
                continue
            for _ in range(int(edge.calls) + int(rng.random() < edge.calls % 1)):
                if self.full:
                    break
                taken, bad = self._call(trace, name, edge, at, clock)
                clock += taken if edge.awaited else 0.0
                failed = failed or (bad and edge.awaited and rng.random() < edge.passes_errors)
        span.seconds, span.failed = clock + own - start, failed
        return span.seconds, span.failed

    def _call(self, trace: str, parent: str, edge: Edge, at: int, start: float) -> tuple[float, bool]:
        rng, callee = self.world.rng, self.world.services[edge.callee]
        here, there = self.effects[edge.caller], self.effects[edge.callee]
        way = 0.0002 + float(here.delay[at] + there.delay[at])
        loss = float(np.clip(here.loss[at] + there.loss[at], 0, 0.9))
        way += float(rng.exponential(0.4)) if rng.random() < 2 * loss else 0.0
        name = self._name(trace)
        span = Span(trace, name, parent, edge.caller, f"call {callee.name}", "client", start, 0.0, False, edge.callee)
        self.spans.append(span)
        if rng.random() < float(there.refuses[at]):
            inside, bad = 0.001, True
        elif callee.store:
            state = self.telling.services[edge.callee]
            sigma = np.log(max(float(state.p99[at] / state.p50[at]), 1.2)) / 2.326
            inside, bad = float(state.p50[at] * np.exp(rng.normal(0, sigma))), bool(rng.random() < state.errors[at])
        else:
            inside, bad = self.visit(trace, name, edge.callee, at, start + way)
        span.seconds, span.failed = inside + 2 * way, bad
        return span.seconds, span.failed

    def _name(self, trace: str) -> str:
        return f"{trace[:8]}{int(self.world.rng.integers(2**32)):08x}"
