"""Run a whole investigation in memory, for tests that need no PostgreSQL."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from compass.domain.board import Board
from compass.domain.chronicle import Event
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import means, recording_choice
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import Means, investigate, open_investigation
from compass.investigation.settings import Limits
from compass.ports.specialist import Budget, Look, Specialist, Step, StepResult, Stop
from compass.projections.build_view import build_view
from compass.projections.view import View
from compass.sources.recording import RecordingSource
from compass.storage.memory import MemoryChronicle

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    board: Board
    view: View
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Delayed:
    """A specialist that is late by a random time at every step."""

    inner: Specialist
    rng: random.Random
    most_s: float = 0.03

    @property
    def name(self) -> str:
        return self.inner.name

    def decide(self, board: Board, budget: Budget) -> tuple[Step, ...] | Stop:
        return self.inner.decide(board, budget)

    async def perform(self, step: Step, look: Look) -> StepResult:
        await asyncio.sleep(self.rng.random() * self.most_s)
        return await self.inner.perform(step, look)


@dataclass(frozen=True, slots=True)
class Failing:
    """A specialist whose every step fails, as a defect in it would."""

    inner: Specialist

    @property
    def name(self) -> str:
        return self.inner.name

    def decide(self, board: Board, budget: Budget) -> tuple[Step, ...] | Stop:
        return self.inner.decide(board, budget)

    async def perform(self, step: Step, look: Look) -> StepResult:
        raise ZeroDivisionError("a defect in this agent")


def prepared(folder: Path, *, limits: Limits | None = None, sequential: bool = False) -> Means:
    return means(Settings(), recording_choice(folder), limits or Limits(), sequential=sequential)


async def run_means(folder: Path, using: Means) -> Run:
    clock = SystemClock()
    chronicle = MemoryChronicle(clock=clock)
    incident = RecordingSource.open(folder).incident()
    investigation = await chronicle.create(incident.title)
    recorder = Recorder(chronicle, investigation, "test", show_nothing)
    await recorder.claim(60)
    await open_investigation(recorder, incident, using, source_uri="recording:test")
    board = await investigate(recorder, using)
    view = build_view(board, using.crew.mechanisms, id=str(investigation), number=1)
    return Run(board=board, view=view, events=await chronicle.read(investigation))


async def run(folder: Path, *, limits: Limits | None = None) -> Run:
    return await run_means(folder, prepared(folder, limits=limits))


def apart(work: Coroutine[object, object, T]) -> T:
    """Run to its end in a thread of its own: from a test that has an event loop as from one that has none."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@cache
def run_once(folder: Path) -> Run:
    """The investigation of a recording as it comes, made once for all who only look at it."""
    return apart(run(folder))


def with_specialists(using: Means, specialists: Sequence[Specialist]) -> Means:
    return replace(using, crew=replace(using.crew, specialists=tuple(specialists)))
