"""What a benchmark is, and how time is taken."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`quick`: smaller sizes, for a trend in less than a minute. `recordings`: a folder with more recordings."""

    quick: bool = False
    repeats: int = 3
    recordings: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number. `aim` says what was hoped for, `met` whether it is reached (None: nothing to reach)."""

    name: str
    value: float
    unit: str = ""
    aim: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Figures of one benchmark, with what they were measured on and what a reader has to know about them."""

    benchmark: str
    measured: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = field(default=())


class Benchmark(Protocol):
    """One a file of this package: a class with an `id` (the module's name), a `summary` and `run`."""

    id: str
    summary: str

    def run(self, options: Options) -> Result: ...


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of processor time (all threads of this process) and of the wall clock."""

    cpu_s: float
    wall_s: float


def spent(work: Callable[[], object]) -> Spent:
    """What one call costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.process_time() - cpu, time.perf_counter() - wall)


def interleaved(works: Mapping[str, Callable[[], object]], repeats: int, *, warm: bool = True) -> dict[str, Spent]:
    """Medians of `repeats` rounds in which every work is done once: a machine that slows down slows all of them.

    With `warm` a round before is not counted (imports, caches of the file system): for works that take no minutes.
    """
    seen: dict[str, list[Spent]] = {name: [] for name in works}
    for number in range(0 if warm else 1, repeats + 1):
        for name, work in works.items():
            cost = spent(work)
            if number:
                seen[name].append(cost)
    return {
        name: Spent(statistics.median(s.cpu_s for s in costs), statistics.median(s.wall_s for s in costs))
        for name, costs in seen.items()
    }
