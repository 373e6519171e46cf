"""Times as integer nanoseconds since the Unix epoch, UTC, with the uncertainty they were measured with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Instant:
    """A point in time known to ± `uncertainty_ns` (resolution plus clock skew)."""

    ns: int
    uncertainty_ns: int = 0

    @property
    def earliest_ns(self) -> int:
        return self.ns - self.uncertainty_ns

    @property
    def latest_ns(self) -> int:
        return self.ns + self.uncertainty_ns

    def surely_before(self, other: Instant) -> bool:
        """True only when the two intervals do not overlap: order refutes nothing otherwise."""
        return self.latest_ns < other.earliest_ns

    def at(self) -> datetime:
        return to_datetime(self.ns)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Window:
    """A half-open interval [start_ns, end_ns)."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns < self.start_ns:
            raise ValueError(f"window ends ({self.end_ns}) before it starts ({self.start_ns})")

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.start_ns) / NS_PER_S

    def contains(self, ns: int) -> bool:
        return self.start_ns <= ns < self.end_ns

    def clip(self, other: Window) -> Window:
        """The part of this window inside `other`; empty (start = end) when they do not meet."""
        start = min(max(self.start_ns, other.start_ns), other.end_ns)
        return Window(start_ns=start, end_ns=max(start, min(self.end_ns, other.end_ns)))


def to_datetime(ns: int) -> datetime:
    """UTC datetime of `ns` (microsecond resolution)."""
    return datetime.fromtimestamp(ns / NS_PER_S, tz=UTC)


def from_datetime(moment: datetime) -> int:
    """Nanoseconds since the epoch. A datetime without a zone is refused: every time here is explicit UTC."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    whole = int(moment.timestamp())
    return whole * NS_PER_S + moment.microsecond * 1000
