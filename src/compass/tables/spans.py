"""Spans, one row a span, with parents resolved to row numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.domain.entity import EntityRef

KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")
Ids = npt.NDArray[np.object_] | npt.NDArray[np.bytes_]
_LONGEST_PACKED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanTable:
    """All arrays have one element a span, sorted by start.

    `trace` is a dense code per trace; `parent` the row of the parent span, −1 for a root, −2 when the parent is
    not in the table (sampling, window edge). `service` and `instance` (pod) index `entities` (instance −1:
    unknown). `name` indexes `names`. `kind` indexes KINDS, `status` STATUSES. `http_status` 0 = none.
    `statement` indexes `statements` (database statement or its summary), −1 = none. `peer` indexes `peers`
    (server.address, db.namespace …: what the span says it calls), −1 = none.
    `span_ids` are kept so that logs can be joined. A million ids weigh more than all else, so they may be packed
    (`packed`): `unpacked` gives them as texts in either case.
    """

    entities: tuple[EntityRef, ...]
    names: tuple[str, ...]
    statements: tuple[str, ...]
    peers: tuple[str, ...]
    trace: npt.NDArray[np.int32]
    trace_ids: Ids  # [number of traces]
    span_ids: Ids
    parent: npt.NDArray[np.int64]
    service: npt.NDArray[np.int32]
    instance: npt.NDArray[np.int32]
    name: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    status: npt.NDArray[np.int8]
    start_ns: npt.NDArray[np.int64]
    duration_ns: npt.NDArray[np.int64]
    http_status: npt.NDArray[np.int16]
    statement: npt.NDArray[np.int32]
    peer: npt.NDArray[np.int32]
    error_type: npt.NDArray[np.int32]  # indexes error_types, −1 = none
    error_types: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.start_ns.shape[0])


def packed(ids: Sequence[str]) -> Ids:
    """The ids one after the other without an object for each, where all are short and plain ASCII."""
    width = max(map(len, ids), default=1)
    if width > _LONGEST_PACKED or not all(one.isascii() and "\0" not in one for one in ids):
        return np.array(ids, dtype=object)
    return np.array(ids, dtype=f"S{max(width, 1)}")


def unpacked(ids: Ids) -> Iterator[str]:
    """The ids as texts, one at a time."""
    return (one.decode("ascii") if isinstance(one, bytes) else str(one) for one in ids)


def empty_spans() -> SpanTable:
    i32, i64, none = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0, dtype=object)
    i8 = np.empty(0, dtype=np.int8)
    return SpanTable(
        entities=(), names=(), statements=(), peers=(), trace=i32, trace_ids=none, span_ids=none, parent=i64,
        service=i32, instance=i32, name=i32, kind=i8, status=i8, start_ns=i64, duration_ns=i64,
        http_status=np.empty(0, dtype=np.int16), statement=i32, peer=i32, error_type=i32, error_types=(),
    )  # fmt: skip
