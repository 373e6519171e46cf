# ruff: noqa: E501 - tables of names and texts read better in one line; recipes share one form
"""Draws one incident: a world, a fault, what else was going on, and which telemetry anybody had of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from benchmarks.worlds import spans, texts, write
from benchmarks.worlds.dialects import DIALECTS, HAS_NODES
from benchmarks.worlds.faults import KINDS, Fault, candidates, effects_of, passing, shape_of
from benchmarks.worlds.meter import Meter, holes_of
from benchmarks.worlds.physics import Telling, simulate
from benchmarks.worlds.shape import Floats, World, draw_world

STEPS_S = {"otel": (5, 15, 15, 60), "mesh": (5, 15, 15, 30), "spring": (5, 15, 15, 60), "flat": (1, 1, 5, 15),
           "pods": (15, 60, 60), "cloud": (60, 60, 300), "hosts": (10, 60, 60)}  # fmt: skip
HEALTHY = "healthy"
MOST_CELLS = 60_000  # services × steps
MOST_DOUBLINGS = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """What a case is about. `kind` is a fault's name or HEALTHY."""

    number: int
    kind: str
    dialect: str

    @property
    def id(self) -> str:
        return f"world-{self.number:03d}"


def plans(count: int, seed: int) -> list[Plan]:
    """Faults and dialects in even shares, in an order that the seed decides."""
    rng = np.random.default_rng([seed, 0])
    kinds = [*KINDS, HEALTHY]
    cycle = [str(k) for _ in range(count // len(kinds) + 1) for k in rng.permutation(kinds)]
    spoken = [str(d) for _ in range(count // len(DIALECTS) + 1) for d in rng.permutation(list(DIALECTS))]
    return [Plan(i + 1, kind, dialect) for i, (kind, dialect) in enumerate(zip(cycle[:count], spoken, strict=False))]


def make(plan: Plan, seed: int, root: Path) -> dict[str, object]:
    """Write the recording and its truth; returns what the index says of it."""
    rng = np.random.default_rng([seed, plan.number])
    dialect = plan.dialect
    if plan.kind == "node_cpu" and dialect not in HAS_NODES:
        dialect = str(rng.choice(sorted(HAS_NODES)))
    step = float(rng.choice(STEPS_S[dialect]))
    seconds = _length(rng, step)
    most = max(5, min(60, int(MOST_CELLS / (seconds / step)) * 2 // 3))
    world = draw_world(rng, int(np.exp(rng.uniform(np.log(5), np.log(most + 1)))), seconds, step)
    detected, until = _times(rng, plan.kind, seconds, step)
    fault = _fault(world, plan.kind, detected)
    telling, effects, notes = _live(world, fault, detected, seconds)
    for _ in range(MOST_DOUBLINGS):  # nobody is paged for what nobody notices
        if fault is None or _noticed(world, telling, fault):
            break
        fault.heavy *= 2
        telling, effects, notes = _live(world, fault, detected, seconds)
    start = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=int(rng.integers(86_400 * 300)))
    folder = root / plan.id
    meter = Meter(world, holes_of(world))
    DIALECTS[dialect](meter, world, telling)
    write.write_metrics(folder, meter.found, world, start, until)
    parts = _parts(rng, folder, world, telling, effects, fault, start, until, detected)
    page = _page(rng, world, telling, fault, detected)
    write.write_yaml(folder / "recording.yaml", {
        "format": 1, "id": plan.id, "system": f"made-up-{seed}-{plan.number}", **page,
        "window": {"start": write.iso(start, 0), "end": write.iso(start, until)}, "detected_at": write.iso(start, detected),
        "provenance": {"dataset": "made up", "case": f"seed {seed}, number {plan.number}", "licence": "Apache-2.0"},
    })  # fmt: skip
    truth = _truth(plan, world, fault, start, parts)
    write.write_yaml(root / "truth" / f"{plan.id}.yaml", truth)
    return {"id": plan.id, "fault": plan.kind, "dialect": dialect, "step_s": step, "services": len(world.services),
            "parts": parts, "notes": notes, "entity": truth["entity"], "series": len(meter.found)}  # fmt: skip


def _noticed(world: World, telling: Telling, fault: Fault) -> bool:
    """Whether users or the struck thing's own callers have cause to complain: a third slower, or a point of errors."""
    late, early = world.times_s > fault.onset_s + world.step_s, world.times_s < fault.onset_s
    if not late.any() or not early.any():
        return True
    places = {0, *(edge.caller for edge in world.into.get(fault.place, ()) if not fault.on_node)}
    for state in (telling.services[i] for i in sorted(places)):
        slower = max(float(np.median(line[late]) / np.median(line[early])) for line in (state.p50, state.p99))
        failing = float(np.mean(state.errors[late]) - np.mean(state.errors[early]))
        if slower > 1.33 or failing > 0.01:
            return True
    return False


def _length(rng: np.random.Generator, step: float) -> float:
    shortest, longest = {1.0: (600, 1500), 5.0: (1200, 3600), 10.0: (1800, 5400), 15.0: (1800, 7200), 30.0: (3600, 10800),
                         60.0: (5400, 21600), 300.0: (14400, 43200)}[step]  # fmt: skip
    return float(round(rng.uniform(shortest, longest) / step) * step)


def _times(rng: np.random.Generator, kind: str, seconds: float, step: float) -> tuple[float, float]:
    """(page, end of the recording): most are investigated soon after the page."""
    after = float(rng.choice([0.0, 60.0, rng.uniform(60, 600)]))
    after = min(after if kind == HEALTHY or step < 60 else max(after, 2 * step), 0.3 * seconds)
    detected = seconds - after
    return detected, min(seconds, detected + after + 1.0)


def _fault(world: World, kind: str, detected: float) -> Fault | None:
    if kind == HEALTHY:
        return None
    rng = world.rng
    waited = float(rng.uniform(60, 420)) + world.step_s * float(rng.uniform(1, 3))
    if kind == "memory_leak":
        waited = float(rng.uniform(0.15, 0.6)) * detected
    onset = detected - min(waited, 0.5 * detected)
    if kind == "node_cpu":
        busy = [n for n, name in enumerate(world.nodes) if any(name in s.nodes for s in world.services)]
        return Fault(kind, int(rng.choice(busy)), onset, on_node=True)
    places = candidates(world, kind) or [0]
    surge = float(rng.uniform(1.8, 6)) if kind == "traffic_surge" else 1.0
    return Fault(kind, int(rng.choice(places)), onset, surge=surge)


def _live(
    world: World, fault: Fault | None, detected: float, seconds: float
) -> tuple[Telling, list[object], list[str]]:
    """The fault and, beside it, what else goes on in a living system."""
    rng, notes = world.rng, list[str]()
    effects = effects_of(world, [fault] if fault else [])
    others = [i for i in range(len(world.services)) if fault is None or fault.on_node or i != fault.place]
    if others and rng.random() < 0.4:
        place, begin = int(rng.choice(others)), float(rng.uniform(0.05, 0.5)) * detected
        passing(world, place, begin, begin + min(600.0, 0.2 * detected))(effects[place])
        notes.append(f"earlier trouble at {world.services[place].name}")
    if others and rng.random() < 0.35:  # a batch job: busy now and then, nobody suffers
        place, every = int(rng.choice(others)), float(rng.uniform(0.1, 0.4)) * seconds
        phase, length = float(rng.uniform(0, every)), float(rng.uniform(0.15, 0.4)) * every
        effects[place].cpu += ((world.times_s + phase) % every < length) * 0.7 * world.services[place].cpu_limit
        effects[place].struck = [True] * len(world.services[place].pods)
        notes.append(f"batch job at {world.services[place].name}")
    if others and rng.random() < 0.25:  # an offender of long standing
        place = int(rng.choice(others))
        effects[place].fails += float(rng.uniform(0.02, 0.2))
        notes.append(f"always failing at {world.services[place].name}")
    if others and rng.random() < 0.25:  # a blip near the onset
        place, at = int(rng.choice(others)), detected - float(rng.uniform(0, 600))
        blip: Floats = shape_of(world, at, 1.0, at + float(rng.uniform(1, 3)) * world.step_s)
        effects[place].slower *= 1 + blip * float(rng.uniform(0.5, 3))
        notes.append(f"blip at {world.services[place].name}")
    telling = simulate(world, effects, [fault] if fault else [])
    return telling, list(effects), notes


def _parts(
    rng: np.random.Generator, folder: Path, world: World, telling: Telling, effects: list[object], fault: Fault | None,
    start: datetime, until: float, detected: float,
) -> list[str]:  # fmt: skip
    """Whatever else was connected: metrics alone in about half of the cases."""
    parts, alone = ["metrics"], rng.random() < 0.5
    if not alone and rng.random() < 0.65:
        write.write_logs(folder, texts.write_lines(world, telling, fault, start), world, start, until)
        parts.append("logs")
    if not alone and rng.random() < 0.5:
        write.write_spans(folder, spans.walk(world, telling, effects), world, start, until)  # type: ignore[arg-type]
        parts.append("spans")
    if "spans" in parts or rng.random() < 0.6:
        named = [
            {"caller": world.services[e.caller].name, "callee": world.services[e.callee].name} for e in world.edges
        ]
        write.write_lines_of(folder / "topology.jsonl", named)
        parts.append("topology")
    if rng.random() < 0.6 or (fault and fault.kind == "error_burst"):
        write.write_lines_of(folder / "changes.jsonl", _changes(rng, world, fault, start, detected))
        parts.append("changes")
    return parts


def _changes(
    rng: np.random.Generator, world: World, fault: Fault | None, start: datetime, detected: float
) -> list[dict[str, object]]:
    rows = []
    for n in range(int(rng.integers(1, 4))):  # decoys: releases go out all day
        service = world.services[int(rng.integers(len(world.services)))]
        at = detected - float(rng.uniform(30, 0.9 * detected))
        rows.append((at, {"kind": str(rng.choice(["deploy", "deploy", "config", "scale"])), "service": service.name,
                          "id": f"chg-{n}{int(rng.integers(10_000))}", "summary": f"{service.name}: routine release"}))  # fmt: skip
    if fault and fault.kind == "error_burst":
        name = world.services[fault.place].name
        rows.append((fault.onset_s - float(rng.uniform(0, 40)), {"kind": "deploy", "service": name, "id": "chg-9001",
                                                                 "summary": f"{name}: release 2.{int(rng.integers(40))}"}))  # fmt: skip
    return [{"time": write.iso(start, max(at, 1.0)), **row} for at, row in sorted(rows, key=lambda r: r[0])]


def _page(
    rng: np.random.Generator, world: World, telling: Telling, fault: Fault | None, detected: float
) -> dict[str, object]:
    entry = telling.services[0]
    late = world.times_s >= (fault.onset_s if fault else detected)
    early = ~late
    slower = float(np.median(entry.p99[late]) / np.median(entry.p99[early])) if late.any() and early.any() else 1.0
    failing = float(np.median(entry.errors[late])) if late.any() else 0.0
    what = "error rate" if failing > 0.02 else "latency"
    page: dict[str, object] = {
        "title": f"{world.services[0].name}: {what} above objective"
        if rng.random() < 0.6
        else "User-facing latency or errors reported",
    }
    if rng.random() < 0.5:
        page["service"] = world.services[0].name
    if rng.random() < 0.5:
        page["symptom"] = (
            f"p99 {slower:.1f} times its usual value"
            if what == "latency"
            else f"{100 * failing:.1f} % of requests fail"
        )
    return page


def _truth(plan: Plan, world: World, fault: Fault | None, start: datetime, parts: list[str]) -> dict[str, object]:
    if fault is None:
        return {
            "id": plan.id,
            "fault_type": HEALTHY,
            "entity": {"kind": "none", "name": ""},
            "trigger": {"kind": "none"},
        }
    name = world.nodes[fault.place] if fault.on_node else world.services[fault.place].name
    truth: dict[str, object] = {
        "id": plan.id, "fault_type": fault.kind, "entity": {"kind": "node" if fault.on_node else "service", "name": name},
        "onset": write.iso(start, fault.onset_s),
    }  # fmt: skip
    if plan.dialect == "hosts":  # a host that is the service: either reading is right
        truth["also_accept"] = [{"kind": "node", "name": name}]
    if "changes" in parts:
        truth["trigger"] = {"kind": "deploy", "id": "chg-9001"} if fault.kind == "error_burst" else {"kind": "none"}
    return truth
