"""Clocks that tests set."""

from __future__ import annotations

from dataclasses import dataclass

from compass.ports.clock import Clock


@dataclass(slots=True)
class StillClock:
    """Always `ns`. Budgets run by `running`; without it they stand still too."""

    ns: int
    running: Clock | None = None

    def now_ns(self) -> int:
        return self.ns

    def monotonic_s(self) -> float:
        return 0.0 if self.running is None else self.running.monotonic_s()
