"""Work beside the keys: waited for where it has to be, dropped where nobody is there any more."""

from __future__ import annotations

import asyncio

from compass.entrypoints.cli.conversation.errands import Errands


def never(error: BaseException) -> None:
    raise AssertionError(error)


async def test_all_that_was_begun_is_waited_for_and_then_nothing_is_left() -> None:
    errands, came = Errands(never), asyncio.Event()
    done: list[str] = []

    async def one() -> None:
        await came.wait()
        done.append("one")

    errands.begin(one())
    assert not errands.idle
    asyncio.get_running_loop().call_soon(came.set)
    await errands.done()
    assert (done, errands.idle) == (["one"], True)


async def test_what_is_dropped_ends_without_being_done() -> None:
    errands = Errands(never)
    errands.begin(asyncio.sleep(3600))
    await asyncio.sleep(0)
    errands.drop()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert errands.idle


async def test_what_fails_is_told_and_not_kept_from_those_who_wait() -> None:
    failures: list[BaseException] = []
    errands = Errands(failures.append)

    async def broken() -> None:
        raise ZeroDivisionError

    errands.begin(broken())
    await errands.done()
    assert [type(one) for one in failures] == [ZeroDivisionError]
    assert errands.idle
