"""A specialist of the Operations section: decides purely on the board, then performs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan
from compass.domain.observation import Observation
from compass.ports.clock import Clock, Deadline
from compass.ports.telemetry import Telemetry

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Work units left for one agent in this round (1 = one bounded query); `proposals`: for attempts on what a language
    model proposed, which are made besides."""

    work: float
    proposals: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. `text` is what the live view shows ("checking pools of 12 services")."""

    id: str
    text: str
    cost: float = 1.0
    plan: DisproofPlan | None = None  # None: a screening step
    orients: bool = False  # what and where are answered from it: no bound that people set leaves it out


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What a step brought. `found` is one short line for the live view. `gaps` are (gap, what it hides)."""

    observations: tuple[Observation, ...] = ()
    attempt: DisproofAttempt | None = None
    gaps: tuple[tuple[str, str], ...] = ()
    found: str = ""
    work: float = 1.0


class Shared(Protocol):
    """Results computed once an investigation and used by several agents (single flight; a shared computation
    outlives one cancelled waiter)."""

    async def get(self, key: str, make: Callable[[], Awaitable[R]]) -> R: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All that a step may use: a snapshot of the board, the telemetry port, shared results, the deadline."""

    board: Board
    telemetry: Telemetry
    shared: Shared
    deadline: Deadline = field(default=Deadline())


class Screen(Protocol):
    """One cheap, bounded screening question a specialist asks. Pure data in its fields; I/O only in `run`."""

    @property
    def id(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def cost(self) -> float: ...

    async def run(self, look: Look) -> StepResult: ...


class Specialist(Protocol):
    """One member of Operations."""

    @property
    def name(self) -> str: ...

    def decide(self, board: Board, budget: Budget) -> tuple[Step, ...] | Stop:
        """The steps of this round, in order. Pure: no clock, no I/O, no state."""
        ...

    async def perform(self, step: Step, look: Look) -> StepResult: ...


__all__ = ["Budget", "Clock", "Look", "Screen", "Shared", "Specialist", "Step", "StepResult", "Stop"]
