"""What was committed: the last thing of it in one line, and what went before is no news."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from compass.domain import chronicle as c
from compass.domain.chronicle import Event, NewEvent
from compass.entrypoints.cli.conversation.course import Course
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.boards import INCIDENT, opening


async def events(*payloads: c.Payload) -> tuple[Event, ...]:
    chronicle = MemoryChronicle(clock=SystemClock())
    id_ = await chronicle.create(INCIDENT.title)
    news = [NewEvent(key=f"k{at}", payload=payload, actor="test") for at, payload in enumerate(payloads)]
    return tuple(await chronicle.append(id_, None, news))


async def test_the_news_is_the_last_thing_that_has_words() -> None:
    course = Course(LiveView(Console(file=StringIO())))
    began = c.RoundStarted(number=1, phase="screen", board_seq=0)
    for event in await events(began, c.StepStarted(agent="database", round=1, step="locks", text="asking for locks")):
        course.take(event)
    assert course.news == "round 1: looking for what is abnormal"
    assert course.live.agents["database"].doing == "asking for locks"


async def test_what_went_before_names_who_works_and_is_no_news() -> None:
    course = Course(LiveView(Console(file=StringIO())))
    course.recall(await events(*opening()))
    assert course.live.agents
    assert course.news == ""
