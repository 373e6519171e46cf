"""A question of the investigation: the first answer counts, and nobody is waited for longer than was said."""

from __future__ import annotations

import asyncio

import pytest

from compass.entrypoints.cli.conversation.asking import Asking
from compass.entrypoints.cli.conversation.modes import Question


@pytest.mark.parametrize("yes", [True, False])
async def test_the_first_answer_counts_and_the_question_is_gone_then(yes: bool) -> None:
    changes: list[str] = []
    asking = Asking(lambda: changes.append(asking.words))
    asked = asyncio.create_task(asking.ask(Question.GATE, "go on?", 30))
    await asyncio.sleep(0)
    assert (asking.question, asking.words) == (Question.GATE, "go on?")
    asking.answer(yes)
    asking.answer(not yes)
    assert await asked is yes
    assert (asking.question, asking.words) == (Question.NONE, "")
    assert changes == ["go on?", ""]


async def test_without_an_answer_it_is_none_and_an_answer_to_nothing_is_none_to_the_next() -> None:
    asking = Asking(lambda: None)
    asking.answer(True)
    assert await asking.ask(Question.SPEND, "spend?", 0) is None
    assert asking.question is Question.NONE


async def test_a_question_that_is_given_up_is_asked_no_more() -> None:
    asking = Asking(lambda: None)
    asked = asyncio.create_task(asking.ask(Question.GATE, "go on?", 30))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (asking.question, asking.words) == (Question.NONE, "")


async def test_where_nobody_is_there_any_more_nobody_is_waited_for() -> None:
    asking = Asking(lambda: None)
    asked = asyncio.create_task(asking.ask(Question.GATE, "go on?", 30))
    await asyncio.sleep(0)
    asking.leave()
    assert await asked is None
    assert await asking.ask(Question.SPEND, "spend?", 30) is None
