"""When it is repainted: one frame for a burst, and never so often that painting is all that is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from compass.entrypoints.cli.conversation.pace import BUSY, PAINT_S, Pace


@dataclass
class Easel:
    """A clock that only painting moves."""

    now: float = 100.0
    takes_s: float = 0.0
    painted: int = 0
    heard: int = 0
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.draw, lambda: self.now, self.hear)

    def hear(self, called: Callable[[], None]) -> None:
        self.heard += 1
        called()

    def draw(self) -> None:
        self.painted += 1
        self.now += self.takes_s


def test_the_first_frame_waits_for_nothing_and_the_next_for_a_tenth_of_a_second() -> None:
    easel = Easel()
    assert easel.pace.wait_s() == 0
    easel.pace.paint()
    assert easel.pace.wait_s() == pytest.approx(PAINT_S)
    easel.now += 5
    assert easel.pace.wait_s() == 0


def test_whoever_paints_slowly_paints_seldom() -> None:
    easel = Easel(takes_s=1.0)
    easel.pace.paint()
    assert easel.pace.wait_s() == BUSY
    easel.takes_s = 0.0
    easel.pace.paint()
    assert easel.pace.wait_s() == pytest.approx(PAINT_S), "as soon as it is quick again"


async def test_a_burst_is_one_frame_and_a_key_does_not_wait_for_it() -> None:
    easel = Easel()
    for _ in range(9):
        easel.pace.soon()
    await asyncio.sleep(0.001)
    assert (easel.painted, easel.heard) == (1, 1)
    easel.pace.soon()
    easel.pace.paint()
    assert easel.painted == 2, "what was to be painted soon is painted now"
    assert easel.pace._timer is None
    easel.pace.soon()
    easel.pace.stop()
    assert easel.pace._timer is None
