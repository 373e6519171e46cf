"""Client–server gap: the time between a caller's span and its callee's span, which neither service measures itself.

It holds the network, proxies, connection set-up and queueing before the server's first line; when the processor of
either side is starved it grows too. Per call edge the gaps now are compared with the 90th percentile before; a call
is elevated when it passes that by a tenth of the median request. A node that is slow to reach makes its incoming and
its outgoing calls slow, so a node scores (share of incoming calls elevated + share of outgoing) × log excess; where
one direction was never seen it counts half of the other (unless the other is a single call, which tells nothing about
which end it is; then the callee is named first). An edge whose other end has other edges just as elevated is
explained by that end, and counts half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.analysis.spans import Bools, Floats, Ints, SpanIndex

QUANTILE = 0.9
ELEVATED_SHARE_OF_REQUEST = 0.1
MIN_BEFORE = 4
MIN_NOW = 3
_PRIOR_CALLS = 3.0  # shrinks shares of few calls towards none
_ONLY_CALL = 0.9  # an entrance with one callee cannot be told apart from it: the callee is named first


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFinding:
    """One service. Shares in [0, 1], −1 = direction not seen; times in milliseconds.

    `peer` is the other end with the most elevated calls; `before_ms` its 90th percentile before, `now_ms` the median
    of the elevated calls. Scores above about 2 were always the struck node in the study, below 1 never.
    """

    service: int
    score: float
    incoming: float
    outgoing: float
    peer: int
    before_ms: float
    now_ms: float
    calls: int
    calls_before: int
    elevated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edges:
    """One element a call edge with enough calls on both sides."""

    caller: Ints
    callee: Ints
    calls: Ints
    before: Ints
    elevated: Ints
    limit_ms: Floats
    now_ms: Floats
    share: Floats


def median_request_ms(index: SpanIndex, mask: Bools) -> float:
    """Median duration of the requests (root spans) in `mask`; 0 when there are none."""
    roots = index.duration_ms[(index.parent < 0) & mask]
    return float(np.median(roots)) if roots.size else 0.0


def gaps(index: SpanIndex, before: Bools, now: Bools) -> tuple[GapFinding, ...]:
    """Services by gap score, best first. Services none of whose edges could be compared are left out; a compared
    service without elevated calls has score 0."""
    threshold = max(ELEVATED_SHARE_OF_REQUEST * median_request_ms(index, before | now), 1e-3)
    edges = _edges(index, before, now, threshold)
    found = [_score(int(s), edges, threshold) for s in np.union1d(edges.caller, edges.callee)]
    return tuple(sorted(found, key=lambda f: (-f.score, index.service_of(f.service))))


def _edges(index: SpanIndex, before: Bools, now: Bools, threshold_ms: float) -> _Edges:
    rows = np.flatnonzero(index.call & index.remote & (before | now))
    caller, callee = index.table.service[rows].astype(np.int64), index.callee[rows]
    width = len(index.table.entities) + 1
    key, edge = np.unique(caller * width + callee, return_inverse=True)
    gap, past, current = index.own_ms[rows], before[rows], now[rows]
    count, size = np.bincount, key.size
    n_before, n_now = count(edge[past], minlength=size), count(edge[current], minlength=size)
    limit = np.full(size, np.inf)
    for k in np.flatnonzero((n_before >= MIN_BEFORE) & (n_now >= MIN_NOW)):
        limit[k] = np.quantile(gap[(edge == k) & past], QUANTILE)
    high = current & (gap > limit[edge] + threshold_ms)
    elevated = count(edge[high], minlength=size)
    typical = np.array([np.median(gap[high & (edge == k)]) if elevated[k] else 0.0 for k in range(size)])
    share = np.maximum(elevated - (1 - QUANTILE) * n_now, 0) / (n_now + _PRIOR_CALLS)
    keep = np.isfinite(limit)
    return _Edges(
        caller=(key // width)[keep], callee=(key % width)[keep], calls=n_now[keep], before=n_before[keep],
        elevated=elevated[keep], limit_ms=limit[keep], now_ms=typical[keep], share=share[keep],
    )  # fmt: skip


def _direction(edges: _Edges, mine: Ints, others: Ints, service: int) -> float:
    """Calls-weighted share of elevated calls on this side; edges explained by their other end count half."""
    here = np.flatnonzero(mine == service)
    if here.size == 0:
        return -1.0
    total = 0.0
    for e in here:
        rest = np.flatnonzero((others == others[e]) & (mine != service))
        alternative = float(np.average(edges.share[rest], weights=edges.calls[rest])) if rest.size else 0.0
        explained = min(1.0, alternative / edges.share[e]) if edges.share[e] > 0 else 0.0
        total += edges.share[e] * (1 - 0.5 * explained) * edges.calls[e]
    return total / float(edges.calls[here].sum())


def _score(service: int, edges: _Edges, threshold_ms: float) -> GapFinding:
    incoming = _direction(edges, edges.callee, edges.caller, service)
    outgoing = _direction(edges, edges.caller, edges.callee, service)
    mine = np.flatnonzero((edges.caller == service) | (edges.callee == service))
    worst = int(mine[np.argmax(edges.elevated[mine])])
    excess = edges.now_ms[mine] - edges.limit_ms[mine]
    hit = edges.elevated[mine]
    typical = float(np.average(excess, weights=hit)) if hit.sum() >= MIN_NOW else 0.0
    entrance = incoming < 0 and int((edges.caller == service).sum()) == 1
    both = max(incoming, 0.0) + (outgoing if outgoing >= 0 else incoming / 2)
    if incoming < 0:
        both = outgoing * (_ONLY_CALL if entrance else 1.5)
    return GapFinding(
        service=service, score=both * float(np.log1p(max(typical, 0.0) / threshold_ms)),
        incoming=incoming, outgoing=outgoing,
        peer=int(edges.caller[worst] if edges.callee[worst] == service else edges.callee[worst]),
        before_ms=float(edges.limit_ms[worst]), now_ms=float(edges.now_ms[worst]),
        calls=int(edges.calls[mine].sum()), calls_before=int(edges.before[mine].sum()), elevated=int(hit.sum()),
    )  # fmt: skip
