"""Array work runs off the event loop: whoever else lives on it (heartbeat, stop, live view) is not kept waiting."""

from __future__ import annotations

import asyncio
import time

import pytest

from compass.data import demo_recording
from compass.sources.recording import find_recordings
from tests.support.running import prepared, run_means

MOST_LAG_S = 0.100  # DESIGN §3
TICK_S = 0.005


async def worst_lag(gaps: list[float]) -> None:
    """Append how late each tick is, until cancelled."""
    last = time.perf_counter()
    while True:
        await asyncio.sleep(TICK_S)
        now = time.perf_counter()
        gaps.append(now - last - TICK_S)
        last = now


@pytest.mark.xdist_group("postgres")
async def test_the_event_loop_is_never_blocked_for_long() -> None:
    worst = []
    with demo_recording() as folder:
        for _ in range(4):  # other processes of a busy machine delay a run now and then, but not every run
            gaps: list[float] = []
            ticker = asyncio.create_task(worst_lag(gaps))
            await run_means(find_recordings(folder)[0], prepared(find_recordings(folder)[0]))
            ticker.cancel()
            worst.append(max(gaps))
            if worst[-1] < MOST_LAG_S:
                break
    assert min(worst) < MOST_LAG_S, f"worst lag of each run: {worst}"
