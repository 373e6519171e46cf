"""The lease of a running investigation: renewed beside the work, which ends at once where another runner has it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from compass.investigation.recorder import Recorder
from compass.ports.clock import Clock
from compass.ports.errors import StaleRunnerError, StorageError


async def while_held(work: Coroutine[Any, Any, None], recorder: Recorder, ttl_s: float, clock: Clock) -> None:
    """Do the work, with the lease claimed before and renewed meanwhile. Raises StaleRunnerError as soon as it is known
    that another runner took it: not only when something is next written, which may be after a person's answer."""
    keeper = asyncio.create_task(keep(recorder, ttl_s, clock))
    task = asyncio.create_task(work)
    both = (task, keeper)
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for done in both:  # what the work itself came to is what counts
            if done.done():
                return done.result()
    finally:
        for one in both:
            one.cancel()
        await asyncio.gather(*both, return_exceptions=True)


async def keep(recorder: Recorder, ttl_s: float, clock: Clock) -> None:
    """Renew it until cancelled. A database that is away is asked again as long as the lease lasts. Raises
    StaleRunnerError where another runner has it, StorageError where it could not be renewed before it ran out."""
    held_s = clock.monotonic_s()
    while True:
        await asyncio.sleep(ttl_s / 3)
        try:
            asked_s = clock.monotonic_s()
            await recorder.claim(ttl_s)
            held_s = asked_s
        except StaleRunnerError:
            raise
        except StorageError:
            if clock.monotonic_s() - held_s >= ttl_s:
                raise
