"""Work that a key begins and that no key waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field


@dataclass(slots=True)
class Errands:
    """What was begun and is not done yet, on the running event loop. `failed` is called with what one of them raised:
    nobody awaits it."""

    failed: Callable[[BaseException], None]
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """Do it beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    @property
    def idle(self) -> bool:
        """Whether all that was begun is done."""
        return not self._tasks

    async def done(self) -> None:
        """Wait for all that was begun until now."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """Nobody is there for it any more."""
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed(error)
