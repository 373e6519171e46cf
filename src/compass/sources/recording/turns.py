"""Large answers are made one after the other, and what making one needed is given back before the next.

Several specialists ask at the same time. Each answer needs many times its own size while it is made, so that making
all of them at once decides how much memory an investigation of a large recording takes.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

LARGE_ROWS = 1_000_000
"""Parts with fewer rows are read at once: they need little, and waiting would cost time."""


LARGE_BLOCK = 1_000_000  # bytes
_M_MMAP_THRESHOLD = -3  # malloc.h


class Turns:
    """One large answer at a time, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, rows: int) -> Iterator[None]:
        """Hold the turn while a part of `rows` rows is read; small ones need none."""
        if rows < LARGE_ROWS:
            yield
            return
        with self._lock:
            _keep_no_large_blocks()
            try:
                yield
            finally:
                give_back()


def give_back() -> None:
    """Return freed memory to the system, where the C library (glibc) would keep it for later."""
    if (trim := _of_glibc("malloc_trim")) is not None:
        trim(0)


@cache
def _keep_no_large_blocks() -> None:
    """From now on a large block goes back to the system when it is freed.

    glibc raises the size from which it does that with every block that is freed, up to 32 MB: columns of a million
    rows would then be kept, and what is kept lies scattered between what is used.
    """
    if (mallopt := _of_glibc("mallopt")) is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


def _of_glibc(function: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), function, None) if sys.platform == "linux" else None
