"""Traces of a sample of requests, walked down the graph with the times that held at that moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.worlds.faults import Effect
from benchmarks.worlds.physics import Telling
from benchmarks.worlds.shape import World

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
    rng, spans = world.rng, list[Span]()
    rate = np.maximum(telling.services[0].rate, 1e-9)
    share = np.cumsum(rate) / rate.sum()
    each = _size(world, 0)
    for n in range(int(max(150, min(2500, MOST_SPANS / max(each, 1.0))))):
        at = int(np.searchsorted(share, rng.random()))
        at = min(at, world.times_s.size - 1)
        start = float(world.times_s[at] + rng.uniform(0, world.step_s))
        _visit(world, telling, effects, spans, f"{n:08x}{int(rng.integers(2**62)):024x}", "", 0, at, start)
        if len(spans) > MOST_SPANS:
            break
    return spans


def _size(world: World, i: int) -> float:
    return 1.0 + sum(min(e.calls, 3.0) * (_size(world, e.callee) + 1) for e in world.out.get(i, ()))


def _visit(
    world: World,
    telling: Telling,
    effects: list[Effect],
    spans: list[Span],
    trace: str,
    parent: str,
    i: int,
    at: int,
    start: float,
) -> tuple[float, bool]:
    """Time and failure of one visit, its spans added. Stores send no spans of their own."""
    rng, service, effect = world.rng, world.services[i], effects[i]
    sigma = np.log(max(service.tail * float(effect.tail[at]), 1.2)) / 2.326
    clock = start + float(service.own_s * effect.slower[at] * np.exp(rng.normal(0, sigma))) * 0.5
    own = clock - start
    failed = bool(rng.random() < 1 - (1 - float(effect.fails[at])) * (1 - service.errors))
    name = f"{trace[:8]}{int(rng.integers(2**32)):08x}"
    place = len(spans)
    spans.append(Span(trace, name, parent, i, f"/{service.name}/handle", "server", start, 0.0, failed))
    for edge in world.out.get(i, ()):
        if (failed and rng.random() < 0.5) or rng.random() < float(effect.starves[at]):
            continue
        for _ in range(int(edge.calls) + int(rng.random() < edge.calls % 1)):
            if len(spans) > MOST_SPANS:
                break
            taken, bad = _call(world, telling, effects, spans, trace, name, edge.callee, i, at, clock)
            clock += taken if edge.awaited else 0.0
            failed = failed or (bad and edge.awaited and rng.random() < edge.passes_errors)
    spans[place].seconds, spans[place].failed = clock + own - start, failed
    return clock + own - start, failed


def _call(
    world: World,
    telling: Telling,
    effects: list[Effect],
    spans: list[Span],
    trace: str,
    parent: str,
    callee: int,
    caller: int,
    at: int,
    start: float,
) -> tuple[float, bool]:
    rng, there = world.rng, effects[callee]
    way = 0.0002 + float(effects[caller].delay[at] + there.delay[at])
    loss = float(np.clip(effects[caller].loss[at] + there.loss[at], 0, 0.9))
    way += float(rng.exponential(0.4)) if rng.random() < 2 * loss else 0.0
    place, name = len(spans), f"{trace[:8]}{int(rng.integers(2**32)):08x}"
    spans.append(
        Span(trace, name, parent, caller, f"call {world.services[callee].name}", "client", start, 0.0, False, callee)
    )
    if rng.random() < float(there.refuses[at]):
        spans[place].seconds, spans[place].failed = 2 * way + 0.001, True
        return 2 * way + 0.001, True
    if world.services[callee].store:
        state = telling.services[callee]
        sigma = np.log(max(float(state.p99[at] / state.p50[at]), 1.2)) / 2.326
        inside, bad = float(state.p50[at] * np.exp(rng.normal(0, sigma))), bool(rng.random() < state.errors[at])
    else:
        inside, bad = _visit(world, telling, effects, spans, trace, name, callee, at, start + way)
    spans[place].seconds, spans[place].failed = inside + 2 * way, bad
    return inside + 2 * way, bad
