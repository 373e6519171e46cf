"""What Ctrl-C at a question is. Apart from the asking: it is known without what draws on a terminal."""

from __future__ import annotations

NOTHING = "nothing was changed"


class StoppedError(Exception):
    """Ctrl-C at a question; the words are what is true then (`NOTHING`). No CompassError: whoever goes on after one of
    those must not go on after this."""
