"""The lease beside the work: kept while the database comes and goes, and the work ends when another runner has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from compass.data import demo_recording
from compass.domain.board import Board
from compass.entrypoints.clock import SystemClock
from compass.investigation.lease import while_held
from compass.investigation.recorder import Recorder
from compass.investigation.settings import Limits
from compass.ports.errors import StaleRunnerError, StorageError
from compass.sources.recording import find_recordings
from tests.support.crew import recording
from tests.support.running import prepared, run_means

TTL_S = 0.003
AWAY = StorageError("the database is away")
TAKEN = StaleRunnerError("another runner holds it")


@dataclass
class Claims:
    """What comes of each attempt to renew, the last of it for good, and a clock that each of them moves."""

    answers: list[Exception | None]
    step_s: float = 0.0
    made: int = 0
    now_s: float = 0.0
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    most: int = 5

    async def claim(self, _ttl_s: float) -> None:
        self.made += 1
        self.now_s += self.step_s
        if self.made >= self.most:
            self.enough.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            raise answer

    def monotonic_s(self) -> float:
        return self.now_s

    def now_ns(self) -> int:
        raise AssertionError("the time of day is no matter of a lease")


async def kept(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Work that ends when enough was claimed: how."""
    _, _, recorder = await recording()
    monkeypatch.setattr(recorder, "claim", claims.claim)
    ended: list[str] = []

    async def work() -> None:
        try:
            await claims.enough.wait()
            ended.append("done")
        except asyncio.CancelledError:
            ended.append("given up")
            raise

    try:
        await asyncio.wait_for(while_held(work(), recorder, TTL_S, claims), 30)
    except StorageError as error:
        ended.append(type(error).__name__)
    return ended


@pytest.mark.parametrize(
    ("answers", "step_s", "ended"),
    [
        ([None], TTL_S, ["done"]),
        ([None, TAKEN], 0.0, ["given up", "StaleRunnerError"]),
        ([AWAY, None, AWAY, AWAY, None], TTL_S / 4, ["done"]),
        ([None, AWAY], TTL_S / 2, ["given up", "StorageError"]),
    ],
    ids=["held", "taken over", "away for a moment", "away until it ran out"],
)
async def test_the_work_goes_on_as_long_as_the_lease_is_held(
    answers: list[Exception | None], step_s: float, ended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await kept(Claims(answers, step_s), monkeypatch) == ended


async def test_what_the_work_fails_with_is_what_it_fails_with() -> None:
    _, _, recorder = await recording()

    async def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await while_held(work(), recorder, 60, SystemClock())


async def test_an_investigation_that_waits_for_a_person_hears_at_once_that_it_was_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    async def never(_board: Board) -> bool:
        async def taken(_recorder: Recorder, _ttl_s: float) -> None:
            raise TAKEN

        monkeypatch.setattr(Recorder, "claim", taken)
        await asyncio.Event().wait()
        return True

    with demo_recording() as folder:
        path: Path = find_recordings(folder)[0]
        means = replace(prepared(path), gate=never, limits=Limits(lease_s=TTL_S))
        with pytest.raises(StaleRunnerError):
            await asyncio.wait_for(run_means(path, means), 30)
