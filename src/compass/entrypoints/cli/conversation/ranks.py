"""Which numbers of the list mean something else than a moment ago."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from compass.projections.view import AccountLine

SETTLES_S = 0.5
"""So long after a repaint a digit may still be meant for what stood there before: about what it takes to see a change
and to stop a finger."""


@dataclass(slots=True)
class Ranks:
    """What stands at each number as painted, and since when. `clock`: monotonic, in seconds."""

    clock: Callable[[], float]
    _stands: dict[int, str] = field(default_factory=dict)
    _swapped_s: dict[int, float] = field(default_factory=dict)

    def painted(self, lines: Iterable[AccountLine]) -> None:
        """The list as it is on the screen now. What comes where nothing stood cannot be mistaken for another."""
        now = self.clock()
        stands = {line.rank: line.label for line in lines}
        swapped = [rank for rank, label in stands.items() if self._stands.get(rank, label) != label]
        self._swapped_s |= dict.fromkeys(swapped, now)
        self._stands = stands

    def moved(self) -> frozenset[int]:
        """The numbers at which another account stood a moment ago."""
        now = self.clock()
        return frozenset(rank for rank, since in self._swapped_s.items() if now - since < SETTLES_S)
