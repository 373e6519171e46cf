"""Made-up incidents: the same seed gives the same incident, faults spread as they should, recordings can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks.worlds.dialects import DIALECTS
from benchmarks.worlds.faults import KINDS, Fault, candidates, effects_of
from benchmarks.worlds.make import HEALTHY, Plan, make, plans
from benchmarks.worlds.physics import Telling, simulate
from benchmarks.worlds.shape import World, draw_world, order, usual_rates
from compass.domain.telemetry import SignalKind, SignalQuery
from compass.sources.recording import RecordingSource
from tests.sources.conformance import NO_DEADLINE

ONSET = 1200.0


def lived(kind: str, seed: int = 3) -> tuple[World, Fault, Telling]:
    world = draw_world(np.random.default_rng(seed), 12, 1800.0, 15.0)
    place = next(i for i in candidates(world, kind) if kind == "traffic_surge" or world.into.get(i))
    fault = Fault(kind, place, ONSET, surge=3.0)
    return world, fault, simulate(world, effects_of(world, [fault]), [fault])


def rise(world: World, line: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.median(line[world.times_s > ONSET + 60]) / np.median(line[world.times_s < ONSET]))


def test_a_plan_has_every_fault_and_dialect() -> None:
    drawn = plans(76, 1)
    assert {plan.kind for plan in drawn} == {*KINDS, HEALTHY}
    assert {plan.dialect for plan in drawn} == set(DIALECTS)
    assert drawn == plans(76, 1) != plans(76, 2)


def test_every_service_gets_work_and_callers_come_first() -> None:
    world = draw_world(np.random.default_rng(5), 30, 600.0, 5.0)
    place = {service: n for n, service in enumerate(order(world))}
    assert len(place) == len(world.services)
    assert all(place[edge.caller] < place[edge.callee] for edge in world.edges)
    assert min(usual_rates(world)) > 0


def test_a_slow_store_makes_its_callers_wait_but_not_what_they_also_call() -> None:
    world, fault, telling = lived("slow_query")
    waiting_callers = [edge.caller for edge in world.into[fault.place] if edge.awaited]
    assert waiting_callers
    assert min(rise(world, telling.services[caller].p50) for caller in waiting_callers) > 1.05
    above = set()
    waiting = [fault.place]
    while waiting:
        above.update(found := [e.caller for e in world.into.get(waiting.pop(), ()) if e.caller not in above])
        waiting += found
    for i, state in enumerate(telling.services):
        if i != fault.place and i not in above:
            assert rise(world, state.p50) < 1.5


def test_delay_on_the_way_is_not_seen_by_the_one_who_answers() -> None:
    world, fault, telling = lived("network_delay")
    if not world.out.get(fault.place):
        assert rise(world, telling.services[fault.place].p50) < 1.2
    assert max(rise(world, telling.edges[n].p50) for n, e in enumerate(world.edges) if e.callee == fault.place) > 1.5


def test_a_surge_reaches_everybody() -> None:
    world, _, telling = lived("traffic_surge")
    rises = [rise(world, state.rate) for state in telling.services]
    assert rises[0] > 2
    assert np.median(rises) > 1.2, "what is overloaded passes on less"


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
async def test_a_recording_can_be_read_and_says_the_same_twice(dialect: str, tmp_path: Path) -> None:
    plan = Plan(7, "cpu_hog", dialect)
    index = make(plan, 11, tmp_path / "a")
    assert make(plan, 11, tmp_path / "b") == index
    truth = yaml.safe_load((tmp_path / "a/truth/world-007.yaml").read_text(encoding="utf-8"))
    assert truth == yaml.safe_load((tmp_path / "b/truth/world-007.yaml").read_text(encoding="utf-8"))
    source = RecordingSource.open(tmp_path / "a" / plan.id)
    query = SignalQuery(kinds=frozenset(SignalKind), window=source.incident().window)
    answer = await source.series(query, deadline=NO_DEADLINE)
    named = {row.entity.name for row in answer.data.rows}
    assert any(name.startswith(truth["entity"]["name"]) for name in named), "the struck thing is known"


def test_a_healthy_case_has_no_truth_but_that(tmp_path: Path) -> None:
    make(Plan(1, HEALTHY, "otel"), 2, tmp_path)
    truth = yaml.safe_load((tmp_path / "truth/world-001.yaml").read_text(encoding="utf-8"))
    assert truth["entity"] == {"kind": "none", "name": ""}
