"""Decisions with all that stood on the table, and what came of them, filled in when there is time."""

from __future__ import annotations

import asyncio
import io
import sys
from dataclasses import replace
from typing import cast

import pytest

from compass.domain.commanded import Agreement, Decided, DecisionKind, DecisionRecord, DecisionReviewed, SetAside
from compass.domain.learned import Cause, Resolved
from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.boards import LEDGER, WEB, theory
from tests.support.cli import payloads
from tests.support.in_process import Compass, in_process
from tests.support.past import ended

HEADS = {theory("disk_full", WEB, "H1"): 0.6, theory("disk_full", LEDGER, "H2"): 0.3}
TEST = Decided(
    decision="test H2 deeper", by="human:ada", because="no reason was given", record=DecisionRecord(
        kind=DecisionKind.DIRECTION, options=("H1 60 % web", "H2 30 % ledger"), favoured="H1 60 % web",
        favoured_because="it is the likeliest that is left (60%)", posterior={"H1": 0.6, "H2": 0.3, "not_listed": 0.1},
        cost_usd=0.25, chosen="H2 30 % ledger", took_s=7.0, agreement=Agreement.OTHER_ON_LIST,
    ),
)  # fmt: skip
GATE = Decided(
    decision="go on to why", by="policy:unattended", because="nobody was asked",
    record=DecisionRecord(kind=DecisionKind.GATE, posterior={"H1": 0.6, "H2": 0.3}),
)  # fmt: skip


@pytest.fixture
def kept() -> MemoryChronicle:
    chronicle = MemoryChronicle(clock=SystemClock())
    cause = Resolved(by="human", cause=Cause(mechanism="disk_full", entity=LEDGER))
    ended(chronicle, heads=HEADS, before=(GATE, TEST), more=(cause,))
    return chronicle


def line(compass: Compass, number: int) -> dict[str, object]:
    found = cast(list[dict[str, object]], compass("review", "--json").json())
    return found[number - 1]


def test_everything_that_stood_on_the_table_is_shown(compass: Compass) -> None:
    shown = compass("review").out
    for words in (
        "policy go on to why", "person test H2 deeper: no reason yet", "H1 60 % web", "H2 30 % ledger",
        "it is the likeliest that is left (60%)); another of the list was chosen", "H1 60%, H2 30%, not listed 10%",
        "0.0 s and 0.25 USD so far; decided in 7 s", "H2 is what it turned out to be; then H2 at 30%",
    ):  # fmt: skip
        assert words in " ".join(shown.split()), words
    policy = line(compass, 1)
    assert (policy["by"], policy["turned_out"]) == ("policy", "H2 is what it turned out to be; then H2 at 30%")
    data = line(compass, 2)
    assert (data["who"], data["cost_usd"], data["elapsed_s"], data["took_s"]) == ("human:ada", 0.25, 0.0, 7.0)
    assert data["posterior"] == {"H1": 0.6, "H2": 0.3, "not_listed": 0.1}
    assert str(data["at"]).startswith("20")


def test_what_was_set_aside_is_not_what_compass_would_have_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    first, second = HEADS
    ended(chronicle, heads=HEADS, more=(SetAside(hypothesis=first.id, by="human"),))
    compass = in_process(chronicle, monkeypatch, capsys)
    said = ("--reason", "it was full", "--confidence", "0.8")
    assert compass("resolve", "--was", second.label, *said).code == 0
    data = line(compass, 1)
    assert (data["reason"], data["confidence"]) == ("it was full", 0.8)
    assert (data["agreement"], data["favoured_because"]) == ("agrees", "it is the likeliest that is left (30%)")
    assert str(data["favoured"]).startswith("H2 30%")
    assert cast(dict[str, float], data["posterior"])["H1"] == 0.6  # all of it, also what was set aside


def test_reason_confidence_and_outcome_are_filled_in_later(compass: Compass) -> None:
    more = ("--reason", "the ledger was full once before", "--confidence", "0.6", "--outcome", "we freed space")
    assert compass("review", "--decision", "2", *more).code == 0
    data = line(compass, 2)
    assert (data["reason"], data["confidence"], data["outcome"]) == (more[1], 0.6, more[5])
    assert data["open"] is False
    assert "(60% sure)" in compass("review").out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_is_asked_only_for_what_is_not_known(compass: Compass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("the ledger was full once before\n0.5\n\n"))
    asked = compass("review").err
    assert asked.count("(Enter") == 3
    assert "1. go on to why" not in asked  # a policy's
    assert "what people said since: H2 is what it turned out to be" in asked
    assert (line(compass, 2)["reason"], line(compass, 2)["confidence"]) == ("the ledger was full once before", 0.5)
    assert compass("review").err == ""


class Interrupted(Terminal):
    """Somebody who is asked while another incident begins and ends."""

    chronicle: MemoryChronicle

    def readline(self, size: int = -1, /) -> str:
        if self.tell() == 0:
            ended(self.chronicle, heads=HEADS, before=(GATE, TEST))
        return super().readline(size)


def test_what_is_answered_belongs_to_the_investigation_that_was_asked_about(
    compass: Compass, kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = asyncio.run(kept.find(None))
    person = Interrupted("the ledger was full once before\n0.5\n\n")
    person.chronicle = kept
    monkeypatch.setattr(sys, "stdin", person)
    shown = compass("review").out
    second = asyncio.run(kept.find(None))
    assert second != first
    assert [one.confidence for one in payloads(asyncio.run(kept.read(first)), DecisionReviewed)] == [0.5]
    assert payloads(asyncio.run(kept.read(second)), DecisionReviewed) == []
    assert "the ledger was full once before" in shown


def test_words_of_telemetry_never_reach_the_terminal_raw(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    osc = "\x1b]52;c;cm0gLXJmIC8=\x07"
    chronicle = MemoryChronicle(clock=SystemClock())
    assert TEST.record is not None
    record = replace(TEST.record, options=(f"H1{osc}",), favoured=f"H1{osc}", favoured_because=osc)
    ended(chronicle, heads=HEADS, before=(replace(TEST, decision=f"test{osc} H2", record=record),))
    compass = in_process(chronicle, monkeypatch, capsys)
    monkeypatch.setattr(sys, "stdin", Terminal("\n\n\n"))
    done = compass("review")
    assert "was shown: H1" in done.err
    assert "\x1b" not in done.said
    assert "\x07" not in done.said
