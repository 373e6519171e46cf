"""The honest comparison: the same steps again, twice, from cold: all agents at once, then one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.investigation.funnel import Funnel
from compass.investigation.settings import Crew
from compass.investigation.shared import SingleFlight
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError
from compass.ports.specialist import Look, Specialist, Step
from compass.ports.telemetry import Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    specialist: Specialist
    steps: tuple[Step, ...]


async def measure_sequential(
    board: Board,
    crew: Crew,
    open_telemetry: Callable[[], Telemetry],
    clock: Clock,
    elapsed_s: float,
    agents_s: Mapping[str, float],
) -> c.TimingMeasured:
    """Seconds of the steps this investigation took, in parallel and one after another, both with cold caches.

    Both runs share what one agent has fetched or computed with the next: what is compared is working at the same time,
    not sharing.
    """
    jobs = [_job(s, board) for s in crew.specialists]
    began = clock.monotonic_s()
    source = Funnel(open_telemetry())
    shared = SingleFlight()
    await asyncio.gather(*(_run(job, board, source, shared) for job in jobs))
    await source.aclose()
    parallel = clock.monotonic_s() - began
    began = clock.monotonic_s()
    source, shared = Funnel(open_telemetry()), SingleFlight()
    for job in jobs:
        await _run(job, board, source, shared)
    await source.aclose()
    sequential = clock.monotonic_s() - began
    return c.TimingMeasured(
        elapsed_s=elapsed_s, agents_s=dict(sorted(agents_s.items())), sequential_s=sequential, parallel_s=parallel
    )


def _job(specialist: Specialist, board: Board) -> _Job:
    screened = tuple(
        Step(id=step, text="") for agent, step in sorted(board.steps_done)
        if agent == specialist.name and step not in board.plans
    )  # fmt: skip
    planned = tuple(
        Step(id=key, text="", plan=board.plans[key]) for agent, key in sorted(board.steps_done)
        if agent == specialist.name and key in board.plans
    )  # fmt: skip
    return _Job(specialist=specialist, steps=(*screened, *planned))


async def _run(job: _Job, board: Board, telemetry: Telemetry, shared: SingleFlight) -> None:
    for step in job.steps:
        phase = "disprove" if step.plan else "screen"
        look = Look(board=replace(board, phase=phase), telemetry=telemetry, shared=shared, deadline=Deadline())
        try:
            await job.specialist.perform(step, look)
        except SourceError:
            continue  # it failed in the run as well and was recorded there; only its time matters here
