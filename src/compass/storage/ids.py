"""UUIDv7 (RFC 9562): ids that sort by the time they were made."""

from __future__ import annotations

import os
import threading
from uuid import UUID

from compass.ports.clock import Clock

_COUNTER_BITS = 12


class Uuid7:
    """Makes UUIDv7s that increase strictly, also within one millisecond and when the clock steps back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()  # large appends make their ids off the event loop

    def __call__(self) -> UUID:
        """The next id: 48 bits of milliseconds, a 12-bit counter in `rand_a`, 62 random bits."""
        now = (self._clock.now_ns() // 1_000_000) << _COUNTER_BITS
        with self._lock:
            self._last = value = max(self._last + 1, now)  # a full counter runs over into the milliseconds
        millis, counter = value >> _COUNTER_BITS, value & ((1 << _COUNTER_BITS) - 1)
        random = int.from_bytes(os.urandom(8), "big") >> 2
        return UUID(int=(millis & (1 << 48) - 1) << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | random)
