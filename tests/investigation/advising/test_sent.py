"""A call to a model is written down before it is sent: stopped or killed meanwhile, it was made all the same."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from compass.domain import chronicle as c
from compass.domain.advice import ChosenTests, LlmFailure, Task
from compass.domain.advised import ModelAsked, ModelSent
from compass.domain.commanded import CommandGiven
from compass.domain.failure import Status
from compass.entrypoints.clock import SystemClock
from compass.investigation.advising import advisers
from compass.investigation.advising.sent import asked, settle
from compass.investigation.purse import Limit, Metered, Purse
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import investigate, open_investigation
from compass.ports.language_model import Before, Question, Reply
from compass.projections.board import fold_all
from compass.projections.costs import calls_of, costs_of
from compass.sources.recording import RecordingSource
from compass.storage.memory import MemoryChronicle
from tests.support.advice import Answering
from tests.support.crew import recording
from tests.support.running import prepared

QUESTION: Question[Any] = Question(task=Task.CHOOSE, reply=ChosenTests, sections=(), agent="database")


@dataclass(slots=True)
class Silent(Answering):
    """Never answers what it was sent."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, question: Question[Any], before: Before | None = None) -> Reply[Any]:
        assert before is not None
        await Answering.ask(self, question, before)
        self.reached.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody waits for ever")


def silent() -> tuple[Silent, Metered]:
    model = Silent(lambda question: question.reply())
    return model, Metered(inner=model, purse=Purse(limits=[Limit(name="this investigation", usd=5)]))


async def test_an_answer_settles_what_was_sent() -> None:
    store, investigation, recorder = await recording()

    async def record(key: str, payload: ModelSent | ModelAsked) -> None:
        await recorder.append((key, payload), actor="model")

    model = Answering(lambda _question: ChosenTests())
    assert (await asked(model, QUESTION, record, "call", "advice/1/sent")).value is not None
    assert recorder.board.advice.under_way == {}
    await settle(recorder)
    events = await store.read(investigation)
    (call,) = calls_of(events)
    assert call.failure is None
    stored = [e.payload.call.prompt for e in events if isinstance(e.payload, ModelSent | ModelAsked)]
    assert stored == [call.prompt, ""], "a prompt is kept once, and every call has its own all the same"
    assert call.prompt


async def test_a_stop_during_a_call_leaves_it_recorded_at_what_was_set_aside(recordings: Path) -> None:
    store = MemoryChronicle(clock=SystemClock())
    investigation = await store.create("test")
    recorder = Recorder(store, investigation, "test", show_nothing)
    await recorder.claim(60)
    model, metered = silent()
    using = replace(prepared(recordings / "pool"), model=metered, advisers=advisers(), budget_usd=5.0)
    incident = RecordingSource.open(recordings / "pool").incident()
    await open_investigation(recorder, incident, using, source_uri="recording:test")
    running = asyncio.create_task(investigate(recorder, using))
    await asyncio.wait_for(model.reached.wait(), 60)
    order = c.NewEvent(key="command/stop/test", payload=CommandGiven(command="stop"), actor="human")
    await store.append(investigation, None, [order])
    board = await running
    assert board.status is Status.STOPPED
    events = await store.read(investigation)
    sent = [e.payload for e in events if isinstance(e.payload, ModelSent)]
    calls = calls_of(events)
    assert len(calls) == len(sent) == len(model.asked) > 0
    assert {call.failure for call in calls} == {LlmFailure.INTERRUPTED}
    assert all("0.01 USD" in call.said for call in calls), "Answering estimates a cent"
    assert board.advice.spending.usd == pytest.approx(0.01 * len(sent)) == board.advice.charged_usd
    assert board.advice.spending.failed == len(sent)
    assert isinstance(events[-1].payload, c.Ended), "all of it before the end"


async def test_what_a_killed_runner_left_counts_until_it_is_settled_and_then_once() -> None:
    store, investigation, recorder = await recording()
    _, metered = silent()

    written = asyncio.Event()

    async def killed(key: str, payload: ModelSent | ModelAsked) -> None:
        if isinstance(payload, ModelAsked):
            raise ConnectionError("dead: nothing is written any more")
        await recorder.append((key, payload), actor="model")
        written.set()

    call = asyncio.create_task(asked(metered, QUESTION, killed, "advice/1/0/call/0", "advice/1/0/sent/0/7"))
    await written.wait()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    # A question of a person has a process of its own, which may be alive: that is not for a runner to settle.
    other = replace(calls_of(await store.read(investigation))[0], id="other")
    await recorder.append(("ask/1/sent/1", ModelSent(id="ask/1/sent/1", call=other)), actor="human")
    before = fold_all(await store.read(investigation))
    assert (before.advice.spending.usd, before.advice.charged_usd) == (0.0, pytest.approx(0.02))
    assert costs_of(await store.read(investigation), before, id="1", number=1).total.usd == pytest.approx(0.02)
    for _ in range(2):
        await settle(recorder)
    after = recorder.board.advice
    assert (after.spending.usd, after.charged_usd) == (pytest.approx(0.01), pytest.approx(0.02))
    assert list(after.under_way) == ["ask/1/sent/1"]
