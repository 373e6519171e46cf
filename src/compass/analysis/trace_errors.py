"""Where failures begin: a failing span with nothing failing below it; how failing shares moved; retries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.analysis.spans import Bools, Ints, SpanIndex, failing_below, gave_up


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFinding:
    """One service. Counts of visits; `score` in standard deviations of a difference of two shares.

    `origin`: the counts are of failures that begin here, otherwise of all failing visits. `op` is the most frequent
    failing operation, `example` the row of one such span, `callee` who it was calling (−1: nobody).
    """

    service: int
    origin: bool
    score: float
    now: int
    of_now: int
    before: int
    of_before: int
    op: int
    example: int
    callee: int


def share_score(now: Ints, of_now: Ints, before: Ints, of_before: Ints) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Standard deviations by which a share rose (two-proportion z with a pooled variance; Agresti and Coull's added
    successes and failures keep it finite and small for few trials)."""
    a, n = np.asarray(now, dtype=np.float64), np.asarray(of_now, dtype=np.float64)
    b, m = np.asarray(before, dtype=np.float64), np.asarray(of_before, dtype=np.float64)
    pooled = (a + b + 1) / (n + m + 2)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / (n + 2) + 1 / (m + 2)))
    z = ((a + 0.5) / (n + 1) - (b + 0.5) / (m + 1)) / spread
    return np.asarray(np.where((n > 0) & (m > 0), z, 0.0))


def origins(index: SpanIndex) -> Bools:
    """Failing spans with no failing span below, except those that only gave up waiting."""
    start: Bools = index.failing & ~failing_below(index) & ~gave_up(index.table)
    return start


def errors(index: SpanIndex, before: Bools, now: Bools) -> tuple[ErrorFinding, ...]:
    """Two findings for every service that fails at all now (failures that begin there; all), best first.

    A failure that begins in a call without an answer in the table belongs to the caller; who was called is `callee`
    or only known by the span's peer.
    """
    found = [*_count(index, index.failing, before, now, False), *_count(index, origins(index), before, now, True)]
    return tuple(sorted(found, key=lambda f: (-f.score, not f.origin, f.service)))


def _count(index: SpanIndex, flag: Bools, before: Bools, now: Bools, origin: bool) -> list[ErrorFinding]:
    size = len(index.table.entities)
    service = index.table.service.astype(np.int64)
    hit = np.zeros(len(index), dtype=bool)
    hit[index.visit[flag]] = True
    entry = index.entry
    counts = [np.bincount(service[entry & mask], minlength=size) for mask in (hit & now, now, hit & before, before)]
    scores = share_score(*counts)
    found = []
    for s in np.flatnonzero(counts[0]):
        rows = np.flatnonzero(flag & now & (service == s))
        rows = rows if rows.size else np.flatnonzero(hit & now & (service == s))
        op = int(np.bincount(index.op[rows]).argmax())
        example = int(rows[index.op[rows] == op][0])
        finding = ErrorFinding(
            service=int(s), origin=origin, score=float(scores[s]), now=int(counts[0][s]), of_now=int(counts[1][s]),
            before=int(counts[2][s]), of_before=int(counts[3][s]), op=op, example=example,
            callee=int(index.callee[example]),
        )  # fmt: skip
        found.append(finding)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryFinding:
    """`retries` calls of operation `op` by `service` repeated one that had failed in the same visit."""

    service: int
    op: int
    callee: int
    score: float
    retries: int
    visits: int
    retries_before: int
    visits_before: int


def retries(index: SpanIndex, before: Bools, now: Bools) -> tuple[RetryFinding, ...]:
    """Calls repeated after a failure, per (service, operation called), compared with before; best first."""
    rows = np.flatnonzero((index.call | index.leaf) & ~index.entry)
    if rows.size < 2:
        return ()
    order = rows[np.lexsort((index.table.start_ns[rows], index.op[rows], index.visit[rows]))]
    first, second = order[:-1], order[1:]
    same = (index.visit[first] == index.visit[second]) & (index.op[first] == index.op[second])
    again = second[same & index.failing[first] & (index.callee[first] == index.callee[second])]
    service = index.table.service.astype(np.int64)
    entries = np.flatnonzero(index.entry)
    size = len(index.table.entities)
    visits, visits_before = (np.bincount(service[entries[m[entries]]], minlength=size) for m in (now, before))
    found = []
    for op in np.unique(index.op[again[now[again]]]):
        mine = again[index.op[again] == op]
        n, b, s = int(now[mine].sum()), int(before[mine].sum()), int(service[mine[0]])
        score = float(share_score(*(np.array([v]) for v in (n, max(n, visits[s]), b, max(b, visits_before[s]))))[0])
        finding = RetryFinding(
            service=s, op=int(op), callee=int(index.callee[mine[0]]), score=score, retries=n, visits=int(visits[s]),
            retries_before=b, visits_before=int(visits_before[s]),
        )  # fmt: skip
        found.append(finding)
    return tuple(sorted(found, key=lambda f: (-f.score, f.op)))
