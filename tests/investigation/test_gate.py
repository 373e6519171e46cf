"""The gate between where and why: a person's word or, unattended, a recorded policy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from compass.data import demo_recording
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.chronicle import NewEvent
from compass.domain.commanded import Decided
from compass.domain.failure import Status
from compass.entrypoints.clock import SystemClock
from compass.investigation.moves import GATE_DECISIONS, GO_ON, STOP_HERE, Kind, next_move
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import investigate, open_investigation
from compass.projections.board import fold_all
from compass.sources.recording import RecordingSource, find_recordings
from compass.storage.memory import MemoryChronicle
from tests.support.running import prepared, run_means, run_once


@pytest.fixture
def demo() -> Iterator[Path]:
    with demo_recording() as folder:
        yield find_recordings(folder)[0]


async def test_unattended_a_policy_goes_on_and_says_so(demo: Path) -> None:
    result = run_once(demo)
    assert [by for decision, by, _ in result.board.decisions if decision == GO_ON] == ["policy:unattended"]


async def test_a_person_is_shown_what_and_where_and_may_stop_there(demo: Path) -> None:
    shown: list[Board] = []

    async def no_more(board: Board) -> bool:
        shown.append(board)
        return False

    result = await run_means(demo, replace(prepared(demo), gate=no_more))
    assert {"what", "where"} <= set(shown[0].answers)
    assert result.view.status is Status.STOPPED
    assert (STOP_HERE, "human") in [(decision, by) for decision, by, _ in result.board.decisions]
    assert not result.board.attempts


async def test_a_person_who_goes_on_gets_the_same_result(demo: Path) -> None:
    async def go_on(_board: Board) -> bool:
        return True

    async def silent(_board: Board) -> None:
        return None

    asked = await run_means(demo, replace(prepared(demo), gate=go_on))
    alone = await run_means(demo, replace(prepared(demo), gate=silent))
    (because,) = [why for decision, by, why in alone.board.decisions if (decision, by) == (GO_ON, "policy:unattended")]
    assert because.startswith("nobody answered for 0 s")
    assert (GO_ON, "human") in [(decision, by) for decision, by, _ in asked.board.decisions]
    assert asked.board.posterior == alone.board.posterior


async def test_whoever_takes_it_up_behind_the_gate_is_not_asked_again(demo: Path) -> None:
    async def go_on(_board: Board) -> bool:
        return True

    means = replace(prepared(demo), gate=go_on)
    events = (await run_means(demo, means)).events
    passed = next(n for n, e in enumerate(events) if isinstance(e.payload, Decided) and e.payload.decision == GO_ON)
    before, behind = (fold_all(events[:count]) for count in (passed, passed + 1))
    assert next_move(before, means.crew, means.limits).kind is Kind.GATE
    assert next_move(behind, means.crew, means.limits).kind is not Kind.GATE


async def test_nobody_is_asked_any_longer_about_an_investigation_that_another_runner_ended(demo: Path) -> None:
    means = prepared(demo)
    chronicle = MemoryChronicle(clock=SystemClock())
    investigation = await chronicle.create("test")
    recorder = Recorder(chronicle, investigation, "test", show_nothing)
    await recorder.claim(60)
    await open_investigation(recorder, RecordingSource.open(demo).incident(), means, source_uri="recording:test")

    async def never(_board: Board) -> bool:
        ended = c.Ended(status=Status.DONE, exit_code=0, said="another runner came to the end")
        await chronicle.append(investigation, None, [NewEvent(key="ended/1", payload=ended, actor="commander")])
        await asyncio.Event().wait()
        return True

    board = await asyncio.wait_for(investigate(recorder, replace(means, gate=never)), 60)
    assert board.status is Status.DONE
    assert board.said == "another runner came to the end"
    assert not any(decision in GATE_DECISIONS for decision, _by, _because in board.decisions)
