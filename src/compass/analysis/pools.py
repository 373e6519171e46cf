"""Pools of connections, threads or workers: how full, whether callers wait, and whether the limit itself fell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compass.analysis import robust
from compass.domain.entity import EntityRef
from compass.domain.telemetry import SignalKind
from compass.domain.time import Window
from compass.tables.series import Floats, Ints, SeriesTable

EXHAUSTED_SHARE = 0.98
WAITING_SHARE = 0.95
LIMIT_FALL = 0.10
"""A limit counts as lowered when it is at least a tenth below what it was."""
POOL_KINDS = (
    SignalKind.POOL_USED, SignalKind.POOL_LIMIT, SignalKind.POOL_PENDING, SignalKind.POOL_WAIT,
    SignalKind.POOL_TIMEOUTS, SignalKind.DB_CONNECTIONS, SignalKind.DB_CONNECTIONS_LIMIT,
)  # fmt: skip
_POOL_LABELS = (
    "pool", "pool_name", "db_client_connection_pool_name", "connection_pool", "datasource", "db_name", "name",
    "executor",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One pool and what was seen of it. Arrays are [times], NaN where not sampled, None where there is no series.

    `rows` are the table rows by kind it was joined from.
    """

    entity: EntityRef
    name: str
    rows: Mapping[SignalKind, tuple[int, ...]]
    used: Floats | None = None
    limit: Floats | None = None
    pending: Floats | None = None

    @property
    def utilisation(self) -> Floats | None:
        """Used / limit, NaN where either is missing or the limit is not positive."""
        if self.used is None or self.limit is None:
            return None
        return np.divide(self.used, self.limit, out=np.full_like(self.used, np.nan), where=self.limit > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A run of steps in which a pool was exhausted: ends of the first and last step, its longest queue."""

    start_ns: int
    end_ns: int
    steps: int
    pending: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFall:
    """The limit went from `before` to `after` in the step that ends at `at_ns` (sampled before at `last_ns`)."""

    at_ns: int
    last_ns: int
    before: float
    after: float


def pool_name(labels: Mapping[str, str]) -> str:
    """The pool's name by its usual labels; empty where the series names none (the entity has one pool)."""
    return next((labels[label] for label in _POOL_LABELS if labels.get(label)), "")


def join_pools(table: SeriesTable) -> tuple[Pool, ...]:
    """Pools by (entity, name), sorted. Several rows of a kind (states, hosts) add up, except limits: the largest."""
    groups: dict[tuple[str, str], dict[SignalKind, list[int]]] = {}
    entities: dict[str, EntityRef] = {}
    for i, row in enumerate(table.rows):
        if row.signal.kind not in POOL_KINDS:
            continue
        kind = _AS_POOL.get(row.signal.kind, row.signal.kind)
        name = pool_name(row.labels) if row.signal.kind in _POOL_ONLY else "connections of the server"
        groups.setdefault((row.entity.key, name), {}).setdefault(kind, []).append(i)
        entities[row.entity.key] = row.entity
    pools = []
    for key, name in sorted(groups):
        joined = groups[key, name]
        rows = {kind: tuple(sorted(found, key=lambda i: table.rows[i].key)) for kind, found in joined.items()}
        pools.append(
            Pool(
                entity=entities[key], name=name, rows=rows, used=_sum(table, rows.get(SignalKind.POOL_USED, ())),
                limit=_most(table, rows.get(SignalKind.POOL_LIMIT, ())),
                pending=_sum(table, rows.get(SignalKind.POOL_PENDING, ())),
            )
        )  # fmt: skip
    return tuple(pools)


_AS_POOL = {
    SignalKind.DB_CONNECTIONS: SignalKind.POOL_USED,
    SignalKind.DB_CONNECTIONS_LIMIT: SignalKind.POOL_LIMIT,
}
_POOL_ONLY = frozenset(POOL_KINDS) - frozenset(_AS_POOL)


def _sum(table: SeriesTable, rows: tuple[int, ...]) -> Floats | None:
    if not rows:
        return None
    values = table.values[list(rows)]
    known = np.isfinite(values)
    return np.where(known.any(axis=0), np.where(known, values, 0.0).sum(axis=0), np.nan)


def _most(table: SeriesTable, rows: tuple[int, ...]) -> Floats | None:
    if not rows:
        return None
    values = table.values[list(rows)]
    return np.asarray(np.fmax.reduce(np.where(np.isfinite(values), values, np.nan), axis=0), dtype=np.float64)


def episodes(pool: Pool, times_ns: Ints, window: Window) -> tuple[Episode, ...]:
    """Runs of steps inside `window` in which the pool was exhausted.

    Exhausted means all in use (98 %), or 95 % in use while callers queue; without a limit series, a queue while
    use stands at its own maximum.
    """
    full = _full(pool)
    if full is None:
        return ()
    inside = (times_ns > window.start_ns) & (times_ns <= window.end_ns)
    full = full & inside
    edges = np.flatnonzero(np.diff(np.concatenate([[0], full.astype(np.int8), [0]])))
    found = []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        queue = pool.pending[start:stop] if pool.pending is not None else np.zeros(1)
        longest = float(np.nanmax(queue)) if np.isfinite(queue).any() else 0.0
        found.append(
            Episode(
                start_ns=int(times_ns[start]), end_ns=int(times_ns[stop - 1]), steps=int(stop - start), pending=longest
            )
        )
    return tuple(found)


def _full(pool: Pool) -> robust.Bools | None:
    share, waiting = pool.utilisation, pool.pending
    queue = np.nan_to_num(waiting, nan=0.0) > 0 if waiting is not None else None
    if share is not None:
        known = np.nan_to_num(share, nan=0.0)
        full = known >= EXHAUSTED_SHARE
        return full | ((known >= WAITING_SHARE) & queue) if queue is not None else full
    if queue is None or pool.used is None or not np.isfinite(pool.used).any():
        return None
    used = np.nan_to_num(pool.used, nan=-np.inf)
    top = float(used.max())
    return queue & (used >= top) if top > 0 else None


def limit_fall(pool: Pool, times_ns: Ints) -> LimitFall | None:
    """The largest lasting fall of the pool's limit: every later sample stays below. None when it never fell."""
    if pool.limit is None:
        return None
    known = np.flatnonzero(np.isfinite(pool.limit))
    if known.size < 2:
        return None
    values = pool.limit[known]
    rest = np.maximum.accumulate(values[::-1])[::-1]  # the highest from here on
    fall = values[:-1] - rest[1:]
    at = int(np.argmax(fall))
    before, after = float(values[at]), float(rest[at + 1])
    if before <= 0 or fall[at] < LIMIT_FALL * before:
        return None
    # of equal falls argmax takes the first sample at the old height; the fall itself follows the last one
    while at + 2 < values.size and values[at + 1] >= before:
        at += 1
    return LimitFall(at_ns=int(times_ns[known[at + 1]]), last_ns=int(times_ns[known[at]]), before=before, after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhaustion:
    """How exhausted a pool was after the onset: share of steps (before it: `usual`), highest use, longest queue.

    `peak` is a share of the limit when `relative`, else a count. `steps` are the sampled ones after the onset,
    `runs` the episodes.
    """

    share: float
    usual: float
    peak: float
    relative: bool
    queue: float
    steps: int
    runs: tuple[Episode, ...]

    @property
    def news(self) -> bool:
        """Exhausted, and clearly more often than before."""
        return bool(self.runs) and self.share > 1.5 * self.usual


def exhaustion(pool: Pool, times_ns: Ints, baseline: Window, during: Window) -> Exhaustion | None:
    """Exhaustion of one pool, None when its use was not sampled after the onset."""
    shown = pool.utilisation if pool.utilisation is not None else pool.used
    if shown is None:
        return None
    late = (times_ns > during.start_ns) & (times_ns <= during.end_ns) & np.isfinite(shown)
    early = (times_ns > baseline.start_ns) & (times_ns <= baseline.end_ns) & np.isfinite(shown)
    steps = int(late.sum())
    if steps == 0:
        return None
    runs = episodes(pool, times_ns, during)
    before = sum(run.steps for run in episodes(pool, times_ns, baseline))
    return Exhaustion(
        share=sum(run.steps for run in runs) / steps, usual=before / max(1, int(early.sum())),
        peak=float(np.max(shown[late])), relative=pool.utilisation is not None,
        queue=max((run.pending for run in runs), default=0.0), steps=steps, runs=runs,
    )  # fmt: skip
