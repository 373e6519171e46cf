"""What nobody awaits: its failure ends the task that it belongs to, once, and never one that is done with it."""

from __future__ import annotations

import asyncio

import pytest

from compass.entrypoints.cli.conversation.watch import Watch


def fails() -> None:
    raise ZeroDivisionError


async def test_the_first_failure_is_what_the_task_ends_with() -> None:
    told: list[bool] = []
    watch = Watch(lambda: told.append(True))

    async def talk() -> None:
        with watch:
            asyncio.get_running_loop().call_soon(watch.hear, fails)
            asyncio.get_running_loop().call_soon(watch.failed, KeyError())
            await asyncio.Event().wait()

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(talk(), 30)
    assert told == [True]


async def test_a_cancelled_task_is_cancelled_and_what_went_well_is_let_alone() -> None:
    watch = Watch(fails)

    async def talk() -> None:
        with watch:
            watch.hear(lambda: None)
            await asyncio.Event().wait()

    task = asyncio.create_task(talk())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_fails_too_late_is_raised_where_it_is_told_and_ends_nobody_else() -> None:
    watch = Watch(fails)
    with watch:
        pass
    with pytest.raises(KeyError):
        watch.failed(KeyError())
    await asyncio.sleep(0)
