"""A new incident that looks like an old unsolved one: both are shown, and what it was can be said of both."""

from __future__ import annotations

import asyncio
import io

import pytest

from compass.domain.failure import FailureMode
from compass.domain.learned import Cause, Recalled, Resolved, Signature, Similar
from compass.entrypoints.cli import asked, verdicts
from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.boards import LEDGER
from tests.support.cli import payloads
from tests.support.in_process import Compass
from tests.support.past import ended

SAID = ("resolve", "2", "--was", "disk of ledger full", "--fix", "freed space")


@pytest.fixture
def kept() -> MemoryChronicle:
    """#1 was never solved; #2 was reminded of it, and of one that somebody else had."""
    chronicle = MemoryChronicle(clock=SystemClock())
    old = ended(chronicle, failure=FailureMode.NO_HYPOTHESIS, title="Old and unsolved")
    like = [
        Similar(
            investigation=str(old), number=number, title="Old and unsolved", at="2026-01-05T00:00:00+00:00",
            similarity=0.9, because=("both slow",), cause=None, source=source,
        )
        for number, source in ((1, ""), (77, "elsewhere"))
    ]  # fmt: skip
    ended(chronicle, before=(Recalled(signature=Signature(), similar=tuple(like)),))
    return chronicle


def said_of(kept: MemoryChronicle, number: str) -> list[Cause]:
    return [one.cause for one in payloads(asyncio.run(kept.read(asyncio.run(kept.find(number)))), Resolved)]


def test_a_script_is_told_the_command_that_says_the_same_of_the_old_one(
    compass: Compass, kept: MemoryChronicle
) -> None:
    assert "1× #1" in compass("unsolved").out
    done = compass(*SAID)
    assert "#1 of 2026-01-05 looked like this one and was never solved" in done.out
    told = "compass resolve 1 --was 'disk of ledger full' --mechanism disk_full --at ledger --fix 'freed space'"
    assert told in done.out
    assert "#77" not in done.out
    assert said_of(kept, "1") == []
    assert compass("resolve", "1", "--was", "x", "--mechanism", "disk_full", "--at", "ledger").code == 0
    assert compass("unsolved").out.startswith("nothing unsolved")
    assert "looked like this one" not in compass(*SAID).out


@pytest.mark.parametrize(("key", "also"), [("y", True), ("", False)])
def test_a_person_is_asked_whether_the_old_one_was_the_same(
    compass: Compass, kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch, key: str, also: bool
) -> None:
    monkeypatch.setattr(verdicts, "somebody_there", lambda: True)
    monkeypatch.setattr(asked.sys, "stdin", io.StringIO(f"{key}\n"))
    done = compass(*SAID, "--change", "ledger-2")
    assert "#1 of 2026-01-05 (Old and unsolved) looked like this one and was never solved" in done.err
    assert [cause.change for cause in said_of(kept, "2")] == ["ledger-2"]
    wanted = [Cause(mechanism="disk_full", entity=LEDGER, said="disk of ledger full")] if also else []
    assert said_of(kept, "1") == wanted
