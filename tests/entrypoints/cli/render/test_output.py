"""What telemetry brought along does not reach the terminal."""

from __future__ import annotations

import pytest

from compass.entrypoints.cli.render.output import tell


def test_a_line_on_stderr_has_no_signs_that_move_or_colour(capsys: pytest.CaptureFixture[str]) -> None:
    tell("compass: no service is called that (did you mean sh\x1b[31mop\x1b]0;title\x07\u202e?)")
    assert capsys.readouterr().err == "compass: no service is called that (did you mean shop?)\n"
