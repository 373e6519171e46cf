"""Work that several agents need is done once; a cancelled waiter does not cancel it for the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

R = TypeVar("R")


class SingleFlight:
    """Results by key. The first caller starts the work, everybody awaits the same task."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    async def get(self, key: str, make: Callable[[], Awaitable[R]], *, keep: bool = True) -> R:
        """The result under `key`, made at most once. A failure is the same failure for every caller.

        Without `keep` the result is dropped when it is there: only those who wait for it at the same time share it.
        """
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.ensure_future(_run(make))
            task.add_done_callback(_retrieve)
            self._tasks[key] = task
            if not keep:
                task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return cast(R, await asyncio.shield(task))

    def forget(self, key: str) -> None:
        """Drop a result that is there; work under way goes on for those who wait for it."""
        self._tasks.pop(key, None)

    async def close(self) -> None:
        """Cancel what nobody waits for any more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()


async def _run(make: Callable[[], Awaitable[R]]) -> R:
    return await make()


def _retrieve(task: asyncio.Task[Any]) -> None:
    # A failure whose every waiter was cancelled would otherwise be reported as "never retrieved".
    if not task.cancelled():
        task.exception()
