# ruff: noqa: ARG001 - tables of names and texts read better in one line; recipes share one form
"""What can go wrong, and what it does where it strikes. How it spreads is left to `physics`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.worlds.shape import Floats, World

KINDS = (
    "cpu_hog", "memory_hog", "memory_leak", "disk_io", "disk_fill", "network_delay", "network_loss", "fd_exhaustion",
    "pool_exhaustion", "error_burst", "crash_loop", "traffic_surge", "slow_query", "dependency_down", "gc_pauses",
    "thread_exhaustion", "node_cpu", "dns_failure",
)  # fmt: skip


@dataclass(slots=True)
class Effect:
    """What is done to one service, each [times]. Zero (or one for factors) is an ordinary day."""

    slower: Floats  # factor on the time of its own work
    tail: Floats  # factor on the slowest requests only
    fails: Floats  # share of its requests that fail by itself
    refuses: Floats  # share of time it answers nobody
    cpu: Floats  # cores, per struck replica
    memory: Floats  # bytes, per struck replica
    disk: Floats  # factor on disk operations
    fill: Floats  # share of the disk
    delay: Floats  # seconds on each message in and out
    loss: Floats  # share of packets
    fds: Floats  # share of the limit
    pool: Floats  # 0..1: how exhausted
    threads: Floats  # factor
    gc: Floats  # share of time
    rows: Floats  # factor on rows read
    starves: Floats  # share of its calls that are no longer made
    restarts: Floats  # count, growing
    struck: list[bool] = field(default_factory=list)  # replicas


@dataclass(slots=True)
class Fault:
    """One fault at one place. `place` is a service number, or a node number for a node's fault."""

    kind: str
    place: int
    onset_s: float
    on_node: bool = False
    surge: float = 1.0
    heavy: float = 1.0


def nothing(count: int, pods: int) -> Effect:
    """An ordinary day."""

    def zero() -> Floats:
        return np.zeros(count)

    def one() -> Floats:
        return np.ones(count)

    return Effect(
        one(), one(), zero(), zero(), zero(), zero(), one(), zero(), zero(), zero(), zero(), zero(), one(), zero(),
        one(), zero(), zero(), [False] * pods,
    )  # fmt: skip


def candidates(world: World, kind: str) -> list[int]:
    """Where a fault of this kind can happen."""
    numbers = range(len(world.services))
    stores = [i for i in numbers if world.services[i].store]
    apps = [i for i in numbers if not world.services[i].store]
    callers = [i for i in apps if world.out.get(i)]
    if kind == "traffic_surge":
        return [0]
    if kind == "slow_query":
        return [i for i in stores if world.services[i].kind == "database"] or stores
    if kind in ("dependency_down", "disk_fill"):
        return stores
    if kind in ("pool_exhaustion", "thread_exhaustion", "dns_failure"):
        return callers
    if kind in ("error_burst", "gc_pauses"):
        return apps
    return list(numbers)


def shape_of(world: World, onset_s: float, ramp_s: float, until_s: float = np.inf) -> Floats:
    """0 before, 1 after the onset, with a ramp between and, for what passes, an end."""
    rising = np.clip((world.times_s - onset_s) / max(ramp_s, 1e-6), 0.0, 1.0)
    falling = np.clip((until_s - world.times_s) / max(ramp_s, 1e-6), 0.0, 1.0) if np.isfinite(until_s) else 1.0
    return np.asarray(rising * falling, dtype=np.float64)


def effects_of(world: World, faults: Iterable[Fault]) -> list[Effect]:
    """Everything that is done to each service."""
    effects = [nothing(world.times_s.size, len(s.pods)) for s in world.services]
    for fault in faults:
        rng = world.rng
        ramp = float(rng.choice([1.0, rng.uniform(5, 60)]))
        if fault.on_node:
            _node_cpu(world, fault, effects, shape_of(world, fault.onset_s, ramp))
        elif fault.kind != "traffic_surge":
            effect, pods = effects[fault.place], len(world.services[fault.place].pods)
            everywhere = fault.kind in (
                "error_burst",
                "slow_query",
                "dependency_down",
                "pool_exhaustion",
                "dns_failure",
            )
            hit = [True] * pods if everywhere or rng.random() < 0.6 else [i == 0 for i in range(pods)]
            effect.struck = [a or b for a, b in zip(effect.struck, hit, strict=True)]
            _RECIPES[fault.kind](world, fault, effect, shape_of(world, fault.onset_s, ramp), sum(hit) / pods)
    return effects


def passing(world: World, place: int, onset_s: float, until_s: float) -> Callable[[Effect], None]:
    """Trouble that came and went before: someone fixed it."""
    curve, factor = shape_of(world, onset_s, 20.0, until_s), float(world.rng.uniform(1, 5))

    def strike(effect: Effect) -> None:
        effect.slower *= 1 + factor * curve
        effect.cpu += curve * world.services[place].cpu_limit * float(world.rng.uniform(0, 0.6))

    return strike


def _node_cpu(world: World, fault: Fault, effects: list[Effect], curve: Floats) -> None:
    node, factor = world.nodes[fault.place], float(world.rng.uniform(0.6, 3)) * fault.heavy
    for service, effect in zip(world.services, effects, strict=True):
        share = sum(n == node for n in service.nodes) / len(service.nodes)
        effect.slower *= 1 + curve * factor * share * float(world.rng.uniform(0.5, 1.3))
        effect.tail *= 1 + curve * factor * (share > 0)


def _cpu_hog(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    service, rng = world.services[fault.place], world.rng
    effect.cpu += curve * service.cpu_limit * float(rng.uniform(0.5, 1.0))
    effect.slower *= 1 + curve * share * float(rng.uniform(0.2, 3)) * fault.heavy
    effect.tail *= 1 + curve * float(rng.uniform(0.2, 2)) * fault.heavy


def _memory_hog(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    service, rng = world.services[fault.place], world.rng
    room = service.memory_limit - service.memory
    effect.memory += curve * room * float(rng.uniform(0.6, 0.97))
    effect.slower *= 1 + curve * share * float(rng.uniform(0.05, 1.2)) * fault.heavy
    effect.cpu += curve * service.cpu_limit * float(rng.choice([0.02, 0.15]))


def _memory_leak(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    service, rng = world.services[fault.place], world.rng
    span = max(world.times_s[-1] - fault.onset_s, world.step_s)
    grown = np.clip((world.times_s - fault.onset_s) / span, 0, 1) * float(rng.uniform(0.8, 1.2))
    effect.memory += np.minimum(grown, 0.99) * (service.memory_limit - service.memory)
    late = np.clip((grown - 0.4) / 0.5, 0, 1)
    effect.slower *= 1 + late * share * float(rng.uniform(0.3, 2)) * fault.heavy
    effect.gc += late * float(rng.uniform(0.05, 0.4))
    if grown[-1] > 0.99 and rng.random() < 0.6:
        effect.restarts += (grown > 0.99).astype(np.float64)


def _disk_io(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    rng = world.rng
    heavy = 1.0 if world.services[fault.place].disk_per_request > 0.1 else 0.3
    effect.disk *= 1 + curve * float(np.exp(rng.uniform(np.log(4), np.log(60))))
    effect.slower *= 1 + curve * share * heavy * float(rng.uniform(0.5, 5)) * fault.heavy


def _disk_fill(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    begin = fault.onset_s - float(world.rng.uniform(120, 1200))
    effect.fill += 0.5 * np.clip((world.times_s - begin) / max(fault.onset_s - begin, 1), 0, 1)
    effect.fails += curve * share * float(world.rng.uniform(0.2, 0.9))


def _network_delay(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    effect.delay += curve * share * float(np.exp(world.rng.uniform(np.log(0.03), np.log(0.6)))) * fault.heavy


def _network_loss(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    effect.loss += curve * share * min(0.8, float(world.rng.uniform(0.03, 0.3)) * fault.heavy)


def _fd_exhaustion(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    begin = fault.onset_s - float(world.rng.uniform(30, 900))
    effect.fds += np.clip((world.times_s - begin) / max(fault.onset_s - begin, 1), 0, 1)
    effect.fails += curve * share * float(world.rng.uniform(0.1, 0.8))
    effect.slower *= 1 + curve * share * float(world.rng.uniform(0, 1.5)) * fault.heavy


def _pool_exhaustion(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    rng = world.rng
    effect.pool += curve
    effect.slower *= 1 + curve * float(np.exp(rng.uniform(np.log(3), np.log(60)))) * fault.heavy
    effect.fails += curve * float(rng.choice([0.0, rng.uniform(0.05, 0.5)]))
    effect.starves += curve * share * float(rng.uniform(0.1, 0.6))
    effect.threads *= 1 + curve * float(rng.uniform(0.3, 3))


def _error_burst(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    rng = world.rng
    effect.fails += curve * share * min(0.95, float(rng.uniform(0.06, 0.8)) * fault.heavy)
    effect.starves += effect.fails * float(rng.choice([0.0, 0.7]))
    effect.slower *= 1 - curve * float(rng.uniform(0, 0.3))


def _crash_loop(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    period = float(world.rng.uniform(20, 120))
    since = np.maximum(world.times_s - fault.onset_s, 0)
    down = (curve > 0) & ((since % period) < period * float(world.rng.uniform(0.6, 1.0)))
    effect.refuses += down * share
    effect.restarts += np.where(curve > 0, np.minimum(1 + np.floor(since / period), 12), 0)


def _slow_query(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    rng, service = world.rng, world.services[fault.place]
    effect.slower *= 1 + curve * share * float(np.exp(rng.uniform(np.log(4), np.log(80)))) * fault.heavy
    effect.cpu += curve * service.cpu_limit * float(rng.uniform(0.1, 0.7))
    effect.rows *= 1 + curve * float(np.exp(rng.uniform(np.log(5), np.log(500))))
    effect.disk *= 1 + curve * float(rng.uniform(0, 8))


def _dependency_down(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    effect.refuses += np.minimum(curve * share * float(world.rng.choice([1.0, 1.0, 0.6])), 1.0)


def _gc_pauses(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    rng, service = world.rng, world.services[fault.place]
    effect.gc += curve * float(rng.uniform(0.1, 0.6))
    effect.cpu += curve * service.cpu_limit * float(rng.uniform(0.1, 0.6))
    effect.memory += curve * (service.memory_limit - service.memory) * float(rng.uniform(0.4, 0.9))
    effect.slower *= 1 + curve * share * float(rng.uniform(0.2, 1.5))
    effect.tail *= 1 + curve * float(rng.uniform(2, 12)) * fault.heavy


def _thread_exhaustion(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    rng = world.rng
    effect.threads *= 1 + curve * float(rng.uniform(1, 8))
    effect.slower *= 1 + curve * share * float(np.exp(rng.uniform(np.log(3), np.log(80)))) * fault.heavy
    effect.starves += curve * share * float(rng.uniform(0.1, 0.7))
    effect.fails += curve * share * float(rng.choice([0.0, rng.uniform(0.02, 0.4)]))


def _dns_failure(world: World, fault: Fault, effect: Effect, curve: Floats, share: float) -> None:
    failing = float(world.rng.uniform(0.3, 1.0))
    effect.fails += curve * share * failing
    effect.starves += curve * share * failing
    effect.slower *= 1 + curve * float(world.rng.choice([0.0, 5.0]))


_Recipe = Callable[[World, Fault, Effect, Floats, float], None]
_RECIPES: dict[str, _Recipe] = {
    "cpu_hog": _cpu_hog, "memory_hog": _memory_hog, "memory_leak": _memory_leak, "disk_io": _disk_io,
    "disk_fill": _disk_fill, "network_delay": _network_delay, "network_loss": _network_loss,
    "fd_exhaustion": _fd_exhaustion, "pool_exhaustion": _pool_exhaustion, "error_burst": _error_burst,
    "crash_loop": _crash_loop, "slow_query": _slow_query, "dependency_down": _dependency_down,
    "gc_pauses": _gc_pauses, "thread_exhaustion": _thread_exhaustion, "dns_failure": _dns_failure,
}  # fmt: skip
