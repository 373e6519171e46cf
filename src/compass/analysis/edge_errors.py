"""Calls that fail although nothing below them does: the error lies on the way, or in a callee that does not report it.

Such a failure begins in the caller's span, so by place alone the caller would be blamed for what its callee, or the
way to it, does not deliver: a reset connection, a name that does not resolve, a third party that answers 503.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from compass.analysis.dependencies import callee_of, known_names
from compass.analysis.spans import Bools, Ints, SpanIndex
from compass.analysis.trace_errors import origins, share_score
from compass.domain.entity import EntityRef

UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeFinding:
    """Calls into `callee`: `now` of `of_now` fail with nothing failing below, `before` of `of_before` in the baseline.
    `score` in standard deviations of a difference of two shares. `caller` made most of the failing ones, `callers`
    calls at all; `failing_callers` of them see failures; `example` is the row of a failing call."""

    callee: EntityRef
    caller: EntityRef
    score: float
    now: int
    of_now: int
    before: int
    of_before: int
    callers: int
    failing_callers: int
    example: int


def failed_calls(index: SpanIndex, before: Bools, now: Bools) -> tuple[EdgeFinding, ...]:
    """One finding for every callee with such failures now, best first. Failures that say that the caller stopped
    waiting are left out (see `origins`)."""
    rows = np.flatnonzero((index.call | index.remote) & ~(index.entry & ~index.call))
    callees, code = _callees(index, rows)
    known = code != UNKNOWN
    rows, code = rows[known], code[known]
    status = index.table.http_status[rows]
    refused = (index.callee[rows] >= 0) & (status >= 400) & (status < 500)  # an answer, and an error to the client only
    failing = origins(index)[rows] & ~refused
    counts = [
        np.bincount(code[mask], minlength=len(callees))
        for mask in (failing & now[rows], now[rows], failing & before[rows], before[rows])
    ]
    scores = share_score(*counts)
    service = index.table.service.astype(np.int64)
    found = []
    for k in np.flatnonzero(counts[0]).tolist():
        bad = rows[failing & now[rows] & (code == k)]
        caller = int(np.bincount(service[bad]).argmax())
        finding = EdgeFinding(
            callee=callees[k], caller=index.service_of(caller), score=float(scores[k]), now=int(counts[0][k]),
            of_now=int(counts[1][k]), before=int(counts[2][k]), of_before=int(counts[3][k]),
            callers=np.unique(service[rows[now[rows] & (code == k)]]).size,
            failing_callers=np.unique(service[bad]).size, example=int(bad[service[bad] == caller][0]),
        )  # fmt: skip
        found.append(finding)
    return tuple(sorted(found, key=lambda f: (-f.score, f.callee.key)))


def _callees(index: SpanIndex, rows: Ints) -> tuple[list[EntityRef], Ints]:
    """(callees, the number of each row's, UNKNOWN where nothing says): who answered, else what the span names, else who
    usually answers calls of that name."""
    table = index.table
    answered = index.callee[rows]
    numbers: dict[EntityRef, int] = {}

    def number(entity: EntityRef | None, caller: int) -> int:
        if entity is None or entity == table.entities[caller]:
            return UNKNOWN
        return numbers.setdefault(entity, len(numbers))

    known = known_names(table.entities)
    usual = _usual(index.op[rows], answered)
    # One column after the other: rows of a matrix would be compared, and copied, as wholes.
    which = np.zeros(rows.size, dtype=np.int64)
    for column in (table.peer[rows], table.statement[rows], index.op[rows], answered):  # an operation has one service
        which = np.unique(which * (int(column.max(initial=0)) + 2) + column + 1, return_inverse=True)[1].reshape(-1)
    first = np.unique(which, return_index=True)[1]
    codes = []
    for at in first.tolist():
        row, caller = int(rows[at]), int(table.service[rows[at]])
        by = int(answered[at]) if answered[at] >= 0 else UNKNOWN
        named = table.entities[by] if by >= 0 else callee_of(table, row, known)
        by_name = usual.get(int(index.op[row]))
        if named is None and by_name is not None:
            named = table.entities[by_name]
        codes.append(number(named, caller))
    return list(numbers), np.array(codes, dtype=np.int64)[which] if rows.size else rows


def _usual(op: Ints, answered: Ints) -> dict[int, int]:
    """Operation → the service that mostly answers it."""
    votes: dict[int, Counter[int]] = {}
    known = answered >= 0
    width = int(answered.max(initial=0)) + 1
    pairs, counts = np.unique(op[known] * width + answered[known], return_counts=True)
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        votes.setdefault(pair // width, Counter())[pair % width] += count
    return {name: max(sorted(seen), key=lambda s: seen[s]) for name, seen in votes.items()}
