"""From scores of rows to facts about entities: at most one per (entity, sign), abnormal or measurably normal.

Here a row's kind and direction become a word of `domain.sign`, pods are folded into the service they belong to, and
facts about an edge go to the end they speak of: failing calls to the callee, waiting for them to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from compass.analysis import anomaly
from compass.analysis.anomaly import ANOMALY_SCORE, NORMAL_SCORE, Scores
from compass.analysis.climbs import Climbs, repeated_climbs
from compass.analysis.graph import ServiceGraph
from compass.analysis.releases import edge_of
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import Direction, SignalKind
from compass.domain.time import NS_PER_S, Window
from compass.tables.series import Floats, Ints, SeriesRow, SeriesTable

UP_SIGN: Mapping[SignalKind, str] = {
    SignalKind.LATENCY: "latency.up", SignalKind.CLIENT_LATENCY: "client_latency.up", SignalKind.ERRORS: "errors.up",
    SignalKind.TRAFFIC: "traffic.up", SignalKind.CPU: "cpu.up", SignalKind.CPU_THROTTLING: "cpu.throttled",
    SignalKind.MEMORY: "memory.up", SignalKind.DISK_IO: "disk.io_up", SignalKind.NETWORK_ERRORS: "network.errors_up",
    SignalKind.NETWORK_TRAFFIC: "network.traffic_up", SignalKind.THREADS: "threads.up", SignalKind.GC_TIME: "gc.up",
    SignalKind.RESTARTS: "restarts.up", SignalKind.CLOCK_OFFSET: "clock.offset",
    SignalKind.QUEUE_DEPTH: "queue.backlog", SignalKind.DB_LATENCY: "db.latency_up",
    SignalKind.DB_TRAFFIC: "db.traffic_up", SignalKind.DB_CONNECTIONS: "db.connections_up",
    SignalKind.DB_LOCKS: "locks.up", SignalKind.DB_ROWS_READ: "db.rows_up",
    SignalKind.REPLICATION_LAG: "replication.lag", SignalKind.CACHE_EVICTIONS: "cache.evictions_up",
    SignalKind.FILE_DESCRIPTORS: "fds.up", SignalKind.RETRIES: "retries.up", SignalKind.RATE_LIMITED: "rate_limited",
}  # fmt: skip
DOWN_SIGN: Mapping[SignalKind, str] = {
    SignalKind.SUCCESS: "success.down", SignalKind.TRAFFIC: "traffic.down",
    SignalKind.NETWORK_TRAFFIC: "network.traffic_down", SignalKind.CLOCK_OFFSET: "clock.offset",
    SignalKind.CACHE_HITS: "cache.hit_down", SignalKind.REPLICAS: "replicas.down",
}  # fmt: skip
NEAR_LIMIT: Mapping[SignalKind, tuple[str, float]] = {
    SignalKind.CPU: ("cpu.saturated", 0.90), SignalKind.MEMORY: ("memory.near_limit", 0.90),
    SignalKind.DISK_USAGE: ("disk.full", 0.90), SignalKind.FILE_DESCRIPTORS: ("fds.near_limit", 0.85),
    SignalKind.DB_CONNECTIONS: ("db.connections_near_limit", 0.90),
}  # fmt: skip
CLEAR_OF_LIMIT = 0.80
LEAK_GROWTH = 0.20
LEAK_STEADINESS = 8.0
USUAL_GROWTH = 0.5
"""Growth that was at least this fast before the onset is how the process always grows: that counts for as much."""
CLIMB_SCORE = 2.0
FALL_STEPS = 2  # a restart is counted when it is scraped, and memory falls when it is scraped next
MIN_BASELINE = 5
PEER_SCORE_SHARE = 0.4
_USED = (SignalKind.MEMORY, SignalKind.DISK_USAGE, SignalKind.CPU)
_FOLDED = (EntityKind.POD, EntityKind.CONTAINER, EntityKind.WORKLOAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact: what `row` of the table says about `entity`. `score` is in robust standard deviations.

    `usual` is the baseline's level, `share` of the limit for signs of saturation. `peer` is the other end of an edge,
    or the one pod that stands out from its siblings. `since_ns` −1 = not known. `times`: how often it happened, 0 where
    that is no question. `recurs`: `value` is far from `usual`, and normal only because it is so at times.
    """

    sign: str
    entity: EntityRef
    row: int
    abnormal: bool
    score: float
    value: float
    usual: float
    since_ns: int = -1
    peer: EntityRef | None = None
    share: float | None = None
    times: int = 0
    recurs: bool = False


def borrow_groups(table: SeriesTable, graph: ServiceGraph) -> Ints:
    """Group numbers [rows] for `anomaly.screen`: pods of one service with the same series and peer."""
    seen: dict[tuple[str, str, str], int] = {}
    numbers = np.full(len(table.rows), -1, dtype=np.int64)
    for i, row in enumerate(table.rows):
        if row.entity.kind in (EntityKind.POD, EntityKind.CONTAINER):
            peer = graph.owner(row.peer).key if row.peer is not None else ""
            numbers[i] = seen.setdefault((graph.owner(row.entity).key, row.name, peer), len(seen))
    return numbers


def find(
    table: SeriesTable, scores: Scores, graph: ServiceGraph, baseline: Window, during: Window
) -> tuple[Finding, ...]:
    """All facts of a table, abnormal ones first (by score), then normal ones by entity and sign."""
    groups: dict[tuple[EntityRef, str], list[Finding]] = {}
    for candidate in (*_changes(table, scores, graph), *_limits(table, graph, baseline, during),
                      *_leaks(table, graph, baseline, during), *_climbing(table, graph, baseline, during),
                      *_restarts(table, graph, baseline, during)):  # fmt: skip
        groups.setdefault((candidate.entity, candidate.sign), []).append(candidate)
    chosen = [_strongest(groups[key], table) for key in groups]
    return tuple(sorted((f for f in chosen if f is not None), key=_order))


def _order(finding: Finding) -> tuple[bool, float, str, str]:
    return not finding.abnormal, -round(finding.score, 9) if finding.abnormal else 0.0, finding.entity.key, finding.sign


def subject(row: SeriesRow, graph: ServiceGraph) -> tuple[EntityRef, EntityRef | None]:
    """(entity, peer) that a row speaks of, with pods folded into their owner.

    Success and errors of an edge belong to the callee whoever measured them; time spent waiting for an answer to
    the caller.
    """
    caller, callee = edge_of(row)
    if row.peer is None:
        return _fold(row.entity, graph), None
    if row.signal.kind in (SignalKind.SUCCESS, SignalKind.ERRORS, SignalKind.TRAFFIC):
        return _fold(callee, graph), _fold(caller, graph)
    return _fold(row.entity, graph), _fold(row.peer, graph)


def _fold(entity: EntityRef, graph: ServiceGraph) -> EntityRef:
    return graph.owner(entity) if entity.kind in _FOLDED else entity


def _sign(row: SeriesRow, *, up: bool) -> str | None:
    if row.signal.kind is SignalKind.LATENCY and row.labels.get("reporter") == "source" and row.peer is not None:
        return "client_latency.up" if up else None
    return sign_of(row.signal.kind, row.signal.worse, up=up)


def sign_of(kind: SignalKind, worse: Direction, *, up: bool) -> str | None:
    """The sign of a series of this meaning that rose or fell; None where that says nothing by itself."""
    if kind in _USED and worse is Direction.DOWN:
        up = not up  # what is left of it, not what is used
    return (UP_SIGN if up else DOWN_SIGN).get(kind)


def _changes(table: SeriesTable, scores: Scores, graph: ServiceGraph) -> Iterable[Finding]:
    dead = dead_rows(table)
    agreement = {up: _agreement(table, scores, up=up) for up in (True, False)}
    for i, row in enumerate(table.rows):
        if dead[i]:
            continue
        entity, peer = subject(row, graph)
        for up in (True, False):
            sign = _sign(row, up=up)
            if sign is None or not np.isfinite(scores.side(up=up).score[i]):
                continue
            score = float(scores.side(up=up).score[i])
            away = float(scores.late[i] - scores.centre[i]) * (1.0 if up else -1.0)
            yield Finding(
                sign=sign, entity=entity, row=i, score=score * float(agreement[up][i]), peer=peer,
                abnormal=score * float(agreement[up][i]) >= ANOMALY_SCORE, usual=float(scores.centre[i]),
                value=float(scores.side(up=up).value[i] if score >= NORMAL_SCORE else scores.late[i]),
                since_ns=int(scores.side(up=up).since_ns[i]),
                recurs=score < NORMAL_SCORE and away > 0 and bool(scores.recurs[i]),
            )  # fmt: skip


def dead_rows(table: SeriesTable) -> list[bool]:
    """Rows that measure nothing: a success ratio that never left zero says the exporter is broken, not the service."""
    return [
        row.signal.kind is SignalKind.SUCCESS and not (np.nan_to_num(table.values[i]) != 0.0).any()
        for i, row in enumerate(table.rows)
    ]


def _agreement(table: SeriesTable, scores: Scores, *, up: bool) -> Floats:
    """Factor [rows] in (0.6, 1]: a quantile that moved alone counts less than one whose neighbours moved with it."""
    groups: dict[tuple[str, SignalKind, str, str], list[int]] = {}
    for i, row in enumerate(table.rows):
        if row.signal.quantile is not None:
            peer = row.peer.key if row.peer is not None else ""
            groups.setdefault((row.entity.key, row.signal.kind, peer, row.labels.get("reporter", "")), []).append(i)
    factor = np.ones(len(table.rows))
    score = scores.side(up=up).score
    for rows in groups.values():
        judged = [i for i in rows if np.isfinite(score[i])]
        if len(judged) > 1:
            factor[rows] = 0.6 + 0.4 * float(np.mean(score[judged] >= NORMAL_SCORE))
    return factor


def _limits(table: SeriesTable, graph: ServiceGraph, baseline: Window, during: Window) -> Iterable[Finding]:
    kinds = {*NEAR_LIMIT, *anomaly.LIMIT_OF.values()}
    chosen = [i for i, row in enumerate(table.rows) if row.signal.kind in kinds]
    part = table.take(chosen)
    now, then = anomaly.limit_share(part, during), anomaly.limit_share(part, baseline)
    for at, i in enumerate(chosen):
        row = table.rows[i]
        if row.signal.kind not in NEAR_LIMIT or not np.isfinite(now[at]):
            continue
        sign, near = NEAR_LIMIT[row.signal.kind]
        share, before = float(now[at]), float(then[at])
        if near > share >= CLEAR_OF_LIMIT:
            continue
        # 4 at the threshold, 12 at the limit: a state like a score. What was as full before is hardly news.
        score = ANOMALY_SCORE + 8.0 * min(1.0, (share - near) / (1.0 - near)) if share >= near else 0.0
        score = score * 0.5 if np.isfinite(before) and before >= 0.97 * share else score
        yield Finding(
            sign=sign, entity=subject(row, graph)[0], row=i, abnormal=share >= near, score=score, value=share,
            usual=before, share=share,
        )  # fmt: skip


def _leaks(table: SeriesTable, graph: ServiceGraph, baseline: Window, during: Window) -> Iterable[Finding]:
    """Steady growth that can have hurt by now.

    Many processes grow for hours after their start and never reach anything. Far from the limit, growth explains
    nothing yet; where the limit is not known, growth counts in full only when it is new.
    """
    chosen = _memory_used(table)
    part = table.take(chosen)
    whole = Window(start_ns=baseline.start_ns, end_ns=during.end_ns)
    trends = (anomaly.trend(part, during), anomaly.trend(part, whole))
    before, share = anomaly.trend(part, baseline), _memory_share(table, during)
    for at, i in enumerate(chosen):
        known = [t for t in trends if np.isfinite(t.steadiness[at]) and np.isfinite(t.growth[at])]
        if not known:
            continue
        best = max(known, key=lambda t: float(t.steadiness[at]) if t.growth[at] >= LEAK_GROWTH else 0.0)
        growth, steady = float(best.growth[at]), float(best.steadiness[at])
        leak = growth >= LEAK_GROWTH and steady >= LEAK_STEADINESS
        if not leak and growth >= LEAK_GROWTH / 2:
            continue
        score = min(steady, 20.0) / 2 if leak else 0.0
        if i in share:
            score *= min(1.0, share[i] / CLEAR_OF_LIMIT)
        elif before.steadiness[at] >= LEAK_STEADINESS and before.slope[at] >= USUAL_GROWTH * trends[0].slope[at]:
            score *= USUAL_GROWTH
        if leak and score < ANOMALY_SCORE:
            continue
        yield Finding(
            sign="memory.leak", entity=subject(table.rows[i], graph)[0], row=i, abnormal=leak, score=score,
            value=growth, usual=0.0,
        )  # fmt: skip


def _climbing(table: SeriesTable, graph: ServiceGraph, baseline: Window, during: Window) -> Iterable[Finding]:
    """Growth that ends in a fall and begins again.

    A kill explains the falls: a limit that is reached, or restarts with them. Where restarts are recorded and there
    were none, the program itself gave back what it took; where neither is known, the growth counts half.
    """
    climbing = repeated_climbs(table, np.array(_memory_used(table), dtype=np.int64), baseline, during)
    share = _memory_share(table, during) if climbing else {}
    for climbs in climbing:
        score = min(ANOMALY_SCORE + CLIMB_SCORE * (len(climbs.starts_ns) - 1), 10.0)
        if climbs.row in share:
            score *= min(1.0, share[climbs.row] / CLEAR_OF_LIMIT)
        else:
            score *= _by_restarts(table, climbs, graph)
        if score >= ANOMALY_SCORE:
            yield Finding(
                sign="memory.leak", entity=subject(table.rows[climbs.row], graph)[0], row=climbs.row, abnormal=True,
                score=score, value=climbs.growth, usual=0.0, times=len(climbs.starts_ns),
            )  # fmt: skip


def _restarts(table: SeriesTable, graph: ServiceGraph, baseline: Window, during: Window) -> Iterable[Finding]:
    """Steps in which a thing restarted, counted: single events among empty steps never are a level that is held.

    The score is that of a Poisson count against what the baseline lets expect, by the square root that makes its
    variance constant (Bartlett, "The Square Root Transformation in Analysis of Variance", JRSS Suppl. 1936): four
    restarts where there were none are abnormal, one or two (as a release needs) are normal.
    """
    after = (table.times_ns > during.start_ns) & (table.times_ns <= during.end_ns)
    before = (table.times_ns > baseline.start_ns) & (table.times_ns <= baseline.end_ns)
    for i, row in enumerate(table.rows):
        if row.signal.kind is not SignalKind.RESTARTS:
            continue
        known, began = np.isfinite(table.values[i]), np.nan_to_num(table.values[i]) > 0
        steps, usual_steps = int((known & after).sum()), int((known & before).sum())
        if steps and usual_steps >= MIN_BASELINE:
            expected = float((began & before).sum()) * steps / usual_steps
            score = 2.0 * (float((began & after).sum()) ** 0.5 - expected**0.5)
            yield Finding(
                sign="restarts.up", entity=subject(row, graph)[0], row=i, abnormal=score >= ANOMALY_SCORE,
                score=max(score, 0.0), value=float(np.nanmean(table.values[i, after])),
                usual=float(np.nanmean(table.values[i, before])),
                since_ns=int(table.times_ns[began & after][0]) if score > 0 else -1,
            )  # fmt: skip


def _by_restarts(table: SeriesTable, climbs: Climbs, graph: ServiceGraph) -> float:
    """1 where restarts of the same thing are recorded with at least half of the falls, 0 where they are recorded at
    other times or never, USUAL_GROWTH where restarts are not recorded."""
    entity = subject(table.rows[climbs.row], graph)[0]
    rows = [
        i
        for i, row in enumerate(table.rows)
        if row.signal.kind is SignalKind.RESTARTS and subject(row, graph)[0] == entity
    ]
    if not rows:
        return USUAL_GROWTH
    restarts = table.times_ns[(np.nan_to_num(table.values[rows]) > 0).any(axis=0)]
    apart = np.abs(np.array(climbs.starts_ns)[:, None] - restarts[None, :])
    return float(np.mean((apart <= FALL_STEPS * table.step_s * NS_PER_S).any(axis=1)) >= 0.5)


def _memory_used(table: SeriesTable) -> list[int]:
    return [
        i
        for i, row in enumerate(table.rows)
        if row.signal.kind is SignalKind.MEMORY and row.signal.worse is Direction.UP
    ]


def _memory_share(table: SeriesTable, during: Window) -> dict[int, float]:
    """Row → the share of its memory limit that it reached; only rows whose limit is known."""
    rows = [i for i, row in enumerate(table.rows) if row.signal.kind in (SignalKind.MEMORY, SignalKind.MEMORY_LIMIT)]
    shares = anomaly.limit_share(table.take(rows), during)
    return {i: float(share) for i, share in zip(rows, shares, strict=True) if np.isfinite(share)}


def _strongest(found: list[Finding], table: SeriesTable) -> Finding | None:
    """The strongest abnormal fact of one (entity, sign); a normal one only when every row there is normal."""
    best = max(found, key=lambda f: (f.abnormal, f.score, _key(f, table)))
    if not best.abnormal:
        return best if best.score < NORMAL_SCORE else None
    if best.peer is not None:
        return best
    own = table.rows[best.row].entity
    siblings: dict[EntityRef, float] = {}
    for other in found:
        entity = table.rows[other.row].entity
        if entity.kind in (EntityKind.POD, EntityKind.CONTAINER):
            siblings[entity] = max(other.score, siblings.get(entity, 0.0))
    others = [score for entity, score in siblings.items() if entity != own]
    if own in siblings and others and max(others) < PEER_SCORE_SHARE * best.score:
        return replace(best, peer=own)
    return best


def _key(finding: Finding, table: SeriesTable) -> str:
    row = table.rows[finding.row]
    return f"{row.entity.key}|{row.key}"


def measured(scores: Scores, row: int) -> bool:
    """Whether a normal row had enough samples on both sides to say so."""
    return bool(scores.baseline_samples[row] >= MIN_BASELINE and scores.during_samples[row] >= 1)
