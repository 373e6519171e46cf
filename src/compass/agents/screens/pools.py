"""Pools: exhausted, waited for, timed out on, or made smaller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compass.agents.observe import observe, spark_of, strength_of
from compass.agents.screens.series import gap_unless_named, graph_of, series_of
from compass.analysis import anomaly, pools, wording
from compass.analysis.anomaly import ANOMALY_SCORE, NORMAL_SCORE, Scores
from compass.analysis.pools import Pool
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.observation import Observation, Quantity, Stats, Verdict
from compass.domain.telemetry import Answer, SignalKind
from compass.domain.time import NS_PER_S, Instant
from compass.ports.specialist import Look, StepResult
from compass.tables.series import Floats, SeriesTable

_WAITS = (
    (SignalKind.POOL_WAIT, "pool.wait_up", "waiting time"),
    (SignalKind.POOL_TIMEOUTS, "pool.timeouts", "time-outs"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """What one pool shows in one respect; `score` 0 = normal, `shown` the line of its sparkline."""

    sign: str
    score: float
    text: str
    value: float
    usual: float | None
    unit: str = "1"
    method: str = "robust z"
    since: Instant | None = None
    shown: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolScreen:
    """Looks at every pool (and every database server's connections) of the system."""

    agent: str
    id: str = "pools"
    text: str = "checking connection, thread and worker pools"
    cost: float = 1.0
    limit: int = 200
    kinds: frozenset[SignalKind] = frozenset(pools.POOL_KINDS)

    async def run(self, look: Look) -> StepResult:
        """At most one fact per entity and sign. Raises SourceError from the port."""
        answer = await series_of(look, self.kinds)
        if not answer.data.rows or not answer.data.times_ns.size:
            hides = "exhausted pools, other than through logs and latency"
            return StepResult(
                gaps=gap_unless_named(look.board, "metrics", "no pool metrics", hides),
                found="no pool metrics",
                work=self.cost,
            )
        return await asyncio.to_thread(self._judge, look.board, answer)

    def _judge(self, board: Board, answer: Answer[SeriesTable]) -> StepResult:
        table, graph = answer.data, graph_of(board, answer.data)
        scores = anomaly.screen(table, board.baseline, board.during)
        best: dict[tuple[EntityRef, str], tuple[Pool, _Fact]] = {}
        for pool in pools.join_pools(table):
            owner = graph.owner(pool.entity)
            name = f"{pool.name} of {owner}" if pool.name else f"of {owner}"
            waits = _waited(pool, name, table, scores)
            for fact in (*_exhausted(pool, name, table, board), *_shrunk(pool, name, table), *waits):
                held = best.get((owner, fact.sign))
                if held is None or fact.score > held[1].score:
                    best[owner, fact.sign] = (pool, fact)
        ranked = sorted(best.items(), key=lambda item: (-item[1][1].score, item[0][0].key, item[0][1]))[: self.limit]
        seen = tuple(self._observe(owner, pool, fact, answer, board) for (owner, _), (pool, fact) in ranked)
        abnormal = [o for o in seen if o.verdict is Verdict.ANOMALY]
        said = f"{len(abnormal)} abnormal; {abnormal[0].text}" if abnormal else "no pool under pressure"
        return StepResult(observations=seen, found=said, work=self.cost)

    def _observe(
        self, owner: EntityRef, pool: Pool, fact: _Fact, answer: Answer[SeriesTable], board: Board
    ) -> Observation:
        abnormal = fact.score > 0
        onset_ns = board.onset.instant.ns if board.onset is not None else None
        usual = Quantity(value=fact.usual, unit=fact.unit) if fact.usual is not None else None
        return observe(
            agent=self.agent, sign=fact.sign, entity=owner, answer=answer, text=fact.text, since=fact.since,
            verdict=Verdict.ANOMALY if abnormal else Verdict.NORMAL, strength=strength_of(fact.score),
            series=f"{pool.entity.key}|pool|{pool.name}", baseline=usual,
            value=Quantity(value=fact.value, unit=fact.unit), stats=Stats(method=fact.method,
            score=round(fact.score, 3)),
            spark=spark_of(answer.data.times_ns, fact.shown, onset_ns) if abnormal and fact.shown is not None else None,
        )  # fmt: skip


def _exhausted(pool: Pool, name: str, table: SeriesTable, board: Board) -> Iterator[_Fact]:
    seen = pools.exhaustion(pool, table.times_ns, board.baseline, board.during)
    if seen is None or (seen.runs and not seen.news):
        return  # as often full as before: neither news nor evidence of health
    level = f"{seen.peak * 100:.0f} %" if seen.relative else f"{seen.peak:g}"
    if not seen.news:
        # without a limit and without a queue series nothing says how full the pool is
        if seen.relative or pool.pending is not None:
            yield _Fact(
                sign="pool.exhausted", score=0.0, text=f"pool {name} at most {level} in use", value=seen.peak,
                usual=None, method="utilisation",
            )  # fmt: skip
        return
    since = _instant(seen.runs[0].start_ns, table)
    waiting = f", {seen.queue:.0f} waiting" if seen.queue > 0 else ""
    yield _Fact(
        sign="pool.exhausted", score=ANOMALY_SCORE + 12.0 * seen.share + min(seen.queue, 6.0),
        value=seen.peak, usual=None,
        text=f"pool {name} exhausted ({level} in use{waiting}) since {wording.clock(since.ns)}", since=since,
        method="utilisation", shown=pool.utilisation if seen.relative else pool.used,
    )  # fmt: skip


def _shrunk(pool: Pool, name: str, table: SeriesTable) -> Iterator[_Fact]:
    if pool.limit is None or int(np.isfinite(pool.limit).sum()) < 2:
        return
    fall = pools.limit_fall(pool, table.times_ns)
    if fall is None:
        limit = float(pool.limit[np.isfinite(pool.limit)][-1])
        yield _Fact(
            sign="pool.limit_down", score=0.0, text=f"limit of pool {name} did not fall ({limit:g})", value=limit,
            usual=limit, method="lasting fall",
        )  # fmt: skip
        return
    middle, half = (fall.at_ns + fall.last_ns) // 2, (fall.at_ns - fall.last_ns + 1) // 2
    yield _Fact(
        sign="pool.limit_down", score=24.0 * (1.0 - fall.after / fall.before), value=fall.after, usual=fall.before,
        text=f"limit of pool {name} fell from {fall.before:g} to {fall.after:g} at {wording.clock(middle)}",
        since=Instant(ns=middle, uncertainty_ns=half), method="lasting fall", shown=pool.limit,
    )  # fmt: skip


def _waited(pool: Pool, name: str, table: SeriesTable, scores: Scores) -> Iterator[_Fact]:
    for kind, sign, noun in _WAITS:
        judged = [i for i in pool.rows.get(kind, ()) if np.isfinite(scores.up.score[i])]
        if not judged:
            continue
        top = max(judged, key=lambda i: (float(scores.up.score[i]), table.rows[i].key))
        score, unit, usual = float(scores.up.score[top]), table.rows[top].signal.unit, float(scores.centre[top])
        abnormal = score >= ANOMALY_SCORE
        if not abnormal and score >= NORMAL_SCORE:
            continue
        value = float(scores.up.value[top] if abnormal else scores.late[top])
        start = int(scores.up.since_ns[top])
        since = _instant(start, table) if abnormal and start >= 0 else None
        began = f" since {wording.clock(since.ns)}" if since is not None else ""
        shown = f"{wording.quantity(value, unit)}, usually {wording.quantity(usual, unit)}"
        yield _Fact(
            sign=sign, score=score if abnormal else 0.0, value=value, usual=usual, unit=unit, since=since,
            text=f"{noun} for pool {name} {shown}{began}",
            shown=table.values[top],
        )  # fmt: skip


def _instant(end_ns: int, table: SeriesTable) -> Instant:
    half = int(table.step_s * NS_PER_S / 2)
    return Instant(ns=end_ns - half, uncertainty_ns=half)
