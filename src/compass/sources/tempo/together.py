"""Several questions at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def together(asked: Iterable[Awaitable[T]]) -> list[T]:
    """All answers, in order. Raises the first error when all have ended: nothing goes on behind the caller's back."""
    answers: list[T] = []
    for one in await asyncio.gather(*asked, return_exceptions=True):
        if isinstance(one, BaseException):
            raise one
        answers.append(one)
    return answers
