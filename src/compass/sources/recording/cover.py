"""Coverage: which minutes of a part hold data, which do not, and what lies outside the recording's window.

Empty minutes are called a hole only where data as dense as usual could hardly be absent by chance: with m rows a minute
(the median over minutes that have any, spread over the usual distance between such minutes), k empty minutes have
probability exp(−m·k) under a Poisson process; a hole is where that is below 0.1 % (m·k ≥ 7), longer than one and a half
times the usual distance, and at least a minute of the window.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.domain.telemetry import Coverage
from compass.domain.time import NS_PER_S, Window, to_datetime
from compass.ports.errors import SourceRefusedError
from compass.sources.recording.engine import Engine, integers
from compass.sources.recording.layout import Part

MINUTE_NS = 60_000_000_000
EXPECTED_ROWS = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Rows of one part by minute, inside the recording's window; `outside` counts the rest."""

    minutes: npt.NDArray[np.int64]  # minutes since the epoch, ascending, with at least one row
    counts: npt.NDArray[np.int64]
    outside: int
    first_ns: int
    last_ns: int

    @property
    def rows(self) -> int:
        return int(self.counts.sum())


class CensusTaker:
    """Counts each part once and remembers it."""

    def __init__(self, engine: Engine, window: Window) -> None:
        self._engine, self._window = engine, window
        self._lock = threading.Lock()
        self._known: dict[str, Census] = {}

    def of(self, part: Part) -> Census:
        """The census of a Parquet part. Raises SourceRefusedError when rows exist and all lie outside the window."""
        with self._lock:
            if part.name not in self._known:
                self._known[part.name] = self._count(part)
            census = self._known[part.name]
        if census.outside and not census.rows:
            raise SourceRefusedError(
                f"all {census.outside} rows lie outside the recording's window", where=f"{part.files[-1]}: {part.time}",
                hint="times are UTC; check window in recording.yaml",
            )  # fmt: skip
        return census

    def _count(self, part: Part) -> Census:
        file, time = part.files[-1], part.time
        inside = self._engine.between(file, time, self._window, closed=True)
        found = self._engine.query(
            f"SELECT epoch_ns({time}) // {MINUTE_NS} AS minute, count(*) AS rows, min(epoch_ns({time})) AS first_ns,"  # noqa: S608
            f" max(epoch_ns({time})) AS last_ns FROM read_parquet('{file}') WHERE {inside} GROUP BY 1 ORDER BY 1"
        )
        outside = self._engine.query(
            f"SELECT count(*) AS rows FROM read_parquet('{file}') WHERE {time} IS NULL OR NOT ({inside})"  # noqa: S608
        )
        minutes, counts = integers(found["minute"]), integers(found["rows"])
        return Census(
            minutes=minutes,
            counts=counts,
            outside=int(integers(outside["rows"])[0]),
            first_ns=int(integers(found["first_ns"]).min()) if minutes.size else 0,
            last_ns=int(integers(found["last_ns"]).max()) if minutes.size else 0,
        )


def holes(census: Census, window: Window, noun: str) -> tuple[str, ...]:
    """What is missing in `window`, in words: "no logs 08:38–08:42"."""
    first, last = window.start_ns // MINUTE_NS, (window.end_ns - 1) // MINUTE_NS
    inside = (census.minutes >= first) & (census.minutes <= last)
    present = census.minutes[inside]
    if present.size == 0 and window.seconds > 0:
        return (f"no {noun} {_span(first, last + 1)}",)
    apart = float(np.median(np.diff(census.minutes))) if census.minutes.size > 1 else 1.0
    usual = float(np.median(census.counts)) / apart
    bounds = np.r_[first - 1, present, last + 1]
    found = []
    for i in np.flatnonzero(np.diff(bounds) > 1):
        begin, end = int(bounds[i]) + 1, int(bounds[i + 1])
        empty = Window(start_ns=begin * MINUTE_NS, end_ns=end * MINUTE_NS).clip(window).seconds / 60.0
        if empty >= 1.0 and empty > 1.5 * apart - 1.0 and usual * empty >= EXPECTED_ROWS:
            found.append(f"no {noun} {_span(begin, end)}")
    return tuple(found)


def beyond(asked: Window, recorded: Window) -> tuple[str, ...]:
    """The parts of the question that no recording could answer, when they are longer than a second."""
    notes = []
    if asked.start_ns < recorded.start_ns - NS_PER_S:
        notes.append(f"nothing was recorded before {to_datetime(recorded.start_ns):%H:%M:%S}")
    if asked.end_ns > recorded.end_ns + NS_PER_S:
        notes.append(f"nothing was recorded after {to_datetime(recorded.end_ns):%H:%M:%S}")
    return tuple(notes)


def outside_note(census: Census, noun: str) -> tuple[str, ...]:
    """Rows that were left out because their time is not in the recording's window."""
    return (f"{census.outside} {noun} outside the recording's window were left out",) if census.outside else ()


def received(times_ns: npt.NDArray[np.int64], asked: Window) -> Window:
    """The range that the rows really cover; empty at its start when there are none."""
    if times_ns.size == 0:
        return Window(start_ns=asked.start_ns, end_ns=asked.start_ns)
    return Window(start_ns=int(times_ns.min()), end_ns=int(times_ns.max()) + 1)


def absent(asked: Window, part: Part) -> Coverage:
    """The coverage of an answer from a part that the recording does not have."""
    return Coverage(
        requested=asked, received=Window(start_ns=asked.start_ns, end_ns=asked.start_ns),
        missing=(f"no {part.noun} were recorded",),
    )  # fmt: skip


def _span(first_minute: int, end_minute: int) -> str:
    start, end = to_datetime(first_minute * MINUTE_NS), to_datetime(end_minute * MINUTE_NS)
    if start.date() != end.date():
        return f"{start:%m-%d %H:%M}–{end:%m-%d %H:%M}"
    return f"{start:%H:%M}–{end:%H:%M}"
