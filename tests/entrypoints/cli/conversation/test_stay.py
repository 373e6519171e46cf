"""How long it stays after the end: for somebody who is there, and for nobody else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from compass.entrypoints.cli.conversation.stay import Stay
from compass.investigation.settings import Limits

LIMITS = Limits(linger_s=15.0, pause_s=600.0)


@dataclass
class Evening:
    now: float = 50.0
    painted: list[float | None] = field(default_factory=list)
    stay: Stay = field(init=False)

    def __post_init__(self) -> None:
        self.stay = Stay(lambda: self.now)

    def paint(self) -> None:
        self.painted.append(self.stay.left_s)

    async def wait(self) -> bool:
        return await self.stay.wait(LIMITS, self.paint)


async def test_nobody_is_waited_for_but_a_little_while_and_the_seconds_are_shown() -> None:
    evening = Evening()
    assert evening.stay.left_s is None
    for passes_s in (14, 2):
        waits = asyncio.create_task(evening.wait())
        await asyncio.sleep(0)
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
        evening.now += passes_s
    assert evening.painted == [15.0, 1.0]
    assert not await evening.wait(), "the time is over"


async def test_every_key_is_as_long_as_a_pause() -> None:
    evening = Evening()
    evening.stay.touch()
    waits = asyncio.create_task(evening.wait())
    await asyncio.sleep(0)
    evening.stay.touch()
    assert await waits
    evening.now += 500
    waits = asyncio.create_task(evening.wait())
    await asyncio.sleep(0)
    evening.stay.leave()
    assert not await waits
    assert evening.painted == [600.0, 600.0], "since the last key"


async def test_whoever_left_before_it_ended_is_not_waited_for() -> None:
    evening = Evening()
    evening.stay.leave()
    assert not await evening.wait()


async def test_it_begins_anew_when_it_has_ended_again() -> None:
    evening = Evening()
    evening.stay.leave()
    await evening.wait()
    evening.now += 100
    evening.stay.renew()
    assert evening.stay.left_s is None
    evening.stay.leaving = False
    evening.stay.wake()
    waits = asyncio.create_task(evening.wait())
    await asyncio.sleep(0)
    assert evening.painted[-1] == 15.0
    evening.stay.wake()
    assert await waits
