"""Parents of spans and the kinds that their tree implies. Pure; no Python loop over spans."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from compass.tables.spans import KINDS

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
_UNSPECIFIED, _INTERNAL, _SERVER, _CLIENT = (KINDS.index(k) for k in ("unspecified", "internal", "server", "client"))
ROOT, ELSEWHERE = -1, -2
_MAX_DOUBLINGS = 32


def resolve_parents(own: Keys, parent: Keys) -> Ints:
    """Rows of parents: −1 for a root (key 0), −2 where the parent is not in the table or closes a ring."""
    n = own.shape[0]
    if n == 0:
        return np.empty(0, dtype=np.int64)
    order = np.argsort(own, kind="stable")
    at = np.minimum(np.searchsorted(own[order], parent), n - 1)
    row = order[at]
    known = own[row] == parent
    rows = np.where(parent == 0, ROOT, np.where(known, row, ELSEWHERE)).astype(np.int64)
    rows[rows == np.arange(n)] = ROOT
    return _without_rings(rows)


def _without_rings(parent: Ints) -> Ints:
    """A span that is its own ancestor has no known parent. Pointer doubling: log₂ of the depth steps."""
    n = parent.shape[0]
    end = n  # one more row, where every chain that ends leads to
    jump = np.append(np.where(parent >= 0, parent, end), end)
    for _ in range(_MAX_DOUBLINGS):
        further = jump[jump]
        if np.array_equal(further, jump) or (further == end).all():
            jump = further
            break
        jump = further
    looping = jump[:n] != end
    if not looping.any():
        return parent
    # Chains that never end lead into a ring; what lies on it is reached again from itself.
    on_ring = np.zeros(n, dtype=bool)
    on_ring[np.unique(jump[:n][looping])] = True
    spread = on_ring.copy()
    for _ in range(n):
        spread[parent[spread]] = True
        if spread.sum() == on_ring.sum():
            break
        on_ring = spread.copy()
    return np.where(on_ring, ELSEWHERE, parent)


def spans_kinds(
    kind: npt.NDArray[np.int8],
    parent: Ints,
    service: npt.NDArray[np.int32],
    store: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int8]:
    """Kinds with the missing ones inferred where the tree leaves no doubt; others stay unspecified.

    A span whose parent belongs to another service answers it: server. One whose children all belong to another
    service (at most two: a retry) waits for it: client. A leaf that speaks to a store (`store`): client. One between
    spans of its own service: internal.
    """
    n = kind.shape[0]
    if n == 0 or (kind != _UNSPECIFIED).all():
        return kind
    has = parent >= 0
    safe = np.where(has, parent, 0)
    foreign = has & (service != service[safe])
    children = np.bincount(parent[has], minlength=n)
    away = np.bincount(parent[foreign], minlength=n)
    called = (away > 0) & (away == children) & (children <= 2)
    leaf_store = (children == 0) & store
    within = has & ~foreign & (children > 0) & (away == 0)
    inferred = np.select([foreign, called | leaf_store, within], [_SERVER, _CLIENT, _INTERNAL], default=_UNSPECIFIED)
    return np.where(kind == _UNSPECIFIED, inferred, kind).astype(np.int8)
