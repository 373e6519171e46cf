"""Threshold: what is said to be full must have been full, or close to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from compass.analysis import robust
from compass.analysis.anomaly import LIMIT_OF, limit_share
from compass.analysis.pools import join_pools
from compass.disproof._common import clock, expect, graph_of, make_attempt, make_plan, no_data, opened
from compass.disproof._measure import Ask, ask_series, narrowed, new_fact, rows_about
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism, Pattern, Relation
from compass.domain.observation import Quality, Verdict
from compass.domain.telemetry import Answer, Coverage, SignalKind
from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry
from compass.tables.series import Floats, SeriesTable

K = SignalKind
CLEARLY_BELOW = 0.8
"""Refuted only when the highest share stayed under this part of the limit's threshold: scrapes miss short peaks."""
MIN_SAMPLES, FIRM_SAMPLES = 3, 5
_POOL = ((K.POOL_USED, K.POOL_LIMIT, K.POOL_PENDING), 0.9)
_CPU = ((K.CPU,), 0.85)
_MEMORY = ((K.MEMORY, K.MEMORY_LIMIT), 0.9)
_DISK = ((K.DISK_USAGE,), 0.9)
_FDS = ((K.FILE_DESCRIPTORS, K.FILE_DESCRIPTORS_LIMIT), 0.9)
_CONNECTIONS = ((K.DB_CONNECTIONS, K.DB_CONNECTIONS_LIMIT), 0.9)
CLAIMS: dict[str, tuple[tuple[SignalKind, ...], float]] = {
    "pool.exhausted": _POOL, "log.pool_timeout": _POOL, "pool.timeouts": _POOL, "pool.wait_up": _POOL,
    "cpu.saturated": _CPU, "memory.near_limit": _MEMORY, "log.out_of_memory": _MEMORY, "k8s.oom_killed": _MEMORY,
    "disk.full": _DISK, "log.disk_full": _DISK, "fds.near_limit": _FDS, "log.fds": _FDS,
    "db.connections_near_limit": _CONNECTIONS, "log.too_many_connections": _CONNECTIONS,
}  # fmt: skip
"""Signs that claim a limit was reached → (kinds that show it, share of the limit)."""
_WITNESSED = frozenset({
    "log.pool_timeout", "pool.timeouts", "log.out_of_memory", "k8s.oom_killed", "log.disk_full", "log.fds",
    "log.too_many_connections", "cpu.throttled",
})  # fmt: skip
"""Signs that are themselves a witness of the limit: a gauge between scrapes does not outweigh them decisively."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Decisive where the claim is about the limit itself and the gauge stayed clearly below it all the time."""

    id: str = "threshold"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """One where the mechanism claims, of the entity itself, that a limit is reached (CLAIMS). `threshold` is a
        share of it."""
        claim = _claim(mechanism)
        if claim is None or not opened(board):
            return ()
        signs, share = claim
        kind = CLAIMS[signs[0]][0][0].value.replace("_", " ")
        arguments = PlanArguments(entity=hypothesis.entity, signs=signs, threshold=share)
        return (make_plan(
            self.id, hypothesis, mechanism, arguments,
            expect(hypothesis, mechanism, f"{kind} of {hypothesis.entity} reaches at least {share:.0%} of its limit "
                                          f"after {clock(board.during.start_ns)}"),
            cost=1.0, power=0.6,
        ),)  # fmt: skip

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        """By the highest share of its limit after the onset: survived from the plan's threshold on, refuted below
        CLEARLY_BELOW of that where nobody waited for a free one, ambiguous between the two.

        Decisive only where every sign of the claim is about a limit, nothing else witnessed that it was reached (a log
        line, a kill), and FIRM_SAMPLES were seen; never for CPU. NO_DATA where no limit is known, or the records are
        too incomplete to show that it was not reached.
        """
        signs = [sign for sign in plan.arguments.signs if sign in CLAIMS]
        if not signs or not opened(board):
            return no_data(plan, "there is no limit or no onset to compare with")
        kinds, usual = CLAIMS[signs[0]]
        threshold = plan.arguments.threshold if plan.arguments.threshold is not None else usual
        ask = Ask(board=board, graph=graph_of(board), telemetry=telemetry, deadline=deadline)
        answer = await ask_series(ask, (plan.arguments.entity,), kinds)
        if isinstance(answer, str):
            return no_data(plan, answer)
        table = rows_about(answer, plan.arguments.entity, ask.graph)
        with np.errstate(all="ignore"):
            reached = _reached(table, kinds[0], board.during, answer.coverage)
        if reached is None:
            return no_data(plan, f"{plan.arguments.entity}: no {_word(kinds[0])} with a limit is recorded")
        return self._judge(plan, board, answer, reached, threshold)

    def _judge(
        self, plan: DisproofPlan, board: Board, answer: Answer[SeriesTable], reached: _Reached, threshold: float
    ) -> DisproofAttempt:
        entity, sign = plan.arguments.entity, plan.arguments.signs[0]
        text = f"{reached.what} of {entity} peaked at {reached.share:.0%} of its limit ({reached.samples} samples)"
        enough = reached.samples >= MIN_SAMPLES and reached.coverage.complete
        low = reached.share < CLEARLY_BELOW * threshold and not reached.waiting
        verdict = Verdict.NORMAL if low and enough else Verdict.UNKNOWN
        verdict = Verdict.ANOMALY if reached.share >= threshold else verdict
        if verdict is Verdict.UNKNOWN and low:
            return no_data(plan, f"{text}, but the records are too incomplete for that to count")
        own = replace(answer, coverage=reached.coverage)
        new = new_fact(self.id, sign, entity, verdict, text, own, value=reached.share, series=reached.series)
        if verdict is Verdict.ANOMALY:
            return make_attempt(plan, Outcome.SURVIVED, f"{text}, at or above {threshold:.0%}", new=(new,))
        if verdict is Verdict.UNKNOWN:
            waiting = " while callers waited" if reached.waiting else ""
            return make_attempt(plan, Outcome.AMBIGUOUS, f"{text}{waiting}, neither full nor clearly free", new=(new,))
        firm = not _WITNESSED.intersection(plan.arguments.signs) and set(plan.arguments.signs) <= set(CLAIMS)
        witnessed = [o.id for o in board.anomalies() if o.sign in _WITNESSED and o.entity == entity]
        # CPU in percent may be of a core, a node or the limit: it is telling, never the last word
        firm = firm and not witnessed and sign != "cpu.saturated" and reached.samples >= FIRM_SAMPLES
        return make_attempt(
            plan, Outcome.REFUTED, f"{text}, never near {threshold:.0%}", observed=witnessed, new=(new,),
            quality=Quality.DIRECT if firm else Quality.INDIRECT, decisive=firm,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reached:
    share: float
    samples: int
    coverage: Coverage
    waiting: bool
    what: str
    series: str


def _claim(mechanism: Mechanism) -> tuple[tuple[str, ...], float] | None:
    """Signs of the required pattern that claims a limit at the entity itself, and the share; None when none does.

    Alternatives that claim nothing are kept in the signs: then a refutation is not decisive.
    """
    for pattern in mechanism.requires:
        claims = [sign for sign in pattern.signs if sign in CLAIMS] if pattern.at is Relation.SELF else []
        if claims and len(claims) * 2 >= len(pattern.signs):
            return _ordered(claims, pattern), CLAIMS[claims[0]][1]
    return None


def _ordered(claims: list[str], pattern: Pattern) -> tuple[str, ...]:
    return (*claims, *(sign for sign in pattern.signs if sign not in claims))


def _reached(table: SeriesTable, kind: SignalKind, window: Window, coverage: Coverage) -> _Reached | None:
    """The highest share of its limit that any series of `kind` had inside `window`; None without a limit."""
    inside = (table.times_ns > window.start_ns) & (table.times_ns <= window.end_ns)
    if not inside.any():
        return None
    if kind is K.POOL_USED:
        return _pool(table, inside, window, coverage)
    found = []
    shares = limit_share(table, window) if kind in LIMIT_OF else np.full(len(table.rows), np.nan)
    for i, row in enumerate(table.rows):
        if row.signal.kind is not kind:
            continue
        values = table.values[i, inside]
        values = values[np.isfinite(values)]
        peak = float(values.max()) if values.size else math.nan
        share = _share(row.signal.unit, peak, kind)
        if math.isnan(share) and math.isfinite(shares[i]):
            share = float(shares[i])  # the limit has a series of its own
        if math.isfinite(share) and share >= 0:
            size = int(values.size)
            own = narrowed(coverage, table, [i], window)
            found.append(
                _Reached(share=share, samples=size, coverage=own, waiting=False, what=_word(kind), series=row.key)
            )
    return max(found, key=lambda r: (r.share, r.series)) if found else None


def _share(unit: str, peak: float, kind: SignalKind) -> float:
    """`peak` as a share of the limit, where the unit itself is a share; NaN otherwise."""
    if unit == "%":
        return peak / 100.0
    # a plain 1 is a ratio only where it cannot be a count: CPU in cores and counts of files look alike
    return peak if unit == "1" and kind in (K.DISK_USAGE, K.MEMORY) and 0 <= peak <= 1.05 else math.nan


def _pool(table: SeriesTable, inside: robust.Bools, window: Window, coverage: Coverage) -> _Reached | None:
    found = []
    for pool in join_pools(table):
        share = pool.utilisation
        known = share[inside] if share is not None else np.empty(0)
        known = known[np.isfinite(known)]
        if known.size:
            row = min(i for rows in pool.rows.values() for i in rows)
            found.append(_Reached(
                share=float(known.max()), samples=int(known.size), waiting=_waited(pool.pending, inside),
                coverage=narrowed(coverage, table, [i for rows in pool.rows.values() for i in rows], window),
                what=f"pool {pool.name}".strip(), series=table.rows[row].key,
            ))  # fmt: skip
    return max(found, key=lambda r: (r.share, r.waiting, r.series)) if found else None


def _waited(pending: Floats | None, inside: robust.Bools) -> bool:
    if pending is None:
        return False
    queue = pending[inside]
    return bool((queue[np.isfinite(queue)] > 0).any())


def _word(kind: SignalKind) -> str:
    return kind.value.replace("_", " ")
