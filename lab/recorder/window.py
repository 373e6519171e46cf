"""The recorded stretch of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Window:
    """From the first to the last recorded instant, both included."""

    start: datetime
    end: datetime

    def holds_ns(self, instant: int) -> bool:
        """Whether an instant in nanoseconds lies inside."""
        return epoch_ns(self.start) <= instant <= epoch_ns(self.end)

    def holds_ms(self, instant: int) -> bool:
        """Whether an instant in milliseconds lies inside."""
        return self.holds_ns(instant * 1_000_000)


def epoch_ns(instant: datetime) -> int:
    """Nanoseconds since the epoch, exactly to the microsecond."""
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1_000


def iso(instant: datetime) -> str:
    """The instant as format 1 writes it in JSON and YAML."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
