"""Series of made-up systems, as a telemetry port gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from compass.domain.entity import EntityRef
from compass.domain.telemetry import Direction, Signal, SignalKind
from compass.tables.series import Floats, Ints, SeriesRow, SeriesTable

_WORSE_BELOW = frozenset({SignalKind.SUCCESS, SignalKind.CACHE_HITS})


@dataclass(frozen=True, slots=True)
class Track:
    """One recorded series: a value for each time of its table, NaN where none was recorded."""

    entity: EntityRef
    kind: SignalKind
    values: Floats
    unit: str = "1"
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    peer: EntityRef | None = None
    quantile: float | None = None

    def row(self) -> SeriesRow:
        worse = Direction.DOWN if self.kind in _WORSE_BELOW else Direction.UP
        return SeriesRow(
            entity=self.entity, name=self.name or f"{self.kind.value} {self.entity.name}", labels=self.labels,
            peer=self.peer, signal=Signal(kind=self.kind, unit=self.unit, worse=worse, quantile=self.quantile),
        )  # fmt: skip


def table_of(tracks: Iterable[Track], times_ns: Ints, step_s: float) -> SeriesTable:
    """A table of these series; a whole one without rows where there are none."""
    chosen = list(tracks)
    values = np.vstack([t.values for t in chosen]) if chosen else np.empty((0, times_ns.size))
    return SeriesTable(rows=tuple(t.row() for t in chosen), times_ns=times_ns, values=values, step_s=step_s)
