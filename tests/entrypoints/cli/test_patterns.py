"""What people say of patterns: recorded, shown, obeyed, taken back, handed on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from compass.domain.learned import Cause, PatternJudged, PatternVerdict, Resolved
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.learning import catch_up
from compass.storage.memory import MemoryChronicle
from tests.support.boards import LEDGER, ORDERS
from tests.support.cli import payloads
from tests.support.in_process import Compass, in_process
from tests.support.past import ended

DISK = Resolved(by="human", cause=Cause(mechanism="disk_full", entity=LEDGER), fix="freed space")
POOL = Resolved(by="human", cause=Cause(mechanism="connection_pool_exhausted", entity=ORDERS))


@pytest.fixture
def kept() -> MemoryChronicle:
    """Two incidents were a full disk, one, the latest, an exhausted pool."""
    chronicle = MemoryChronicle(clock=SystemClock())
    for number, said in enumerate((DISK, DISK, POOL)):
        ended(chronicle, more=(said,), title=f"Page {number}")
    return chronicle


def listed(compass: Compass, *more: str) -> list[tuple[str, str]]:
    """Mechanism and mark of every pattern."""
    found = compass("patterns", "--json", *more).json()
    assert isinstance(found, list)
    return [(one["mechanism"], (one["judgement"] or {"verdict": ""})["verdict"]) for one in found]


def test_a_pattern_is_marked_with_who_when_and_why_and_unmarked(compass: Compass, kept: MemoryChronicle) -> None:
    done = compass("patterns", "validate", "1", "--reason", "every quarter")
    assert done.code == 0, done.err
    assert "recorded in #2" in done.out  # the latest that taught it
    assert listed(compass)[0] == ("disk_full", "validated")
    shown = compass("patterns").out
    assert "validated" in shown
    assert ": every quarter" in shown
    events = asyncio.run(kept.read(asyncio.run(kept.find("2"))))
    (said,) = payloads(events, PatternJudged)
    assert (said.by, said.verdict, said.entity) == ("human", PatternVerdict.VALIDATED, LEDGER)
    assert compass("patterns", "unmark", "disk_full@ledger").code == 0
    assert listed(compass)[0] == ("disk_full", "")
    assert "nobody marked pattern 1" in compass("patterns", "unmark", "1").err


def test_what_is_marked_as_none_is_listed_last_and_only_on_demand(compass: Compass) -> None:
    assert compass("patterns", "reject", "disk_full@ledger", "--reason", "chance").code == 0
    assert listed(compass) == [("connection_pool_exhausted", ""), ("disk_full", "rejected")]
    shown = compass("patterns").out
    assert "has no space left" not in shown
    assert "1 put away: compass patterns --all" in shown
    assert "no pattern" in compass("patterns", "--all").out


def test_a_mark_is_derived_again_like_all_that_is_learned(compass: Compass, kept: MemoryChronicle) -> None:
    compass("patterns", "reject", "1")
    fresh = MemoryChronicle(clock=SystemClock())
    fresh.__dict__.update({key: value for key, value in kept.__dict__.items() if key != "knowledge"})
    assert asyncio.run(catch_up(fresh)) == 3
    (judged,) = asyncio.run(fresh.knowledge.judgements())
    assert (judged.mechanism, judged.verdict) == ("disk_full", PatternVerdict.REJECTED)


def test_a_mark_is_handed_on_and_ones_own_comes_first(
    compass: Compass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compass("patterns", "reject", "disk_full@ledger")
    file = tmp_path / "out.jsonl"
    assert compass("knowledge", "export", file).code == 0
    there = MemoryChronicle(clock=SystemClock())
    ended(there, more=(DISK,), title="Another page")
    other = in_process(there, monkeypatch, capsys)
    assert other("knowledge", "import", file, "--source", "elsewhere").code == 0
    assert ("disk_full", "rejected") in listed(other)
    assert other("patterns", "validate", "disk_full@ledger").code == 0
    assert ("disk_full", "validated") in listed(other)


@pytest.mark.parametrize("which", ["7", "disk_full@orders", "nonsense"])
def test_what_is_no_pattern_is_said_to_be_none_and_nothing_is_recorded(compass: Compass, which: str) -> None:
    done = compass("patterns", "validate", which)
    assert done.code == 2
    assert "there is no pattern" in done.err
    assert {mark for _, mark in listed(compass)} == {""}


def test_effectiveness_says_that_too_few_reminders_say_nothing(compass: Compass) -> None:
    shown = compass("patterns", "effectiveness")
    assert "nobody has said" in shown.out
    found = compass("patterns", "effectiveness", "--json").json()
    assert isinstance(found, list)
    assert {one["effect"] for one in found} == {"unknown"}


def test_pruning_changes_nothing_until_it_is_applied_and_can_be_taken_back(
    compass: Compass, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nothing to prune" in compass("patterns", "prune").out
    years = 3 * 365 * 86_400 * 10**9
    now = SystemClock.now_ns
    monkeypatch.setattr("compass.entrypoints.cli.judging.SystemClock.now_ns", lambda clock: now(clock) + years)
    dry = compass("patterns", "prune")
    assert "2 would go; nothing was changed" in dry.out
    assert "stale: last seen" in dry.out
    assert {mark for _, mark in listed(compass)} == {""}
    assert "2 pruned" in compass("patterns", "prune", "--apply").out
    assert {mark for _, mark in listed(compass)} == {"pruned"}
    assert "nothing to prune" in compass("patterns", "prune", "--apply").out
    compass("patterns", "unmark", "disk_full@ledger")
    assert ("disk_full", "") in listed(compass)


def test_a_mark_outlives_the_incident_whose_chronicle_holds_it_but_not_the_pattern(
    compass: Compass, kept: MemoryChronicle
) -> None:
    compass("patterns", "reject", "disk_full@ledger", "--reason", "as in #2")
    compass("patterns", "validate", "connection_pool_exhausted@orders")
    assert compass("forget", "2", "--yes").code == 0
    (word,) = [one for one in asyncio.run(kept.knowledge.judgements()) if one.verdict is PatternVerdict.REJECTED]
    assert (word.mechanism, word.reason) == ("disk_full", "")  # the reason may speak of what was forgotten
    assert ("disk_full", "rejected") in listed(compass)
    assert compass("forget", "3", "--yes").code == 0
    assert listed(compass) == [("disk_full", "rejected")]
