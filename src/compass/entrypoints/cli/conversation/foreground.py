"""Whether there is somebody to talk to."""

from __future__ import annotations

import os
import sys

from rich.console import Console


def can_talk(console: Console) -> bool:
    """Whether there is a terminal with somebody at it: to read from and to paint on, and in the foreground."""
    if not (sys.stdin.isatty() and console.is_terminal and not console.is_dumb_terminal and sys.stderr.isatty()):
        return False
    return in_foreground(sys.stdin.fileno())


def in_foreground(terminal: int) -> bool:
    """Whether this process may read from the terminal and set it up. In the background that would stop it."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # no job control here: nobody can send it to the background
        return True
