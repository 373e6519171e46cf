"""How a fault spreads: callers wait and fail, what a blocked service calls gets less to do, processors follow the work.

Two passes. The first lets the usual traffic meet the fault (times and failures travel from callee to caller); the
second lowers traffic where callers wait, fail early or stop calling, and lets the processors follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.worlds import noise
from benchmarks.worlds.faults import Effect, Fault
from benchmarks.worlds.shape import Floats, Service, World, order

TIMEOUT_S = 10.0
ROUND_TRIP_S = 0.0004


@dataclass(slots=True)
class EdgeState:
    """One edge as the caller sees it, each [times]."""

    rate: Floats
    p50: Floats
    p99: Floats
    errors: Floats  # share


@dataclass(slots=True)
class State:
    """One service through time. Arrays are [times], those in `*_pods` [replicas, times]."""

    rate: Floats
    p50: Floats
    p99: Floats
    errors: Floats
    cpu_pods: Floats
    memory_pods: Floats
    disk: Floats
    fill: Floats
    sent: Floats
    received: Floats
    retransmits: Floats
    fds: Floats
    threads: Floats
    pool_used: Floats
    pool_pending: Floats
    gc: Floats
    rows: Floats
    restarts: Floats
    up: Floats  # share of replicas that answer
    throttled: Floats


@dataclass(slots=True)
class Telling:
    """Everything that a world did."""

    services: list[State]
    edges: list[EdgeState]
    node_cpu: list[Floats]
    node_memory: list[Floats]


def simulate(world: World, effects: list[Effect], faults: list[Fault]) -> Telling:
    """The true course of events, before anybody measures it."""
    entry = _entry(world, faults)
    rates = _rates(world, entry, effects, None)
    p50, p99, errors = _times(world, rates, effects)
    slow = np.maximum(p50[0] / np.median(p50[0][: max(3, p50[0].size // 4)]), 1.0)
    if not any(fault.kind == "traffic_surge" for fault in faults):  # a crowd comes whether it waits or not
        entry = entry * slow ** (-world.closed_loop)
    rates = _rates(world, entry, effects, errors)
    p50, p99, errors = _times(world, rates, effects)
    services = [
        _state(world, s, e, rates[i], p50[i], p99[i], errors[i])
        for i, (s, e) in enumerate(zip(world.services, effects, strict=True))
    ]
    edges = [_edge_state(world, n, rates, p50, p99, errors, effects) for n in range(len(world.edges))]
    node_cpu, node_memory = _nodes(world, services, faults)
    return Telling(services, edges, node_cpu, node_memory)


def _entry(world: World, faults: list[Fault]) -> Floats:
    rng, times = world.rng, world.times_s
    shape = noise.daily(rng, times) * (1 + noise.wander(rng, times, float(rng.uniform(0.03, 0.12)), 240.0))
    for fault in faults:
        if fault.kind == "traffic_surge":
            ramp = float(rng.uniform(5, 90))
            shape = shape * (1 + (fault.surge - 1) * np.clip((times - fault.onset_s) / ramp, 0, 1))
    return np.maximum(world.base_rate * shape, 0.0)


def _rates(world: World, entry: Floats, effects: list[Effect], errors: list[Floats] | None) -> list[Floats]:
    rates = [np.zeros(world.times_s.size) for _ in world.services]
    rates[0] = entry
    for i in order(world):
        goes_on = (1 - np.clip(effects[i].starves, 0, 1)) * (1 - np.clip(effects[i].refuses, 0, 1))
        lost = np.zeros(world.times_s.size)
        for edge in world.out.get(i, ()):  # calls are made one after another: what fails ends the request
            rates[edge.callee] = rates[edge.callee] + rates[i] * edge.calls * goes_on * (1 - lost)
            if errors is not None and edge.awaited:
                lost = np.clip(lost + 0.7 * edge.passes_errors * errors[edge.callee], 0, 1)
    return rates


def _times(world: World, rates: list[Floats], effects: list[Effect]) -> tuple[list[Floats], list[Floats], list[Floats]]:
    count = len(world.services)
    empty = np.zeros(world.times_s.size)
    p50, p99, errors = [empty] * count, [empty] * count, [empty] * count
    for i in reversed(order(world)):
        service, effect = world.services[i], effects[i]
        room = service.cpu_limit * len(service.pods)
        used = (service.cpu_idle * len(service.pods) + rates[i] * service.cpu_per_request) / room
        own = service.own_s * effect.slower / np.maximum(1 - np.minimum(used, 0.96), 0.04)
        tail = own * service.tail * effect.tail + effect.gc * 0.8
        middle, fine = own.copy(), (1 - np.clip(effect.fails, 0, 1))
        for edge in world.out.get(i, ()):
            if not edge.awaited:
                continue
            call, slow = _call(p50[edge.callee], p99[edge.callee], effect, effects[edge.callee])
            middle = middle + edge.calls * call
            tail = tail + 0.6 * np.sqrt(edge.calls) * slow
            late = np.clip((call - 0.3 * TIMEOUT_S) / TIMEOUT_S, 0, 0.9)
            fine = fine * (
                1 - np.clip(edge.passes_errors * np.maximum(errors[edge.callee], late) * min(1.0, edge.calls), 0, 1)
            )
        p50[i], p99[i] = np.minimum(middle, TIMEOUT_S), np.minimum(np.maximum(tail, middle * 1.3), 1.5 * TIMEOUT_S)
        overload = np.clip((used - 0.95) * 0.5, 0, 0.5)
        answered = 1 - np.clip(effect.refuses, 0, 1)
        errors[i] = np.clip(1 - fine * answered * (1 - overload) * (1 - service.errors), 0, 1)
    return p50, p99, errors


def _call(p50: Floats, p99: Floats, caller: Effect, callee: Effect) -> tuple[Floats, Floats]:
    """Time of one call as the caller sees it. Lost packets are sent again after 0.2 s, twice as long the next time."""
    way = ROUND_TRIP_S + 2 * (caller.delay + callee.delay)
    loss = np.clip(caller.loss + callee.loss, 0, 0.9)
    return p50 + way + 0.3 * loss, p99 + way + np.where(loss > 0, 0.2 + 2.0 * loss, 0.0)


def _edge_state(
    world: World, n: int, rates: list[Floats], p50: list[Floats], p99: list[Floats], errors: list[Floats],
    effects: list[Effect],
) -> EdgeState:  # fmt: skip
    edge = world.edges[n]
    goes_on = 1 - np.clip(effects[edge.caller].starves, 0, 1)
    call, slow = _call(p50[edge.callee], p99[edge.callee], effects[edge.caller], effects[edge.callee])
    return EdgeState(rates[edge.caller] * edge.calls * goes_on, call, slow, errors[edge.callee])


def _state(
    world: World, service: Service, effect: Effect, rate: Floats, p50: Floats, p99: Floats, errors: Floats
) -> State:  # fmt: skip
    rng, times = world.rng, world.times_s
    pods = len(service.pods)
    answered = 1 - np.clip(effect.refuses, 0, 1)
    work = rate * service.cpu_per_request * (1 - 0.4 * errors) * answered / pods
    cpu = np.empty((pods, times.size))
    memory = np.empty((pods, times.size))
    throttled = np.zeros(times.size)
    for k in range(pods):
        struck = float(effect.struck[k])
        wander = 1 + noise.wander(rng, times, float(rng.uniform(0.04, 0.15)), float(rng.uniform(20, 180)))
        wanted = (service.cpu_idle + work) * np.maximum(wander, 0.2) * noise.bursts(rng, times.size, 0.01, 0.5)
        wanted = wanted + struck * effect.cpu
        throttled = throttled + np.maximum(wanted - service.cpu_limit, 0)
        cpu[k] = np.minimum(wanted, service.cpu_limit * 1.01)
        level = service.memory * (1 + noise.wander(rng, times, 0.01, 600.0))
        level = level + 0.1 * service.memory * np.clip(rate / max(float(np.median(rate)), 1e-9) - 1, 0, 2)
        memory[k] = np.minimum(level + struck * effect.memory, service.memory_limit * 0.995)
    busy = rate * p50  # Little's law: requests inside at one time
    pool = np.minimum(np.maximum(busy / pods, 0.1), service.pool_size)
    slow_network = np.clip(1 - effect.loss * 2, 0.1, 1) * answered
    traffic = rate * service.bytes_per_request * slow_network
    return State(
        rate=rate * answered, p50=p50, p99=p99, errors=errors, cpu_pods=cpu, memory_pods=memory,
        disk=(0.3 + rate * service.disk_per_request) * effect.disk * answered,
        fill=np.clip(0.35 + 0.1 * float(rng.random()) + effect.fill * 1.2, 0, 1.0),
        sent=traffic * 0.7, received=traffic * 0.4,
        retransmits=0.02 + traffic / 1400 * (0.0002 + np.clip(effect.loss, 0, 1)),
        fds=np.minimum(60 + busy * 2 / pods + effect.fds * service.fd_limit, service.fd_limit),
        threads=(12 + np.minimum(busy / pods, 200)) * effect.threads,
        pool_used=pool + effect.pool * (service.pool_size - pool), pool_pending=effect.pool * busy * 0.5 / pods,
        gc=np.clip(0.004 + 0.01 * noise.bursts(rng, times.size, 0.05, 0.7) + effect.gc, 0, 0.95),
        rows=rate * 8 * effect.rows, restarts=effect.restarts, up=answered, throttled=throttled / pods,
    )  # fmt: skip


def _nodes(world: World, services: list[State], faults: list[Fault]) -> tuple[list[Floats], list[Floats]]:
    rng, times = world.rng, world.times_s
    cpu, memory = [], []
    for n, node in enumerate(world.nodes):
        used = (
            0.05 * world.cores * (1 + noise.wander(rng, times, 0.2, 120.0)) + float(rng.uniform(0, 0.15)) * world.cores
        )
        held = np.full(times.size, 2e9)
        for service, state in zip(world.services, services, strict=True):
            for k, place in enumerate(service.nodes):
                if place == node:
                    used, held = used + state.cpu_pods[k], held + state.memory_pods[k]
        share = np.clip(used / world.cores, 0.01, 1.0)
        for fault in faults:
            if fault.on_node and fault.place == n:
                curve = np.clip((times - fault.onset_s) / 20.0, 0, 1)
                share = np.clip(share + curve * (float(rng.uniform(0.93, 0.99)) - share), 0, 1)
        cpu.append(share)
        memory.append(held)
    return cpu, memory
