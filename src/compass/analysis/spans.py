"""What follows from a span table alone: visits, calls, own time, failures, and who depends on whom.

Nothing here trusts the table: parents may be missing, point at themselves or form rings, durations may be negative,
clocks of different hosts may disagree, kinds and statuses may be absent. Roles are therefore derived from the shape
of the tree where the span does not state its kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.domain.entity import EntityRef
from compass.tables.spans import KINDS, STATUSES, SpanTable

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SERVER = [KINDS.index("server"), KINDS.index("consumer")]
_CLIENT = [KINDS.index("client"), KINDS.index("producer")]
_CONSUMER = KINDS.index("consumer")
_PRODUCER = KINDS.index("producer")
_ERROR = STATUSES.index("error")
_MAX_DOUBLINGS = 24  # 2^24 levels: deeper chains are rings
_US = 1_000
_LONGEST_US = 7 * 24 * 3600 * 1_000_000  # no request lasts longer than a week; keeps sums inside 64 bits
GAVE_UP = ("cancel", "context canceled", "aborterror")  # error types of a caller that stopped waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanIndex:
    """One element a span unless said otherwise; times in milliseconds.

    - `parent`: row, −1 where unknown; `root`: row of the topmost known ancestor.
    - `entry`: first span of a visit to a service; `visit`: row of the entry above (or the row itself).
    - `call`: the span waits for somebody else: its kind says client, or its only children belong to another service,
      or it is a childless span of an operation that usually has such children.
    - `remote`: it has a child in another service, of which `answer` is the row (−1: none) and `callee` the service.
    - `leaf`: it has no children.
    - `own_ms`: duration minus the union of its children; of a call with an answer that is the gap: network, queueing,
      serialisation.
    - `visit_own_ms`: for entries, the duration minus the union of every call made in the visit, however deep or
      beside it (reactive code waits in sibling spans); 0 elsewhere.
    - `op`: dense code of (service, name), described by `op_service` (entity number) and `op_name` (name number).
    """

    table: SpanTable
    parent: Ints
    entry: Bools
    call: Bools
    remote: Bools
    leaf: Bools
    visit: Ints
    root: Ints
    own_ms: Floats
    visit_own_ms: Floats
    duration_ms: Floats
    failing: Bools
    answer: Ints
    callee: Ints
    op: Ints
    op_service: Ints
    op_name: Ints

    def __len__(self) -> int:
        return len(self.table)

    def op_text(self, op: int) -> str:
        """The operation's name, for people."""
        return self.table.names[int(self.op_name[op])]

    def service_of(self, number: int) -> EntityRef:
        return self.table.entities[number]


def index_spans(table: SpanTable) -> SpanIndex:
    """Derive the index. O(n log n), no Python loop over spans."""
    n = len(table)
    parent = np.where((table.parent >= 0) & (table.parent < n), table.parent, -1).astype(np.int64)
    parent[parent == np.arange(n)] = -1
    service = table.service.astype(np.int64)
    has_parent = parent >= 0
    safe = np.where(has_parent, parent, 0)
    client = np.isin(table.kind, _CLIENT)
    crosses = has_parent & (service != service[safe]) if n else np.zeros(0, dtype=bool)
    served = np.isin(table.kind, _SERVER) & has_parent & client[safe] if n else crosses
    entry = ~has_parent | crosses | served
    children = np.bincount(parent[has_parent], minlength=n)
    away = np.bincount(parent[has_parent & entry], minlength=n)
    remote = away > 0
    unstated = ~np.isin(table.kind, _SERVER) & ~client
    op, op_service, op_name = _operations(service, table.name.astype(np.int64), len(table.names))
    alone = unstated & remote & (away == children) & (children <= 2)
    calls_of_op, spans_of_op = np.bincount(op[alone], minlength=op_service.size), np.bincount(op)
    usually = (2 * calls_of_op > spans_of_op)[op] if n else alone  # unanswered calls have no child, but a usual name
    call = client | alone | (unstated & ~entry & (children == 0) & usually)
    duration = np.clip(table.duration_ns // _US, 0, _LONGEST_US)
    start = table.start_ns // _US
    own = duration - _covered_us(start, duration, parent, keep_length=call[safe] & entry)
    visit = _ancestor(parent, entry)
    waits = np.where(call & ~entry, visit, np.where(crosses & ~call[safe], visit[safe], -1))
    spent = duration - _covered_us(start, duration, waits, keep_length=np.zeros(n, dtype=bool))
    answer = np.full(n, -1, dtype=np.int64)
    answer[parent[has_parent & entry]] = np.flatnonzero(has_parent & entry)
    callee = np.where(answer >= 0, service[answer], -1) if n else answer
    return SpanIndex(
        table=table, parent=parent, entry=entry, call=call, remote=remote, leaf=children == 0,
        visit=visit, root=_ancestor(parent, ~has_parent), own_ms=np.maximum(own, 0) / 1e3,
        visit_own_ms=np.where(entry & ~client, np.maximum(spent, 0), 0) / 1e3, duration_ms=duration / 1e3,
        failing=_failing(table), answer=answer, callee=callee, op=op, op_service=op_service, op_name=op_name,
    )  # fmt: skip


def _covered_us(start: Ints, duration: Ints, parent: Ints, *, keep_length: Bools) -> Ints:
    """Microseconds of each span that its children cover (union of intervals), one element a span.

    Children are clipped to their parent; where `keep_length` holds they are slid inside it instead, because parent and
    child were timed by the clocks of two hosts and only lengths compare.
    """
    covered = np.zeros(start.shape[0], dtype=np.int64)
    rows = np.flatnonzero(parent >= 0)
    if rows.size == 0:
        return covered
    above, length = parent[rows], duration[rows]
    room = duration[above]
    begin = start[rows] - start[above]
    slid = np.clip(begin, 0, np.maximum(room - length, 0))
    begin = np.where(keep_length[rows], slid, begin)
    begin, end = np.clip(begin, 0, room), np.clip(begin + length, 0, room)
    order = np.lexsort((begin, above))
    above, begin, end = above[order], begin[order], end[order]
    first = np.r_[True, above[1:] != above[:-1]]
    group = np.cumsum(first) - 1
    offset = np.r_[0, np.cumsum(duration[above[first]] + 1)][group]
    reach = np.maximum.accumulate(end + offset)
    before = np.where(first, offset, np.r_[0, reach[:-1]])
    gained = np.maximum(end + offset - np.maximum(begin + offset, before), 0)
    np.add.at(covered, above, gained)
    return covered


def _ancestor(parent: Ints, stop: Bools) -> Ints:
    """Row of the nearest ancestor-or-self with `stop`; the row itself where a ring has none (pointer doubling)."""
    rows = np.arange(parent.shape[0], dtype=np.int64)
    jump = np.where(stop | (parent < 0), rows, parent)
    for _ in range(_MAX_DOUBLINGS):
        further = jump[jump]
        if np.array_equal(further, jump):
            break
        jump = further
    settled = stop[jump] if jump.size else stop
    return np.where(settled, jump, rows)


def _operations(service: Ints, name: Ints, names: int) -> tuple[Ints, Ints, Ints]:
    key = service * max(names, 1) + name
    unique, op = np.unique(key, return_inverse=True)
    return op.astype(np.int64), unique // max(names, 1), unique % max(names, 1)


def _failing(table: SpanTable) -> Bools:
    """Spans that say they failed: error status, HTTP 5xx, or an error type.

    OpenTelemetry's HTTP conventions mark 4xx as an error on the client's span only: the server refused on purpose, so
    a 4xx fails a span only where its status says error.
    """
    refused = (table.http_status >= 400) & (table.http_status < 500)
    failing: Bools = (table.status == _ERROR) | (table.http_status >= 500) | ((table.error_type >= 0) & ~refused)
    return failing


def gave_up(table: SpanTable) -> Bools:
    """Failing spans whose error type says that the caller stopped waiting: a consequence, never an origin."""
    flags = np.array([any(word in kind.lower() for word in GAVE_UP) for kind in table.error_types], dtype=bool)
    if flags.size == 0:
        return np.zeros(len(table), dtype=bool)
    cancelled: Bools = (table.error_type >= 0) & flags[np.clip(table.error_type, 0, flags.size - 1)]
    return cancelled


def failing_below(index: SpanIndex) -> Bools:
    """Spans with a failing span anywhere below them."""
    marked = np.zeros(len(index), dtype=bool)
    current = np.unique(index.parent[index.failing])
    while (current := current[current >= 0]).size and not marked[current].all():
        current = current[~marked[current]]
        marked[current] = True
        current = np.unique(index.parent[current])
    return marked
