"""What telemetry brought along does not reach the terminal, and nothing is said behind a progress line."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable

import pytest
from rich.text import Text

from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.render.output import (
    console,
    progress,
    progress_console,
    prompt,
    say,
    show,
    show_json,
    tell,
)

CLEAR = "\r\x1b[K"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def one_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """For both streams."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def test_a_line_on_stderr_has_no_signs_that_move_or_colour(capsys: pytest.CaptureFixture[str]) -> None:
    tell("compass: no service is called that (did you mean sh\x1b[31mop\x1b]0;title\x07\u202e?)")
    assert capsys.readouterr().err == "compass: no service is called that (did you mean shop?)\n"


@pytest.mark.parametrize("sign", ["\x07", "\x1b", "\x7f", "\x9b", "\u200b", "\u202e", "\u2066", "\ufeff"])
def test_json_means_what_it_meant_and_holds_no_sign_that_acts(sign: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = {"title": f"sh{sign}op \\{sign} é …", f"key{sign}": "日本 🙂"}
    show_json(words)
    printed = capsys.readouterr().out
    assert sign not in printed
    assert json.loads(printed) == words
    assert "é" in printed  # letters stay what they are


SAYINGS: dict[str, Callable[[], None]] = {
    "say": lambda: say("words"),
    "tell": lambda: tell("words"),
    "prompt": lambda: prompt("words"),
    "show": lambda: show(console(), [Text("words")]),
    "print": lambda: console().print("words"),
    "beside": lambda: progress_console().print("words"),
    "json": lambda: show_json("words"),
}


@pytest.mark.parametrize("saying", SAYINGS.values(), ids=SAYINGS)
def test_nothing_is_said_behind_a_progress_line(monkeypatch: pytest.MonkeyPatch, saying: Callable[[], None]) -> None:
    drawn = one_terminal(monkeypatch)
    progress("1/3")
    saying()
    first = drawn.getvalue()
    assert first.startswith(f"{CLEAR}1/3{CLEAR}")
    assert "words" in first
    saying()
    assert CLEAR not in drawn.getvalue()[len(first) :]


def test_a_progress_line_takes_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = one_terminal(monkeypatch)
    progress("a" * 200)
    assert drawn.getvalue() == CLEAR + "a" * 79


@pytest.mark.parametrize("quiet", [True, False])
def test_what_is_not_shown_erases_nothing(monkeypatch: pytest.MonkeyPatch, quiet: bool) -> None:
    drawn = one_terminal(monkeypatch)
    monkeypatch.setenv("TERM", "xterm")
    with LiveView(progress_console(), quiet=quiet):
        pass
    assert (drawn.getvalue() == "") is quiet
