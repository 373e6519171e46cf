"""Times as integer nanoseconds since the Unix epoch, UTC, with the uncertainty they were measured with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NS_PER_S = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BEYOND_NS = 2**63
_LONGEST = 40  # characters of a time that somebody wrote; what is longer is none


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
    whole, rest = divmod((ns + 500) // 1000, 1_000_000)  # a float does not hold the microseconds of every year
    return datetime.fromtimestamp(whole, tz=UTC).replace(microsecond=rest)


def from_datetime(moment: datetime) -> int:
    """Nanoseconds since the epoch. A datetime without a zone is refused: every time here is explicit UTC."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return (moment - _EPOCH) // _MICROSECOND * 1000


def rfc3339(ns: int) -> str:
    """`2026-11-26T10:00:00Z`, exactly: with as many digits of a second as there are, and none where it is whole.

    https://www.rfc-editor.org/rfc/rfc3339#section-5.6; always UTC.
    """
    whole, rest = divmod(ns, NS_PER_S)
    digits = f"{rest:09d}".rstrip("0")
    return f"{to_datetime(whole * NS_PER_S):%Y-%m-%dT%H:%M:%S}{'.' if digits else ''}{digits}Z"


def from_rfc3339(text: str) -> int | None:
    """Nanoseconds since the epoch (to the microsecond); None when it is no such time or names no zone.

    None as well for times that 64 bits do not hold: year 1 is how Go writes a time that was never set.
    """
    try:
        moment = datetime.fromisoformat(text.strip()) if len(text) <= _LONGEST else None
    except ValueError:
        return None
    ns = from_datetime(moment) if moment is not None and moment.tzinfo is not None else None
    return ns if ns is not None and abs(ns) < _BEYOND_NS else None
