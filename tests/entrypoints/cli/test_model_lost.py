"""A language model that fails ends no investigation, and every output says that it was not there."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from compass.domain import advised as told
from compass.domain import chronicle as c
from compass.domain.advice import ChosenTests, LlmFailure, SuggestedTheories, Task
from compass.domain.failure import Status
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.render.screen import notes
from compass.entrypoints.clock import SystemClock
from compass.exports.markdown import postmortem
from compass.investigation.advising import advisers
from compass.investigation.advising.hear import UNAVAILABLE
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import Means, investigate
from compass.llm.scripted import Seen
from compass.storage.memory import MemoryChronicle
from tests.support.llm import client
from tests.support.running import Run, prepared, run_means, run_once


@pytest.fixture(scope="module")
def means(recordings: Path) -> Means:
    return prepared(recordings / "pool")


def heard(means: Means, plays: Any) -> Means:
    return replace(means, model=client(plays), advisers=advisers())


@pytest.fixture(scope="module")
def lost(recordings: Path, means: Means) -> Run:
    return asyncio.run(run_means(recordings / "pool", heard(means, lambda _seen: LlmFailure.WRONG_KEY)))


def test_the_evidence_engine_comes_to_the_same_end(recordings: Path, lost: Run) -> None:
    without = run_once(recordings / "pool")
    assert lost.board.status is without.board.status is not Status.RUNNING
    assert lost.board.posterior == without.board.posterior
    assert [(a.mechanism, a.entity, a.confidence) for a in lost.view.accounts] == [
        (a.mechanism, a.entity, a.confidence) for a in without.view.accounts
    ]
    assert without.view.model_lost == ""


def test_it_is_said_everywhere(means: Means, lost: Run) -> None:
    said = lost.view.model_lost
    assert said.startswith(UNAVAILABLE)
    assert "its key was refused" in said
    assert "compass llm test" in said
    assert notes(lost.view)[0] == said
    assert json.loads(msgspec.json.encode(lost.view.model_lost)) == said
    report = postmortem(lost.events, means.crew.mechanisms, id="1", number=1)
    assert "Without a language model: AI service unavailable" in report
    out = io.StringIO()
    live = LiveView(Console(file=out, width=400))
    for event in lost.events:
        live(event)
    assert UNAVAILABLE in out.getvalue()
    assert UNAVAILABLE in live.table().plain


def test_it_is_an_event_of_the_operation_and_nothing_is_learned(lost: Run) -> None:
    events = [event.payload for event in lost.events if isinstance(event.payload, told.ModelLost)]
    assert [event.failure for event in events] == [LlmFailure.WRONG_KEY]
    assert lost.board.failure is None, "the investigation itself did not fail"


async def test_a_reply_that_is_paid_for_is_not_asked_again_after_a_crash(recordings: Path, means: Means) -> None:
    asked: list[Task | None] = []

    def play(seen: Seen) -> object:
        asked.append(seen.task)
        return SuggestedTheories() if seen.task is Task.PROPOSE else ChosenTests() if seen.task is Task.CHOOSE else "{}"

    whole = await run_means(recordings / "pool", heard(means, play))
    first = len(asked)
    assert first > 0
    calls = [event for event in whole.events if isinstance(event.payload, told.ModelAsked)]
    cut = next(event.seq for event in whole.events if isinstance(event.payload, told.AdviceTaken)) - 1
    paid = [event for event in calls if event.seq <= cut]
    assert paid, "the crash comes after the replies and before anything is made of them"
    store = MemoryChronicle(clock=SystemClock())
    investigation = await store.create("test")
    epoch = await store.claim(investigation, "dead", 0)
    news = [c.NewEvent(key=e.key, payload=e.payload, actor=e.actor) for e in whole.events if e.seq <= cut]  # type: ignore[arg-type]
    await store.append(investigation, epoch, news)
    recorder = Recorder(store, investigation, "next", show_nothing)
    await recorder.claim(60)
    await recorder.catch_up()
    board = await investigate(recorder, heard(means, play))
    assert len(asked) - first == len(calls) - len(paid), "only what had not been asked yet"
    assert board.advice.spending.calls == whole.board.advice.spending.calls
    assert board.advice.spending.reused == whole.board.advice.spending.reused
