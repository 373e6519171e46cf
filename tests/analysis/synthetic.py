"""Synthetic series with a known truth, for tests of analysis and screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Incident
from compass.domain.telemetry import Direction, Signal, SignalKind
from compass.domain.time import NS_PER_S, Window
from compass.tables.series import Floats, Ints, SeriesRow, SeriesTable

START_NS = 1_700_000_000 * NS_PER_S
UP = (SignalKind.LATENCY, SignalKind.ERRORS, SignalKind.CPU, SignalKind.MEMORY, SignalKind.CLIENT_LATENCY)


def service(name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.SERVICE, name=name, namespace="shop")


def pod(name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.POD, name=name, namespace="shop")


def row(
    entity: EntityRef, kind: SignalKind = SignalKind.LATENCY, unit: str = "s", *, name: str = "",
    quantile: float | None = None,
    labels: Mapping[str, str] | None = None, peer: EntityRef | None = None,
) -> SeriesRow:  # fmt: skip
    worse = Direction.DOWN if kind is SignalKind.SUCCESS else Direction.UP if kind in UP else Direction.EITHER
    signal = Signal(kind=kind, unit=unit, worse=worse, quantile=quantile)
    return SeriesRow(entity=entity, signal=signal, name=name or kind.value, labels=labels or {}, peer=peer)


def times(count: int, step_s: int = 15) -> Ints:
    return START_NS + np.arange(1, count + 1, dtype=np.int64) * step_s * NS_PER_S


def table(rows: Sequence[SeriesRow], values: Floats, step_s: int = 15) -> SeriesTable:
    return SeriesTable(rows=tuple(rows), times_ns=times(values.shape[1], step_s), values=values, step_s=float(step_s))


def split(count: int, at: int, step_s: int = 15) -> tuple[Window, Window]:
    """Baseline up to the end of sample `at` − 1, during from there on."""
    ends = times(count, step_s)
    edge = int(ends[at - 1])
    baseline = Window(start_ns=START_NS, end_ns=edge)
    return baseline, Window(start_ns=edge, end_ns=int(ends[-1]))


def incident(count: int, detected: int, step_s: int = 15, service_name: str | None = None) -> Incident:
    ends = times(count, step_s)
    return Incident(
        title="slow", window=Window(start_ns=START_NS, end_ns=int(ends[-1])), detected_ns=int(ends[detected]),
        now_ns=int(ends[-1]), service=service_name,
    )  # fmt: skip
