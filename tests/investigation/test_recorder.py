"""The only writer: nothing is shown before it is committed, nothing twice, and people may write in between."""

from __future__ import annotations

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import CommandGiven
from compass.entrypoints.clock import SystemClock
from compass.investigation.recorder import Recorder, show_nothing
from compass.ports.errors import StaleRunnerError
from compass.projections.board import fold_all
from compass.storage.memory import MemoryChronicle
from tests.support.crew import recording


def started(text: str) -> c.StepStarted:
    return c.StepStarted(agent="a", step=text, text=text, round=1)


async def test_events_are_folded_and_shown_in_order_once() -> None:
    shown: list[c.Event] = []
    chronicle, investigation, recorder = await recording(listener=shown.append)
    await recorder.append(("one", started("one")), ("two", started("two")), actor="a")
    await recorder.append(("two", started("two")), actor="a")
    assert [event.seq for event in shown] == list(range(1, 7))
    assert recorder.board == fold_all(await chronicle.read(investigation))
    await recorder.append(actor="a")
    assert len(await chronicle.read(investigation)) == 6


async def test_a_command_of_a_person_in_between_is_folded_in_its_place() -> None:
    shown: list[c.Event] = []
    chronicle, investigation, recorder = await recording(listener=shown.append)
    for n in range(2):
        order = c.NewEvent(key=f"order/{n}", payload=CommandGiven(command="test", argument=f"h{n}"), actor="human")
        await chronicle.append(investigation, None, [order])
    await recorder.append(("step", started("step")), actor="a")
    assert recorder.board.asked == ("h0", "h1")
    assert [event.seq for event in shown] == list(range(1, 8))
    assert recorder.board == fold_all(await chronicle.read(investigation))


async def test_an_event_that_is_stored_already_hides_none_that_came_after_it() -> None:
    """A repeated append gives back an old event and a new one: what lies between them must not be lost."""
    chronicle, investigation, first = await recording()
    late = Recorder(chronicle, investigation, first.runner, show_nothing)
    await late.claim(60)
    await late.catch_up()
    await first.append(("one", started("one")), actor="a")
    order = c.NewEvent(key="order", payload=CommandGiven(command="test", argument="h"), actor="human")
    await chronicle.append(investigation, None, [order])
    await late.append(("one", started("one")), ("two", started("two")), actor="a")
    assert late.board.asked == ("h",)
    assert late.board == fold_all(await chronicle.read(investigation))


async def test_catching_up_takes_in_what_others_committed() -> None:
    chronicle, investigation, recorder = await recording()
    order = c.NewEvent(key="stop", payload=CommandGiven(command="stop"), actor="human")
    await chronicle.append(investigation, None, [order])
    assert not recorder.board.stop_requested
    assert (await recorder.catch_up()).stop_requested
    assert recorder.board.seq == 5


async def test_a_snapshot_is_the_board_of_that_moment() -> None:
    chronicle, investigation, recorder = await recording(c.RoundStarted(number=1, phase="screen", board_seq=4))
    await recorder.append(("late", CommandGiven(command="stop")), actor="a")
    then = await recorder.snapshot(5)
    assert (then.seq, then.round_open, then.stop_requested) == (5, True, False)
    assert await recorder.snapshot(6) is recorder.board
    events = await chronicle.read(investigation)
    assert then == fold_all(events[:5])


async def test_a_runner_whose_lease_was_taken_writes_no_more() -> None:
    chronicle, investigation, first = await recording()
    with pytest.raises(StaleRunnerError):
        await Recorder(chronicle, investigation, "other", show_nothing).claim(60)
    await first.claim(0)
    second = Recorder(chronicle, investigation, "other", show_nothing)
    await second.claim(60)
    before = await chronicle.read(investigation)
    with pytest.raises(StaleRunnerError):
        await first.append(("mine", started("mine")), actor="a")
    assert await chronicle.read(investigation) == before
    await first.release()
    with pytest.raises(StaleRunnerError):
        await Recorder(chronicle, investigation, "third", show_nothing).claim(60)


async def test_what_cannot_be_committed_is_not_shown() -> None:
    shown: list[c.Event] = []
    chronicle = MemoryChronicle(clock=SystemClock())
    investigation = await chronicle.create("test")
    recorder = Recorder(chronicle, investigation, "runner", shown.append)
    with pytest.raises(StaleRunnerError):
        await recorder.append(("one", started("one")), actor="a")
    assert shown == []
    assert recorder.board.seq == 0
