"""One way to refute theories; one implementation a file in `compass.disproof`."""

from __future__ import annotations

from typing import Protocol

from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry


class Disproof(Protocol):
    """A strategy. `plan` is pure; `run` asks the data. A strategy never scores: the outcome table does."""

    @property
    def id(self) -> str: ...

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """Plans with their expectation written down, or none when the strategy does not apply."""
        ...

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        """One attempt on one of its own plans. Where the data does not answer (a source that fails, is late or holds
        too little) the outcome is NO_DATA and says why; it is never an error."""
        ...
