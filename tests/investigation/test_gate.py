"""The gate between where and why: a person's word or, unattended, a recorded policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from compass.data import demo_recording
from compass.domain.board import Board
from compass.domain.failure import Status
from compass.investigation.moves import GO_ON, STOP_HERE
from compass.sources.recording import find_recordings
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
