from __future__ import annotations

import asyncio

import pytest

from compass.investigation.shared import SingleFlight


async def test_work_is_done_once_for_all_who_ask() -> None:
    shared, made = SingleFlight(), []

    async def make() -> int:
        made.append(1)
        await asyncio.sleep(0.01)
        return 7

    assert await asyncio.gather(*(shared.get("k", make) for _ in range(5))) == [7] * 5
    assert made == [1]


async def test_a_cancelled_waiter_does_not_cancel_the_work_for_others() -> None:
    shared = SingleFlight()

    async def make() -> str:
        await asyncio.sleep(0.05)
        return "done"

    first = asyncio.create_task(shared.get("k", make))
    second = asyncio.create_task(shared.get("k", make))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == "done"


async def test_a_failure_is_the_same_failure_for_everybody() -> None:
    shared = SingleFlight()

    async def make() -> str:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await shared.get("k", make)
    await shared.close()


async def test_what_is_not_kept_is_shared_only_by_those_who_wait_at_the_same_time() -> None:
    shared, made = SingleFlight(), []

    async def make() -> int:
        made.append(1)
        await asyncio.sleep(0.01)
        return len(made)

    assert await asyncio.gather(*(shared.get("k", make, keep=False) for _ in range(3))) == [1] * 3
    assert await shared.get("k", make, keep=False) == 2
    await shared.close()
