"""The terminal that is painted on: one write a change, and nothing of telemetry that a terminal would obey."""

from __future__ import annotations

import os
import pty
import termios
from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from compass.entrypoints.cli.conversation.scene import Row
from compass.entrypoints.cli.conversation.screen import Screen


def test_nothing_is_written_where_nothing_changed_and_no_escape_of_telemetry_gets_through() -> None:
    file = StringIO()
    screen = Screen(Console(file=file, force_terminal=True, color_system=None))
    rows = [Row(Text("a\x1b[2Jb")), Row(Text("x" * 90), whole=True), Row(Text("keys"))]
    screen.paint(rows, 80)
    first = file.getvalue()
    assert "\x1b[2Jb" not in first
    assert first.count("x" * 90 + " " * 70) == 1, "filled to the edge"
    screen.paint(rows, 80)
    assert file.getvalue() == first
    screen.forget()
    screen.paint(rows, 80)
    assert file.getvalue().count("keys") == 2


@pytest.mark.parametrize(("rows", "columns"), [(24, 80), (16, 40), (5, 20)])
def test_the_page_is_as_large_as_the_terminal_however_small_that_is(rows: int, columns: int) -> None:
    controller, end = pty.openpty()
    termios.tcsetwinsize(end, (rows, columns))
    with os.fdopen(end, "w") as file:
        page = Screen(Console(file=file, force_terminal=True)).page()
    os.close(controller)
    assert (page.height, page.width) == (rows, columns)


def test_nothing_is_painted_over_what_somebody_else_shows() -> None:
    file = StringIO()
    screen = Screen(Console(file=file, force_terminal=True, color_system=None))
    screen.take()
    screen.paint([Row(Text("keys"))], 80)
    screen.give_back()
    shown = file.getvalue()
    screen.paint([Row(Text("more"))], 80)
    screen.forget()
    assert file.getvalue() == shown
    screen.take()
    screen.paint([Row(Text("keys"))], 80)
    assert file.getvalue().count("keys") == 2, "all of it is painted anew"
