"""The shape of requests: which calls a visit makes, in which order, how many, and which usual one is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.analysis.spans import Bools, Ints, SpanIndex
from compass.analysis.transitions import PathChange, path_changes
from compass.analysis.visits import Events

USUAL = 0.9  # a call made in this share of visits before is expected in every visit
MISSING_BELOW = 0.5  # and missing when its share fell below this part of what it was
MIN_VISITS = 8
TIMES_MORE = 1.8
_PRIOR = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFinding:
    """Visits of kind `op` (operation code) in `service` and their calls of kind `call` (operation code) to `callee`
    (−1: outside the traces). `now` and `before` are shares of visits (missing) or calls per visit (fan-out);
    `score` in standard deviations."""

    service: int
    op: int
    call: int
    callee: int
    score: float
    now: float
    before: float
    visits: int
    visits_before: int
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calls:
    """One element a span below an entry: its row, its kind, its visit."""

    rows: Ints
    kind: Ints  # dense; equal = same operation calling the same operation
    visit: Ints


def _calls(index: SpanIndex) -> _Calls:
    """Every span below an entry: calls, statements and the steps in between."""
    rows = np.flatnonzero(~index.entry)
    if rows.size == 0:
        return _Calls(rows=rows, kind=rows, visit=rows)
    answered = np.where(index.answer[rows] >= 0, index.op[index.answer[rows]] + 1, 0)
    key = (index.op[rows] * (index.op_service.size + 1) + answered) * (len(index.table.statements) + 1)
    _, kind = np.unique(key + index.table.statement[rows] + 1, return_inverse=True)
    return _Calls(rows=rows, kind=kind.astype(np.int64), visit=index.visit[rows])


def changed_structure(index: SpanIndex, before: Bools, now: Bools) -> tuple[tuple[PathChange, int], ...]:
    """Services whose visits make other calls than before, or in another order (transitions.path_changes over the
    calls of a visit), best first; each with the row of an example. Repeats in a row count once: loops follow data."""
    calls = _calls(index)
    order = np.lexsort((calls.rows, index.table.start_ns[calls.rows], calls.visit))
    kind, visit = calls.kind[order], calls.visit[order]
    fresh = np.r_[True, (kind[1:] != kind[:-1]) | (visit[1:] != visit[:-1])] if kind.size else np.zeros(0, dtype=bool)
    rows = np.sort(calls.rows[order[fresh]])  # rows are sorted by time already
    at = np.searchsorted(calls.rows, rows)
    events = Events(
        times_ns=index.table.start_ns[rows], request=index.root[rows], visit=index.visit[rows],
        kind=index.op[index.visit[rows]], group=index.table.service[rows].astype(np.int64), event=calls.kind[at],
        factor=np.ones(rows.size),
    )  # fmt: skip
    changes = path_changes(events, before[rows], now[rows]) if rows.size else ()
    return tuple((change, int(rows[change.example])) for change in changes)


def missing_calls(index: SpanIndex, before: Bools, now: Bools) -> tuple[CallFinding, ...]:
    """Calls made in nearly every visit of a kind before, and now in less than half as many; best first."""
    calls, table = _calls(index), _VisitTable(index, before, now)
    found = []
    for op, per in _pairs(index, calls):
        n, m = int(table.now[op]), int(table.before[op])
        if n < MIN_VISITS or m < MIN_VISITS:
            continue
        rows = calls.rows[per]
        visits = np.unique(index.visit[rows])
        old, new = float(before[visits].sum()) / m, float(now[visits].sum()) / n
        if old < USUAL or new >= MISSING_BELOW * old:
            continue
        pooled = (old * m + new * n + _PRIOR) / (n + m + 2 * _PRIOR)
        score = (old - new) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        found.append(_finding(index, op, rows, float(score), new, old, n, m))
    return tuple(sorted(found, key=lambda f: (-f.score, f.op, f.call)))


def fan_out(index: SpanIndex, before: Bools, now: Bools) -> tuple[CallFinding, ...]:
    """Calls per visit that nearly doubled or more (at least one call more), best first: N+1, loops, retry storms.

    Score: Welch's t over visits with a variance of at least the mean, as for counts (Poisson).
    """
    calls, table = _calls(index), _VisitTable(index, before, now)
    found = []
    for op, per in _pairs(index, calls):
        n, m = int(table.now[op]), int(table.before[op])
        if n < MIN_VISITS or m < MIN_VISITS:
            continue
        rows = calls.rows[per]
        visits, counts = np.unique(index.visit[rows], return_counts=True)
        new, new_spread = _moments(counts[now[visits]], n)
        old, old_spread = _moments(counts[before[visits]], m)
        if not (index.call[rows[0]] or index.leaf[rows[0]]) or new < TIMES_MORE * old or new - old < 1.0:
            continue
        score = (new - old) / np.sqrt(new_spread / n + old_spread / m)
        found.append(_finding(index, op, rows[now[rows]], float(score), new, old, n, m))
    return tuple(sorted(found, key=lambda f: (-f.score, f.op, f.call)))


class _VisitTable:
    """Visits per kind now and before."""

    __slots__ = ("before", "now")

    def __init__(self, index: SpanIndex, before: Bools, now: Bools) -> None:
        size = index.op_service.size
        self.now: Ints = np.bincount(index.op[index.entry & now], minlength=size)
        self.before: Ints = np.bincount(index.op[index.entry & before], minlength=size)


def _pairs(index: SpanIndex, calls: _Calls) -> list[tuple[int, Ints]]:
    """(kind of visit, numbers of the calls of one kind in it) for every pair that occurs often enough."""
    if calls.rows.size == 0:
        return []
    op = index.op[calls.visit]
    width = int(calls.kind.max()) + 1
    key = op * width + calls.kind
    order = np.argsort(key, kind="stable")
    values, start = np.unique(key[order], return_index=True)
    chunks = np.split(order, start[1:])
    return [(int(v) // width, chunk) for v, chunk in zip(values, chunks, strict=True) if chunk.size >= MIN_VISITS]


def _moments(counts: Ints, visits: int) -> tuple[float, float]:
    """Mean and variance over `visits` visits of which those not in `counts` have none."""
    mean = float(counts.sum()) / visits
    variance = float((counts.astype(np.float64) ** 2).sum()) / visits - mean**2
    return mean, max(variance, mean, 1.0 / visits)


def _finding(
    index: SpanIndex, op: int, rows: Ints, score: float, now: float, before: float, n: int, m: int
) -> CallFinding:
    example = int(rows[-1])
    return CallFinding(
        service=int(index.op_service[op]), op=op, call=int(index.op[example]), callee=int(index.callee[example]),
        score=score, now=now, before=before, visits=n, visits_before=m, example=example,
    )  # fmt: skip
