"""When a screen is repainted: soon after something changed, and never so often that painting is all that is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

PAINT_S = 0.1
"""Between two repaints for what was committed; a key is answered at once."""
BUSY = 4.0
"""A repaint may take one in so many parts of the time."""


@dataclass(slots=True)
class Pace:
    """`draw` paints what is so now. `clock`: monotonic, in seconds. `hear` calls what the event loop was to call. Only
    `soon` needs a running event loop."""

    draw: Callable[[], None]
    clock: Callable[[], float]
    hear: Callable[[Callable[[], None]], None]
    _timer: asyncio.TimerHandle | None = None
    _painted_s: float = 0.0
    _between_s: float = PAINT_S

    def paint(self) -> None:
        """Now, instead of soon."""
        self.stop()
        began = self.clock()
        self.draw()
        self._painted_s = self.clock()
        self._between_s = max(PAINT_S, BUSY * (self._painted_s - began))

    def soon(self) -> None:
        """Something changed. Events come in bursts; one frame shows all of a burst."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.wait_s(), self.hear, self.paint)

    def wait_s(self) -> float:
        """How long it is until the next repaint may begin."""
        return max(0.0, self._painted_s + self._between_s - self.clock())

    def stop(self) -> None:
        """What was to be painted soon is not."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
