"""The first Ctrl-C at a question ends it, also where it is asked while a chronicle is open."""

from __future__ import annotations

import asyncio
import io
import signal
import sys

import pytest

from compass.entrypoints.cli import main, team_files
from compass.entrypoints.cli.shelling import Shell
from compass.entrypoints.cli.stopped import NOTHING, StoppedError
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.teaming import Difference
from compass.storage.memory import MemoryChronicle
from tests.support.boards import LEDGER, WEB, theory
from tests.support.in_process import in_process
from tests.support.past import ended


class Terminal(io.StringIO):
    """Where a person presses Ctrl-C instead of an answer. A question that goes on reading is not over."""

    def isatty(self) -> bool:
        return True

    def readline(self, _most: int | None = -1, /) -> str:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it goes on reading")


@pytest.fixture
def kept() -> MemoryChronicle:
    chronicle = MemoryChronicle(clock=SystemClock())
    ended(chronicle, heads={theory("disk_full", WEB, "H1"): 0.6, theory("disk_full", LEDGER, "H2"): 0.3})
    return chronicle


QUESTIONS = {
    "resolve": ["resolve", "1"],
    "near-miss": ["near-miss", "1"],
    "answer": ["answer", "R1", "--text", "nothing special"],
    "forget": ["forget", "1"],
    "theory": ["theory", "memory leak on web"],
}


@pytest.mark.parametrize("words", QUESTIONS.values(), ids=QUESTIONS)
def test_one_ctrl_c_at_a_question_ends_it_and_says_so(
    kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    in_process(kept, monkeypatch, capsys)
    investigation = asyncio.run(kept.find(None))
    before, heard = asyncio.run(kept.read(investigation)), signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(sys, "argv", ["compass", *words])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main._run() == 130
    # The question has its line, and what is said has the next one.
    assert sys.stderr.getvalue().endswith(" \nstopped; nothing was changed\n")
    assert asyncio.run(kept.read(investigation)) == before
    assert signal.getsignal(signal.SIGINT) is heard


def test_one_ctrl_c_ends_the_question_of_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    ask = team_files._Asking("compass knowledge apply", yes=False, quiet=False)
    monkeypatch.setattr(team_files, "show", lambda _out, _lines: None)
    monkeypatch.setattr(team_files, "difference", lambda _found: ())
    with pytest.raises(StoppedError, match=NOTHING):
        asyncio.run(ask(Difference(based_on=0, changes=())))


def test_ctrl_c_at_the_yes_of_the_shell_adds_nothing_and_the_shell_goes_on(
    kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_process(kept, monkeypatch, capsys)
    investigation = asyncio.run(kept.find(None))
    before = asyncio.run(kept.read(investigation))
    lines, said = ["quit", "theory memory leak on web"], []

    def read(prompt: str) -> str:
        return Terminal().readline() if prompt.startswith("y to add") else lines.pop()

    Shell(reference=str(investigation), say=said.append, read=read).run()
    assert said[-1] == "Nothing was added."
    assert lines == []
    assert asyncio.run(kept.read(investigation)) == before


def test_ctrl_c_elsewhere_is_said_too(
    kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_process(kept, monkeypatch, capsys)

    def interrupted(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(kept, "list", interrupted)
    monkeypatch.setattr(sys, "argv", ["compass", "list"])
    assert main._run() == 130
    assert capsys.readouterr().err.startswith("stopped; an investigation goes on")
