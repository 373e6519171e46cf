"""Closing: one connection that cannot be closed keeps none of the others open."""

from __future__ import annotations

import asyncio

import pytest

from compass.sources.live.feed import close_all


class Door:
    def __init__(self, error: BaseException | None = None) -> None:
        self.closed, self.error = False, error

    async def aclose(self) -> None:
        self.closed = True
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize("error", [ValueError("stuck"), asyncio.CancelledError()])
async def test_all_are_closed_and_then_the_first_error_is_raised(error: BaseException) -> None:
    doors = [Door(), Door(ValueError("stuck")), Door(error), Door()]
    with pytest.raises(ValueError, match="stuck"):
        await close_all(doors)
    assert all(door.closed for door in doors)


async def test_none_is_no_error() -> None:
    await close_all([])
    doors = [Door(), Door()]
    await close_all(doors)
    assert all(door.closed for door in doors)
