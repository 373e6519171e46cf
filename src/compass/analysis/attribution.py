"""Where the added time is: in a service's own work, in one statement of a database, or in one callee.

Waiting is not working: a visit's own time is its duration minus every call made in it. All comparisons are within one
operation (service, name), so that a changed mix of requests is not mistaken for slowness; they use a high quantile of
the baseline as limit, because latencies are skewed, and the share of spans now beyond it, because faults strike some
requests and not all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.analysis.gaps import median_request_ms
from compass.analysis.spans import Bools, Floats, Ints, SpanIndex

QUANTILE = 0.9
OWN_SHARE_OF_REQUEST = 0.05
STATEMENT_SHARE_OF_REQUEST = 0.02
RELATIVE = 0.25  # and at least a quarter more than the limit
MIN_BEFORE = 4
MIN_ELEVATED = 3
_PRIOR = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowFinding:
    """One group (service; or service and statement). Times in milliseconds.

    `score` = excess share of elevated spans × log(1 + median excess / threshold): above 0.5 clear, above 1 strong.
    `group` is the caller's code. `op` is the operation with the most elevated spans; `before_ms` its limit.
    """

    group: int
    score: float
    share: float
    op: int
    before_ms: float
    now_ms: float
    spans: int
    spans_before: int
    elevated: int


def slower(
    values_ms: Floats, group: Ints, stratum: Ints, before: Bools, now: Bools, threshold_ms: float
) -> tuple[SlowFinding, ...]:
    """Groups whose values rose beyond their strata's 90th percentile before plus `threshold_ms` and a
    quarter; best first.

    One element a value: `group` (who is judged) and `stratum` (what is compared with what; each in one group).
    Groups with nothing comparable are left out; a comparable group without excess has score 0.
    """
    size = int(stratum.max(initial=-1)) + 1
    n_before = np.bincount(stratum[before], minlength=size)
    order = np.argsort(stratum, kind="stable")
    bounds = np.searchsorted(stratum[order], np.arange(size + 1))
    limit = np.full(size, np.inf)
    for k in np.flatnonzero(n_before >= MIN_BEFORE):
        rows = order[bounds[k] : bounds[k + 1]]
        limit[k] = np.quantile(values_ms[rows[before[rows]]], QUANTILE)
    known = now & np.isfinite(limit[stratum]) if size else now
    floor = max(threshold_ms, 1e-3)
    margin = np.maximum(floor, RELATIVE * np.where(np.isfinite(limit), limit, 0.0))[stratum] if size else floor
    excess = values_ms - limit[stratum] if size else values_ms
    found = []
    for g in np.unique(group[known]):
        mine = known & (group == g)
        high = mine & (excess > margin)
        total, elevated = int(mine.sum()), int(high.sum())
        share = max(0.0, elevated - (1 - QUANTILE) * total) / (total + _PRIOR) if elevated >= MIN_ELEVATED else 0.0
        typical = float(np.median(excess[high])) if elevated else 0.0
        worst = int(np.bincount(stratum[high if elevated else mine]).argmax())
        here = high & (stratum == worst)
        finding = SlowFinding(
            group=int(g), score=share * float(np.log1p(typical / floor)), share=elevated / total, op=worst,
            before_ms=float(limit[worst]), now_ms=float(np.median(values_ms[here])) if elevated else 0.0,
            spans=total, spans_before=int((before & (group == g)).sum()), elevated=elevated,
        )  # fmt: skip
        found.append(finding)
    return tuple(sorted(found, key=lambda f: (-f.score, f.group)))


def self_time(index: SpanIndex, before: Bools, now: Bools) -> tuple[SlowFinding, ...]:
    """Services by how far their visits' own time rose. `group` is the service's entity number."""
    rows = np.flatnonzero(index.entry & ~index.call & (before | now))
    threshold = OWN_SHARE_OF_REQUEST * median_request_ms(index, before | now)
    service = index.table.service[rows].astype(np.int64)
    return slower(index.visit_own_ms[rows], service, index.op[rows], before[rows], now[rows], threshold)


def statements(index: SpanIndex) -> tuple[Ints, Ints]:
    """(rows, code) of the childless spans that carry a statement; equal code = same service and statement."""
    rows = np.flatnonzero((index.table.statement >= 0) & index.leaf)
    width = len(index.table.statements) + 1
    key = index.table.service[rows].astype(np.int64) * width + index.table.statement[rows]
    _, code = np.unique(key, return_inverse=True)
    return rows, code.astype(np.int64)


def slow_statements(index: SpanIndex, before: Bools, now: Bools) -> tuple[tuple[SlowFinding, int], ...]:
    """Statements far slower than before, best first, each with the row of one slow example."""
    rows, code = statements(index)
    threshold = STATEMENT_SHARE_OF_REQUEST * median_request_ms(index, before | now)
    found = slower(index.duration_ms[rows], code, code, before[rows], now[rows], threshold)
    slowest = []
    for finding in found:
        mine = rows[(code == finding.group) & now[rows]]
        slowest.append((finding, int(mine[np.argmax(index.duration_ms[mine])])))
    return tuple(slowest)
