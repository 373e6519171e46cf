"""Log lines, one row a line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.domain.entity import EntityRef


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTable:
    """All arrays have one element a line, sorted by time.

    `entity` indexes `entities` (the most specific thing that wrote the line: pod before service). `service`
    indexes `entities` too (the service it belongs to). `weight` is how many lines this one stands for (1.0
    unless the source gave a sample of a pattern). Empty trace/span ids are "".
    """

    entities: tuple[EntityRef, ...]
    times_ns: npt.NDArray[np.int64]
    entity: npt.NDArray[np.int32]
    service: npt.NDArray[np.int32]
    line: npt.NDArray[np.object_]
    trace_id: npt.NDArray[np.object_]
    span_id: npt.NDArray[np.object_]
    weight: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.times_ns.shape[0])

    def select(self, mask: npt.NDArray[np.bool_]) -> LogTable:
        return LogTable(
            entities=self.entities, times_ns=self.times_ns[mask], entity=self.entity[mask],
            service=self.service[mask], line=self.line[mask], trace_id=self.trace_id[mask],
            span_id=self.span_id[mask], weight=self.weight[mask],
        )  # fmt: skip


def empty_logs() -> LogTable:
    none = np.empty(0, dtype=object)
    return LogTable(
        entities=(), times_ns=np.empty(0, dtype=np.int64), entity=np.empty(0, dtype=np.int32),
        service=np.empty(0, dtype=np.int32), line=none, trace_id=none, span_id=none,
        weight=np.empty(0, dtype=np.float64),
    )  # fmt: skip
