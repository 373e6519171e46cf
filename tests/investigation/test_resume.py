"""Taken up again from any prefix of its chronicle, an investigation comes to the same end: the loop is a fold."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.commanded import CommandGiven
from compass.domain.failure import FailureMode, Status
from compass.entrypoints.clock import SystemClock
from compass.investigation.recall import recall
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import Means, investigate, open_investigation
from compass.projections.board import fold_all
from compass.sources.recording import RecordingSource
from compass.storage.memory import MemoryChronicle
from tests.support.running import Run, prepared, run_once

LAB = Path(__file__).resolve().parents[1] / "data" / "lab"


@pytest.fixture(scope="module")
def means(recordings: Path) -> Means:
    return prepared(recordings / "pool")


@pytest.fixture(scope="module")
def whole(recordings: Path) -> Run:
    return run_once(recordings / "pool")


async def prefix(events: tuple[c.Event, ...]) -> tuple[MemoryChronicle, UUID]:
    """A chronicle that holds these events and no runner."""
    chronicle = MemoryChronicle(clock=SystemClock())
    investigation = await chronicle.create("test")
    epoch = await chronicle.claim(investigation, "dead", 0)
    news = [c.NewEvent(key=e.key, payload=e.payload, actor=e.actor) for e in events]  # type: ignore[arg-type]
    await chronicle.append(investigation, epoch, news)
    return chronicle, investigation


async def go_on(chronicle: MemoryChronicle, investigation: UUID, means: Means) -> Board:
    recorder = Recorder(chronicle, investigation, "next", show_nothing)
    await recorder.claim(60)
    await recorder.catch_up()
    after = recorder.board.seq
    await recorder.append((f"resumed/{after}", c.Resumed(runner="next", after_seq=after)), actor="human")
    return await investigate(recorder, means)


def outcome(board: Board) -> object:
    """What a person would compare: the theories with their labels and beliefs, the evidence with its labels."""
    assert board.posterior is not None
    hypotheses = [(h.label, h.mechanism, h.entity) for h in board.hypotheses.values()]
    return hypotheses, board.posterior.accounts, dict(board.observation_labels), board.status, board.said


@pytest.mark.parametrize("share", [0.01, 0.2, 0.45, 0.8, 0.99])
async def test_from_any_prefix_the_end_is_the_same(share: float, whole: Run, means: Means) -> None:
    cut = max(1, int(len(whole.events) * share))
    chronicle, investigation = await prefix(whole.events[:cut])
    board = await go_on(chronicle, investigation, means)
    assert outcome(board) == outcome(whole.board)
    events = await chronicle.read(investigation)
    assert [event.key for event in events[:cut]] == [event.key for event in whole.events[:cut]]
    assert await chronicle.verify(investigation) == len(events)


async def test_an_ended_investigation_does_nothing_more(whole: Run, means: Means) -> None:
    chronicle, investigation = await prefix(whole.events)
    recorder = Recorder(chronicle, investigation, "next", show_nothing)
    await recorder.claim(60)
    await recorder.catch_up()
    await investigate(recorder, means)
    assert len(await chronicle.read(investigation)) == len(whole.events)


async def test_a_deeper_attempt_adds_its_round_and_an_ending_of_its_own(whole: Run, means: Means) -> None:
    chronicle, investigation = await prefix(whole.events)
    head = whole.board.accounts[0].head
    order = c.NewEvent(key="order", payload=CommandGiven(command="test", argument=head), actor="human")
    await chronicle.append(investigation, None, [order])
    board = await go_on(chronicle, investigation, replace(means, limits=replace(means.limits, work=10_000)))
    fresh = (await chronicle.read(investigation))[len(whole.events) :]
    phases = [event.payload.phase for event in fresh if isinstance(event.payload, c.RoundStarted)]
    assert phases[0] == "deepen"
    assert "deepen" not in phases[1:]
    assert sum(isinstance(event.payload, c.Ended) for event in fresh) == 1
    assert (board.deepened, board.reopened, board.status) == (1, 1, whole.board.status)


class KilledError(Exception):
    """Stands for SIGKILL."""


class Dying(MemoryChronicle):
    """Whose runner is killed once it has committed what is believed after round 2."""

    beliefs = 0

    async def append(self, investigation: UUID, epoch: int | None, events: Sequence[c.NewEvent]) -> tuple[c.Event, ...]:
        stored = await super().append(investigation, epoch, events)
        self.beliefs += any(isinstance(one.payload, c.PosteriorUpdated) for one in events)
        if self.beliefs == 2:
            self.beliefs += 1
            raise KilledError
        return stored


async def test_what_is_asked_of_people_is_not_lost_with_the_runner_that_believed_it() -> None:
    recording = LAB / "lab-009"
    whole, means = run_once(recording), prepared(recording)
    (asked,) = whole.board.orders.requested.values()
    chronicle = Dying(clock=SystemClock())
    incident = RecordingSource.open(recording).incident()
    investigation = await chronicle.create(incident.title)
    first = Recorder(chronicle, investigation, "first", show_nothing)
    await first.claim(60)
    await open_investigation(first, incident, means, source_uri="recording:test")
    with pytest.raises(KilledError):
        await investigate(first, means)
    await first.release()
    board = await go_on(chronicle, investigation, means)
    assert list(board.orders.requested.values()) == [asked]
    assert outcome(board) == outcome(whole.board)


async def test_what_reminded_it_may_be_forgotten_before_it_is_taken_up_again(whole: Run, means: Means) -> None:
    """The past is asked once more: under the key of what was erased nothing would ever be kept."""
    screened = next(n for n, one in enumerate(whole.events) if isinstance(one.payload, c.RoundFinished))
    chronicle, investigation = await prefix(whole.events[: screened + 1])
    first = Recorder(chronicle, investigation, "first", show_nothing)
    await first.claim(60)
    await first.catch_up()
    await recall(first, chronicle.knowledge)
    await first.release()
    await chronicle.erase(investigation, first.board.seq)
    knowing = replace(means, knowledge=chronicle.knowledge, crew=replace(means.crew, memory=True))
    async with asyncio.timeout(60):
        board = await go_on(chronicle, investigation, knowing)
    assert outcome(board) == outcome(whole.board)
    assert board.memory is not None


async def test_a_source_that_was_lost_before_a_crash_is_still_told_after_it(whole: Run, means: Means) -> None:
    lost = c.FailureDeclared(mode=FailureMode.SOURCE_LOST, said="logs are lost")
    chronicle, investigation = await prefix(whole.events[:20])
    epoch = await chronicle.claim(investigation, "dead", 0)
    await chronicle.append(investigation, epoch, [c.NewEvent(key="lost/x", payload=lost, actor="planning")])
    board = await go_on(chronicle, investigation, means)
    assert (board.failure, board.said) == (FailureMode.SOURCE_LOST, "logs are lost")
    assert board.status is Status.DONE
    assert fold_all(await chronicle.read(investigation)) == board
