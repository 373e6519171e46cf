"""Time, passed in: investigations on recordings have their own now, tests have a still one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    def now_ns(self) -> int:
        """Wall clock, nanoseconds since the epoch, UTC: for timestamps."""
        ...

    def monotonic_s(self) -> float:
        """Monotonic seconds: for budgets and durations."""
        ...


@dataclass(frozen=True, slots=True)
class Deadline:
    """An absolute moment on the monotonic clock after which an answer is of no use. None = no deadline."""

    at_s: float | None = None

    def remaining(self, clock: Clock) -> float | None:
        return None if self.at_s is None else max(0.0, self.at_s - clock.monotonic_s())
