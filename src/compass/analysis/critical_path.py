"""Where the added time of slow requests sits: follow it down the tree, call by call, to the deepest slow callee.

Some requests are slow at any time, and wait for the same few services then. So the slow requests of the baseline are
followed too, and a service counts only for the requests beyond those that it made slow before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from compass.analysis.gaps import median_request_ms
from compass.analysis.spans import Bools, Floats, Ints, SpanIndex

MIN_BEFORE = 4
MAJOR = 0.5  # a child is followed when it explains at least this share of what was added to its parent
CHANCE = 2.0  # standard deviations of two Poisson counts that more slow requests than before may be by chance
_DEPTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFinding:
    """`service` is where `share` of the added time of the requests that are slow now, and were not before, sits.

    `requests` slow requests end there now, of `of` slow ones; `more` of them are beyond what the baseline's share and
    chance explain. `added_ms` is the median added to them. `caller` is the service that waits for it (−1: requests
    enter here). `in_call`: mostly the path ends in a call whose answer is not slow itself: the time passes between the
    two.
    """

    service: int
    caller: int
    share: float
    added_ms: float
    requests: int
    of: int
    more: float
    in_call: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """One element a slow request: where its path ends, and how much was added to it."""

    root: Ints
    service: Ints
    caller: Ints
    in_call: Bools
    added_ms: Floats


def slow_paths(index: SpanIndex, before: Bools, now: Bools) -> tuple[PathFinding, ...]:
    """Services by their share of the added time of newly slow requests, largest first; empty when none is or nothing
    can be compared.

    A request is slow when it takes longer than the median of its kind before by half of the median request. From a
    visit the path goes to the call with the most added time, and from there into the answer, as long as that explains
    at least half.
    """
    stratum = _strata(index)
    expected = _medians(index.duration_ms[before], stratum[before], int(stratum.max(initial=-1)) + 1)
    added = index.duration_ms - expected[stratum] if len(index) else index.duration_ms
    known = np.flatnonzero((index.parent < 0) & (before | now) & np.isfinite(added))
    slow = known[added[known] > MAJOR * median_request_ms(index, before | now)]
    if not now[slow].any():
        return ()
    ends = _follow(index, np.where(np.isfinite(added), added, index.duration_ms), before, slow, added[slow])
    return _summarise(ends, before, now, int(before[known].sum()), int(now[known].sum()))


def _follow(index: SpanIndex, added: Floats, before: Bools, slow: Ints, total: Floats) -> _Ends:
    """Down the tree from each root in `slow`. A kind of visit never seen before is all added time."""
    current = slow.copy()
    best, together = _slowest_call(index, added, before)
    in_call = np.zeros(current.size, dtype=bool)
    callee = index.table.service[current].astype(np.int64)
    caller = np.full(current.size, -1, dtype=np.int64)
    moving = np.ones(current.size, dtype=bool)
    for _ in range(_DEPTH):
        call = best[current]
        moving &= (call >= 0) & (together[np.maximum(call, 0)] >= MAJOR * added[current])
        moving &= index.callee[np.maximum(call, 0)] >= 0
        if not moving.any():
            break
        caller = np.where(moving, index.table.service[current], caller)
        callee = np.where(moving, index.callee[call], callee)
        answer = np.where(moving, index.answer[call], current)
        deeper = added[answer] >= MAJOR * added[call]
        in_call |= moving & ~deeper
        moving &= deeper & (added[answer] >= MAJOR**2 * added[current])  # many small calls: no one of them to follow
        current = np.where(moving, answer, current)
    return _Ends(root=slow, service=callee, caller=caller, in_call=in_call, added_ms=total)


def _strata(index: SpanIndex) -> Ints:
    """What is compared with what: an operation; for calls also the operation that answers, and for visits that make
    exactly one call (gateways) that call's, because names such as "HTTP GET" or "/*" mix everything."""
    width = index.op_service.size + 1
    answered = np.where(index.call & (index.answer >= 0), index.op[index.answer] + 1, 0) if len(index) else index.op
    stratum = index.op * width + answered
    _, stratum = np.unique(stratum, return_inverse=True)
    calls = np.flatnonzero(index.call & ~index.entry)
    count = np.bincount(index.visit[calls], minlength=len(index))
    only = np.zeros(len(index), dtype=np.int64)
    only[index.visit[calls]] = stratum[calls] + 1
    refined = stratum * (int(stratum.max(initial=0)) + 2) + np.where(count == 1, only, 0)
    _, dense = np.unique(refined, return_inverse=True)
    return dense.astype(np.int64)


def _medians(values: Floats, code: Ints, size: int) -> Floats:
    """Median per code, NaN for codes with fewer than MIN_BEFORE values."""
    order = np.lexsort((values, code))
    ordered, count = values[order], np.bincount(code, minlength=size)
    start = np.cumsum(count) - count
    out = np.full(size, np.nan)
    enough = count >= MIN_BEFORE
    low, high = (start + (count - 1) // 2)[enough], (start + count // 2)[enough]
    out[enough] = (ordered[low] + ordered[high]) / 2
    return out


def _slowest_call(index: SpanIndex, added: Floats, before: Bools) -> tuple[Ints, Floats]:
    """(for every visit a call to the callee with the most added time, −1 = it calls nobody; for every such call the
    added time of all calls of the visit to that callee together, more calls included)."""
    best, together = np.full(len(index), -1, dtype=np.int64), np.zeros(len(index))
    rows = np.flatnonzero(index.call & ~index.entry)
    if rows.size == 0:
        return best, together
    visit = index.visit[rows]
    width = len(index.table.entities) + 1
    pairs, pair = np.unique(visit * width + index.callee[rows] + 1, return_inverse=True)
    total = np.bincount(pair, weights=index.duration_ms[rows])
    _, stratum = np.unique(index.op[pairs // width] * width + pairs % width, return_inverse=True)
    past = before[pairs // width]
    more = total - _medians(total[past], stratum[past], int(stratum.max()) + 1)[stratum]
    single = np.bincount(pair, weights=np.maximum(added[rows], 0))
    together[rows] = np.where(np.isfinite(more), more, single)[pair]
    order = rows[np.lexsort((added[rows], together[rows]))]
    best[index.visit[order]] = order  # the last, largest one stays
    return best, together


def _summarise(ends: _Ends, before: Bools, now: Bools, of_before: int, of_now: int) -> tuple[PathFinding, ...]:
    """`of_before` and `of_now` requests could have been slow."""
    current = now[ends.root]
    scale = of_now / (of_before + 1.0)
    found: list[tuple[float, PathFinding]] = []
    for s in np.unique(ends.service[current]):
        here = current & (ends.service == s)
        count, past = int(here.sum()), int((before[ends.root] & (ends.service == s)).sum())
        expected = (past + 0.5) * scale
        more = count - expected - CHANCE * float(np.sqrt(count + expected * scale))
        if more <= 0:
            continue
        callers, counts = np.unique(ends.caller[here], return_counts=True)
        weight = float(ends.added_ms[here].sum()) * more / count
        finding = PathFinding(
            service=int(s), caller=int(callers[counts.argmax()]), share=0.0, requests=count, of=int(current.sum()),
            added_ms=float(np.median(ends.added_ms[here])), more=more, in_call=bool(ends.in_call[here].mean() > 0.5),
        )  # fmt: skip
        found.append((weight, finding))
    whole = sum(weight for weight, _ in found)
    shared = [replace(finding, share=weight / whole) for weight, finding in found]
    return tuple(sorted(shared, key=lambda f: (-f.share, f.service)))
