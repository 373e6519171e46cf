"""Benchmark: a hundred thousand series screened on one core."""

from __future__ import annotations

import numpy as np

from benchmarks.base import Figure, Options, Result, interleaved
from compass.analysis import anomaly, findings
from compass.analysis.graph import build_graph
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import Direction, Signal, SignalKind
from compass.domain.time import NS_PER_S, Window
from compass.tables.series import SeriesRow, SeriesTable

POINTS = 240
STEP_S = 15
KINDS = (SignalKind.LATENCY, SignalKind.CPU, SignalKind.MEMORY, SignalKind.TRAFFIC, SignalKind.ERRORS)


def table_of(count: int) -> SeriesTable:
    """`count` noisy series of 200 services; the first hundredth rises in the last quarter, a twentieth has gaps."""
    rng = np.random.default_rng(1)
    values = rng.gamma(20.0, 0.05, (count, POINTS)) * rng.lognormal(0.0, 2.0, (count, 1))
    values[: count // 100, POINTS * 3 // 4 :] *= 5.0
    values[::20, ::7] = np.nan
    signals = [Signal(kind=kind, worse=Direction.UP) for kind in KINDS]
    services = [EntityRef(kind=EntityKind.SERVICE, name=f"service-{n:03}") for n in range(200)]
    rows = tuple(
        SeriesRow(
            entity=services[n % 200], signal=signals[n // 200 % len(KINDS)], name=f"metric_{n // 200 % 50}",
            labels={"pod": f"pod-{n}"},
        )
        for n in range(count)
    )  # fmt: skip
    times = np.arange(1, POINTS + 1, dtype=np.int64) * STEP_S * NS_PER_S
    return SeriesTable(rows=rows, times_ns=times, values=values, step_s=float(STEP_S))


def screen(table: SeriesTable) -> int:
    """What a metric specialist does with a table: scores, then findings. The number of abnormal ones."""
    split, end = int(table.times_ns[POINTS * 3 // 4 - 1]), int(table.times_ns[-1])
    baseline, during = Window(start_ns=0, end_ns=split), Window(start_ns=split, end_ns=end)
    graph = build_graph(())
    scores = anomaly.screen(table, baseline, during, findings.borrow_groups(table, graph))
    return sum(f.abnormal for f in findings.find(table, scores, graph, baseline, during))


class Screening:
    id = "screening"
    summary = "Screening series against their baseline: robust scores both ways, then findings."

    def run(self, options: Options) -> Result:
        count = 20_000 if options.quick else 100_000
        table = table_of(count)
        cost = interleaved({"screen": lambda: screen(table)}, options.repeats)["screen"]
        return Result(
            benchmark=self.id, measured=f"{count:,} series x {POINTS} points, one core",
            figures=(
                Figure(name="processor time", value=cost.cpu_s, unit="s"),
                Figure(name="series a second", value=count / cost.cpu_s),
            ),
        )  # fmt: skip
