"""Whether there is somebody to talk to."""

from __future__ import annotations

import os
import sys

from rich.console import Console

from compass.entrypoints.cli.asked import somebody_there


def can_talk(console: Console) -> bool:
    """Whether there is a terminal with somebody at it: to read from and to paint on, and in the foreground."""
    return can_answer(console) and not console.is_dumb_terminal


def can_answer(console: Console) -> bool:
    """Whether somebody can be shown a question on `console` (standard error) and answer it with a line: else nobody is
    asked, for nothing that nobody can answer may hold up an investigation."""
    return somebody_there() and console.is_terminal and in_foreground(sys.stdin.fileno())


def in_foreground(terminal: int) -> bool:
    """Whether this process may read from the terminal and set it up. In the background that would stop it."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # no job control here: nobody can send it to the background
        return True
