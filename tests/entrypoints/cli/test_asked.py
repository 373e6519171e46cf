"""Words that do not decide: a person at a terminal is asked which was meant, a script is told how to say it."""

from __future__ import annotations

import asyncio
import io

import pytest

from compass.domain.learned import Cause, Resolved
from compass.entrypoints.cli import asked, verdicts
from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.boards import ORDERS
from tests.support.cli import Done, payloads
from tests.support.in_process import Compass
from tests.support.past import ended

SAID = "pool of orders full"


@pytest.fixture
def kept() -> MemoryChronicle:
    chronicle = MemoryChronicle(clock=SystemClock())
    ended(chronicle)
    return chronicle


def resolve(compass: Compass, *more: str) -> Done:
    return compass("resolve", "--was", SAID, "--fix", "a larger pool", *more)


def said(kept: MemoryChronicle) -> list[Cause]:
    events = asyncio.run(kept.read(asyncio.run(kept.find(None))))
    return [one.cause for one in payloads(events, Resolved)]


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(verdicts, "somebody_there", lambda: True)
    monkeypatch.setattr(asked.sys, "stdin", io.StringIO(text))


def test_a_script_is_told_the_mechanisms_and_nothing_is_recorded(compass: Compass, kept: MemoryChronicle) -> None:
    done = resolve(compass)
    assert done.code == 2
    assert "connection_pool_exhausted (at orders)" in done.err
    assert "--mechanism none keeps your words" in done.err
    assert said(kept) == []


@pytest.mark.parametrize("mechanism", ["worker_pool_exhausted", "none"])
def test_a_script_says_which_is_meant_and_the_words_are_kept(
    compass: Compass, kept: MemoryChronicle, mechanism: str
) -> None:
    assert resolve(compass, "--mechanism", mechanism).code == 0
    named = "" if mechanism == "none" else mechanism
    assert said(kept) == [Cause(mechanism=named, entity=ORDERS, said=SAID)]


@pytest.mark.parametrize(("keys", "mechanism"), [("7\nx\n1\n", "connection_pool_exhausted"), ("\n", ""), ("0\n", "")])
def test_a_person_picks_by_number_or_keeps_the_words(
    compass: Compass, kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch, keys: str, mechanism: str
) -> None:
    typed(monkeypatch, keys)
    done = resolve(compass)
    assert done.code == 0, done.err
    assert "1  All connections in a pool of orders are in use" in done.err
    assert said(kept) == [Cause(mechanism=mechanism, entity=ORDERS, said=SAID)]


def test_a_person_who_goes_away_has_said_nothing(
    compass: Compass, kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "")
    assert resolve(compass).code == 2
    assert said(kept) == []


OSC = "\x1b]52;c;cm0gLXJmIC8=\x07"
"""Sets the clipboard of the terminal that prints it."""


@pytest.mark.parametrize(("keys", "place"), [("²\n00\n2\n", 1), ("1\n", 0), ("00\n\n", None)])
def test_only_a_number_of_the_list_picks_and_no_option_reaches_the_terminal_raw(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], keys: str, place: int | None
) -> None:
    typed(monkeypatch, keys)
    assert asked.picked(f"Which {OSC}one", (f"pool of {OSC}orders", "disk"), f"none{OSC}") == place
    shown = capsys.readouterr().err
    assert "pool of orders" in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown
