"""Specialists that do what a test tells them, and an investigation in memory to try them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.observation import Observation
from compass.domain.telemetry import (
    Answer,
    Asked,
    Capability,
    Health,
    LogQuery,
    NativeQuery,
    ObjectQuery,
    SignalQuery,
    SpanQuery,
)
from compass.entrypoints.clock import SystemClock
from compass.investigation.recorder import Listener, Recorder, show_nothing
from compass.investigation.rounds import Field
from compass.investigation.settings import Crew
from compass.investigation.shared import SingleFlight
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.ports.specialist import Budget, Look, Specialist, Step, StepResult, Stop
from compass.storage.memory import MemoryChronicle
from compass.tables.logs import LogTable
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesTable
from compass.tables.spans import SpanTable
from tests.support.boards import HEALTHY, opening


@dataclass(slots=True)
class Told:
    """Gives `steps` (or those that `decides` gives) and does `does` for each; remembers what it was asked."""

    name: str
    steps: tuple[Step, ...] = ()
    does: Callable[[Step, Look], StepResult] = lambda _step, _look: StepResult()
    decides: Callable[[Board, Budget], tuple[Step, ...] | Stop] | None = None
    boards: list[Board] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)
    performed: list[str] = field(default_factory=list)

    def decide(self, board: Board, budget: Budget) -> tuple[Step, ...] | Stop:
        self.boards.append(board)
        self.budgets.append(budget)
        return self.decides(board, budget) if self.decides else self.steps or Stop(reason="nothing to ask")

    async def perform(self, step: Step, look: Look) -> StepResult:
        self.performed.append(step.id)
        return self.does(step, look)


def crew_of(*specialists: Specialist) -> Crew:
    return Crew(specialists=specialists, mechanisms={})


class NoTelemetry:
    """A source that refuses every question."""

    name = "nothing"
    capabilities: frozenset[Capability] = frozenset()

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:
        raise SourceRefusedError("no")

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:
        raise SourceRefusedError("no")

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:
        raise SourceRefusedError("no")

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:
        raise SourceRefusedError("no")

    async def check(self) -> tuple[Health, ...]:
        return HEALTHY

    def native(self, observation: Observation) -> NativeQuery:
        return observation.query

    @property
    def asked(self) -> tuple[Asked, ...]:
        return ()

    async def aclose(self) -> None:
        """Nothing to give back."""


def playing_field() -> Field:
    return Field(telemetry=NoTelemetry(), shared=SingleFlight(), clock=SystemClock())


async def recording(
    *payloads: c.Payload, chronicle: MemoryChronicle | None = None, listener: Listener = show_nothing
) -> tuple[MemoryChronicle, UUID, Recorder]:
    """A recorder with the lease, on an investigation that holds the opening events and `payloads`."""
    store = chronicle or MemoryChronicle(clock=SystemClock())
    investigation = await store.create("test")
    recorder = Recorder(store, investigation, "host:1:1", listener)
    await recorder.claim(60)
    first: Sequence[c.Payload] = (*opening(), *payloads)
    await recorder.append(*((f"given/{i}", payload) for i, payload in enumerate(first)), actor="test")
    return store, investigation, recorder
