"""The terminal that is painted on: one write a change, and nothing of telemetry that a terminal would obey."""

from __future__ import annotations

from io import StringIO

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
