"""How long a conversation stays open after the end: as long as somebody is there, and no longer."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from compass.investigation.settings import Limits


@dataclass(slots=True)
class Stay:
    """Whoever pressed no key is taken to be gone, whoever did has as long as a pause holds since the last one.

    `clock`: monotonic, in seconds. `touched`: somebody pressed a key. `ended`: nothing runs. `leaving`: the person
    leaves.
    """

    clock: Callable[[], float]
    touched: bool = False
    ended: bool = False
    leaving: bool = False
    _leaves_at: float | None = None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def touch(self) -> None:
        """A key was pressed."""
        self.touched = True
        self._woken.set()

    def wake(self) -> None:
        """Something came that has to be looked at; whoever ordered it is there."""
        self._woken.set()

    def leave(self) -> None:
        """The person is done with it."""
        self.leaving = True
        self._woken.set()

    def renew(self) -> None:
        """It begins anew when it has ended again."""
        self._leaves_at = None

    @property
    def left_s(self) -> float | None:
        """How long it still stays; None where that is not counted."""
        return self._leaves_at - self.clock() if self._leaves_at is not None else None

    async def wait(self, limits: Limits, paint: Callable[[], None]) -> bool:
        """Until the next key or order, and no longer than a second; False when the person leaves, or the time is
        over. Ctrl-C leaves. `paint` shows how long it still stays."""
        if self._leaves_at is None or self._woken.is_set():
            self._leaves_at = self.clock() + (limits.pause_s if self.touched else limits.linger_s)
        self._woken.clear()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self.leave)
        paint()
        try:
            left = self._leaves_at - self.clock()
            if self.leaving or left <= 0:
                return False
            with suppress(TimeoutError):  # the seconds that are left are shown
                await asyncio.wait_for(self._woken.wait(), min(1.0, left))
        finally:
            loop.remove_signal_handler(signal.SIGINT)
        return not self.leaving
