"""The answers of a plan as one table. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from compass.domain.time import NS_PER_S, Window
from compass.sources.live.gathered import Floats, Ints, Metrics
from compass.sources.mimir.plan import NAME, Plan, Request
from compass.sources.mimir.samples import Measured

_MS_NS = 1_000_000


@dataclass(slots=True)
class _Table:
    """Series so far, each once, and the columns of their samples."""

    places: dict[tuple[str, tuple[tuple[str, str], ...]], int] = field(default_factory=dict)
    labels: list[Mapping[str, str]] = field(default_factory=list)
    series: list[Ints] = field(default_factory=lambda: [np.empty(0, dtype=np.int64)])
    time_ns: list[Ints] = field(default_factory=lambda: [np.empty(0, dtype=np.int64)])
    value: list[Floats] = field(default_factory=lambda: [np.empty(0)])

    def add(self, request: Request, answer: Measured, window: Window) -> None:
        name_label = NAME if request.summed else "__name__"
        at = np.empty(len(answer.labels), dtype=np.int64)
        for i, one in enumerate(answer.labels):
            own = {name: text for name, text in one.items() if name not in (name_label, "__name__")}
            at[i] = self.places.setdefault((one.get(name_label, ""), tuple(sorted(own.items()))), len(self.places))
            if at[i] == len(self.labels):
                self.labels.append(own)
        inside = _inside(request, answer.time_ns, window)
        self.series.append(at[answer.series[inside]])
        self.time_ns.append(answer.time_ns[inside])
        self.value.append(answer.value[inside])

    def columns(self) -> tuple[Ints, Ints, Floats]:
        return np.concatenate(self.series), np.concatenate(self.time_ns), np.concatenate(self.value)


def joined(plan: Plan, answers: Sequence[Measured], window: Window) -> Metrics:
    """One table, each series and each sample once. Rates that were summed at the server become counters again: the
    reader makes rates of counters."""
    table, summed = _Table(), _Table()
    summed.places, summed.labels = table.places, table.labels
    for request, answer in zip(plan.requests, answers, strict=True):
        (summed if request.summed else table).add(request, answer, window)
    series, time_ns, value = table.columns()
    rate_series, rate_time_ns, rate = summed.columns()
    # In order first: a counter grows over all parts of the window, and would else begin anew in each.
    order = np.lexsort((rate_time_ns, rate_series))
    rate_series, rate_time_ns, rate = rate_series[order], rate_time_ns[order], rate[order]
    step_s = next((request.step_s or 0.0 for request in plan.requests if request.summed), 0.0)
    return Metrics(
        names=[name for name, _ in table.places], labels=table.labels, series=np.r_[series, rate_series],
        time_ns=np.r_[time_ns, rate_time_ns], value=np.r_[value, _grown(rate_series, rate_time_ns, rate, step_s)],
    )  # fmt: skip


def _inside(request: Request, time_ns: Ints, window: Window) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The samples that are this request's: both ends of a part are in an answer, and where two parts meet, the sample
    is of the earlier. Times are those of servers, in whole milliseconds."""
    start_ns = request.window.start_ns // _MS_NS * _MS_NS
    first = request.window.start_ns <= window.start_ns
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = time_ns >= start_ns if first else time_ns > start_ns
    return found


def _grown(series: Ints, time_ns: Ints, rate: Floats, step_s: float) -> Floats:
    """Counters that grow by `rate` in the step before each sample. Samples are in order of (series, time)."""
    if not series.size:
        return rate
    first = np.r_[True, series[1:] != series[:-1]]
    gap_s = np.where(first, step_s, np.diff(time_ns, prepend=time_ns[:1]) / NS_PER_S)
    grows = np.nan_to_num(rate) * gap_s
    total = np.cumsum(grows)
    starts = np.flatnonzero(first)
    before = total[starts] - grows[starts]
    grown: Floats = total - np.repeat(before, np.diff(np.r_[starts, series.size]))
    return grown
