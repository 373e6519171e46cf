"""What nobody awaits may fail, too: then the conversation ends with that failure, and with its terminal given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import ParamSpec

P = ParamSpec("P")


@dataclass(slots=True)
class Watch:
    """Entered by the task that all of it belongs to. A failure that is told here ends that task, and is what it ends
    with. Else the event loop would write it over the screen and go on with a part of the conversation dead."""

    told: Callable[[], None]
    _task: asyncio.Task[object] | None = None
    _failure: BaseException | None = None

    def __enter__(self) -> Watch:
        self._task, self._failure = asyncio.current_task(), None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if self._failure is None:
            return
        if task is not None and isinstance(error, asyncio.CancelledError):
            task.uncancel()
        raise self._failure

    def failed(self, error: BaseException) -> None:
        """The first failure counts; what follows comes of it. One that comes too late is raised where it is told."""
        if self._task is None:
            raise error
        if self._failure is None:
            self._failure = error
            self.told()
            self._task.cancel()

    def hear(self, called: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> None:
        """Call what the event loop was to call."""
        try:
            called(*arguments, **named)
        except Exception as error:  # noqa: BLE001  # the loop has no caller to raise it to; the task has
            self.failed(error)
