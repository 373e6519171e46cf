"""Many series on one time grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from compass.domain.entity import EntityRef
from compass.domain.telemetry import Signal, SignalKind

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRule:
    """What is known of a series that no rule of the catalogue fits: the type and help text that the server states (""
    where it states none), and the keys of its labels."""

    type: str = ""
    help: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """What one row of the table is. `peer` is the callee when the series is about an edge (entity = caller)
    or the caller when measured at the destination (`reporter` label says which). `no_rule` is set where the catalogue
    does not know the name."""

    entity: EntityRef
    signal: Signal
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    peer: EntityRef | None = None
    no_rule: NoRule | None = None

    @property
    def key(self) -> str:
        """Stable text: name{labels sorted}."""
        inner = ",".join(f"{k}={self.labels[k]}" for k in sorted(self.labels))
        return f"{self.name}{{{inner}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTable:
    """`values` is float64 [rows, times]; NaN = no sample in that step. `times_ns` int64 [times], ascending, the
    END of each step. Counters have already been turned into per-second rates (resets handled) by the source."""

    rows: tuple[SeriesRow, ...]
    times_ns: Ints
    values: Floats
    step_s: float

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.rows), self.times_ns.shape[0]):
            raise ValueError(
                f"values {self.values.shape} do not fit {len(self.rows)} rows x {self.times_ns.shape[0]} times"
            )

    def of(self, *kinds: SignalKind) -> SeriesTable:
        """The rows of the given kinds."""
        return self.take([i for i, row in enumerate(self.rows) if row.signal.kind in kinds])

    def take(self, indices: list[int]) -> SeriesTable:
        return SeriesTable(
            rows=tuple(self.rows[i] for i in indices),
            times_ns=self.times_ns,
            values=self.values[indices] if indices else np.empty((0, self.times_ns.shape[0])),
            step_s=self.step_s,
        )


def empty_series(step_s: float = 60.0) -> SeriesTable:
    return SeriesTable(rows=(), times_ns=np.empty(0, dtype=np.int64), values=np.empty((0, 0)), step_s=step_s)


def named(series: str, rows: Mapping[str, T]) -> T | None:
    """What stands in `rows` (by key of a row) for the text that an observation names its series by: the key alone, or
    after what groups it with others (`entity|key`)."""
    text = series
    while text:
        if text in rows:
            return rows[text]
        text = text.partition("|")[2]
    return None
