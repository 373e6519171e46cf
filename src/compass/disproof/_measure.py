"""Fresh measurements for attempts: which records measure a sign, asked once, judged like every screen judges.

Metrics first; where there are none, spans or error lines are counted into the same kind of table, so that one
judgement (`analysis.anomaly.screen`) serves all. A source that fails gives a reason, never an exception.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from compass.analysis import wording
from compass.analysis.accounts import same_thing
from compass.analysis.anomaly import ANOMALY_SCORE, NORMAL_SCORE, screen
from compass.analysis.findings import dead_rows
from compass.analysis.graph import ServiceGraph
from compass.analysis.robust import small_sample_factor
from compass.disproof._bins import bin_errors, bin_spans
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.ids import id_of
from compass.domain.observation import Observation, Quality, Quantity, Stats, Verdict
from compass.domain.telemetry import (
    Answer,
    Coverage,
    Direction,
    LogQuery,
    NativeQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)  # fmt: skip
from compass.domain.time import Instant, Window
from compass.ports.clock import Deadline
from compass.ports.errors import DeadlineError, SourceError
from compass.ports.telemetry import Telemetry
from compass.tables.series import SeriesRow, SeriesTable, empty_series

K = SignalKind
KINDS: dict[str, tuple[SignalKind, ...]] = {
    "latency.up": (K.LATENCY,), "client_latency.up": (K.CLIENT_LATENCY,), "errors.up": (K.ERRORS,),
    "success.down": (K.SUCCESS,), "traffic.up": (K.TRAFFIC,), "traffic.down": (K.TRAFFIC,), "cpu.up": (K.CPU,),
    "cpu.saturated": (K.CPU,), "cpu.throttled": (K.CPU_THROTTLING,), "memory.up": (K.MEMORY,),
    "memory.leak": (K.MEMORY,), "memory.near_limit": (K.MEMORY,), "disk.full": (K.DISK_USAGE,),
    "disk.io_up": (K.DISK_IO,), "network.errors_up": (K.NETWORK_ERRORS,), "network.traffic_up": (K.NETWORK_TRAFFIC,),
    "network.traffic_down": (K.NETWORK_TRAFFIC,), "fds.near_limit": (K.FILE_DESCRIPTORS,),
    "fds.up": (K.FILE_DESCRIPTORS,), "threads.up": (K.THREADS,),
    "gc.up": (K.GC_TIME,), "restarts.up": (K.RESTARTS,), "clock.offset": (K.CLOCK_OFFSET,),
    "pool.exhausted": (K.POOL_USED,), "pool.limit_down": (K.POOL_LIMIT,), "pool.wait_up": (K.POOL_WAIT,),
    "pool.timeouts": (K.POOL_TIMEOUTS,), "queue.backlog": (K.QUEUE_DEPTH,), "locks.up": (K.DB_LOCKS,),
    "db.latency_up": (K.DB_LATENCY,), "db.traffic_up": (K.DB_TRAFFIC,), "db.connections_up": (K.DB_CONNECTIONS,),
    "db.connections_near_limit": (K.DB_CONNECTIONS,), "db.rows_up": (K.DB_ROWS_READ,),
    "replication.lag": (K.REPLICATION_LAG,), "cache.hit_down": (K.CACHE_HITS,), "retries.up": (K.RETRIES,),
    "cache.evictions_up": (K.CACHE_EVICTIONS,), "rate_limited": (K.RATE_LIMITED,),
}  # fmt: skip
SYMPTOM_SIGNS = ("latency.up", "errors.up", "success.down")
_DOWN = ("success.down", "traffic.down", "network.traffic_down", "pool.limit_down", "cache.hit_down")
_BY_SPANS = {
    **dict.fromkeys(
        ("latency.up", "trace.self_time_up", "trace.callee_slow", "trace.db_slow", "trace.gap_up"), (K.LATENCY,)
    ),
    **dict.fromkeys(("errors.up", "success.down", "trace.errors_up", "trace.error_origin"), (K.ERRORS,)),
}  # fmt: skip
_SPAN_SIGNS = frozenset(_BY_SPANS)
_PARTLY = frozenset({"trace.self_time_up", "trace.error_origin", "trace.callee_slow", "trace.db_slow", "trace.gap_up"})
_EXACT = (EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER)
DENSE = 0.8
"""Share of the steps after the onset that must hold a sample for their absence of trouble to count."""
MAX_ENTITIES = 400
HALF_STRENGTH = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Whom to ask, about which board."""

    board: Board
    graph: ServiceGraph
    telemetry: Telemetry
    deadline: Deadline

    @property
    def window(self) -> Window:
        """Everything that may be read."""
        return Window(start_ns=self.board.baseline.start_ns, end_ns=self.board.during.end_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One series against its baseline, in its worse direction. `score` in robust standard deviations, ≥ 0."""

    row: int
    sign: str
    up: bool
    score: float
    value: float
    centre: float
    since_ns: int
    samples: int
    baseline_samples: int
    scale: float = 0.0  # the baseline's own spread, for its number of samples, in the row's unit

    @property
    def verdict(self) -> Verdict:
        if self.score >= ANOMALY_SCORE:
            return Verdict.ANOMALY
        return Verdict.NORMAL if self.score < NORMAL_SCORE else Verdict.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is known about one entity: `judged` strongest first; `problem` says why there is nothing."""

    entity: EntityRef
    table: SeriesTable
    judged: tuple[Judged, ...]
    coverage: Coverage
    query: NativeQuery
    source: str
    quality: Quality = Quality.DIRECT
    problem: str = ""

    @property
    def worst(self) -> Judged | None:
        return self.judged[0] if self.judged else None

    @property
    def anomalous(self) -> bool:
        return self.worst is not None and self.worst.verdict is Verdict.ANOMALY

    @property
    def normal(self) -> bool:
        """Everything measured is normal, under complete coverage: absence that counts."""
        return bool(self.judged) and self.coverage.complete and all(j.verdict is Verdict.NORMAL for j in self.judged)

    def instant(self, judged: Judged) -> Instant | None:
        """When the series left its range: the step that ends at `since_ns`."""
        if judged.since_ns < 0:
            return None
        half = max(1, int(self.table.step_s * 5e8))
        return Instant(ns=judged.since_ns - half, uncertainty_ns=half)


async def measure(ask: Ask, entity: EntityRef, signs: Sequence[str]) -> Measured:
    """`signs` at one entity."""
    return (await measure_all(ask, (entity,), signs))[entity]


async def measure_all(ask: Ask, entities: Sequence[EntityRef], signs: Sequence[str]) -> dict[EntityRef, Measured]:
    """`signs` at each entity by as few queries as possible; what could not be measured has no judgements."""
    wanted = tuple(dict.fromkeys(entities))
    kinds = frozenset(kind for sign in signs for kind in KINDS.get(sign, ()))
    found: dict[EntityRef, Measured] = {}
    problems: list[str] = []
    if kinds:
        answer = await _series(ask, wanted, kinds, problems)
        if answer is not None:
            for entity in wanted:
                found[entity] = judge(ask, entity, _rows_about(answer.data, entity, ask.graph), signs, answer)
    lacking = tuple(e for e in wanted if e not in found or not found[e].judged)
    if lacking and _SPAN_SIGNS.intersection(signs):
        found.update(await _from_spans(ask, lacking, signs, problems))
    lacking = tuple(e for e in wanted if e not in found or not found[e].judged)
    if lacking and any(sign.startswith("log.") for sign in signs):
        found.update(await _from_logs(ask, lacking, signs, problems))
    reason = "; ".join(dict.fromkeys(problems)) or "nothing measures it"
    return {entity: found.get(entity) or _nothing(ask, entity, reason) for entity in wanted}


async def ask_series(ask: Ask, entities: Sequence[EntityRef], kinds: Iterable[SignalKind]) -> Answer[SeriesTable] | str:
    """Series of `kinds` at the entities and what belongs to them, or why there are none."""
    problems: list[str] = []
    answer = await _series(ask, entities, frozenset(kinds), problems)
    return answer if answer is not None else "; ".join(problems)


def rows_about(answer: Answer[SeriesTable], entity: EntityRef, graph: ServiceGraph) -> SeriesTable:
    return answer.data.take(_rows_about(answer.data, entity, graph))


def new_observation(strategy: str, measured: Measured, judged: Judged) -> Observation:
    """The measurement as a fact. NORMAL needs complete coverage, else it is UNKNOWN."""
    row = measured.table.rows[judged.row]
    verdict = judged.verdict
    if verdict is Verdict.NORMAL and not measured.coverage.complete:
        verdict = Verdict.UNKNOWN
    parts = ("disproof", strategy, judged.sign, measured.entity.key, verdict.value, row.key)
    strength = judged.score / (judged.score + HALF_STRENGTH) if verdict is Verdict.ANOMALY else 0.0
    return Observation(
        id=id_of("o", *parts), agent=f"disproof.{strategy}",
        sign=judged.sign, entity=measured.entity, verdict=verdict, strength=round(strength, 4),
        text=describe(measured, judged), query=measured.query, coverage=measured.coverage, source=measured.source,
        series=row.key, quality=measured.quality,
        since=measured.instant(judged) if verdict is Verdict.ANOMALY else None,
        value=Quantity(value=judged.value, unit=row.signal.unit),
        baseline=Quantity(value=judged.centre, unit=row.signal.unit),
        stats=Stats(
            method="robust z", score=round(judged.score, 4), samples=judged.samples,
            baseline_samples=judged.baseline_samples,
        ),
        peer=row.peer,
    )  # fmt: skip


def new_fact(
    strategy: str, sign: str, entity: EntityRef, verdict: Verdict, text: str, answer: Answer[SeriesTable], *,
    value: float, series: str,
) -> Observation:  # fmt: skip
    """A measured share (of a limit) as a fact."""
    parts = ("disproof", strategy, sign, entity.key, verdict.value, series)
    return Observation(
        id=id_of("o", *parts), agent=f"disproof.{strategy}",
        sign=sign, entity=entity, verdict=verdict, strength=0.7 if verdict is Verdict.ANOMALY else 0.0, text=text,
        query=answer.query, coverage=answer.coverage, source=answer.source, series=series,
        value=Quantity(value=value),
    )  # fmt: skip


def describe(measured: Measured, judged: Judged) -> str:
    row = measured.table.rows[judged.row]
    return (
        f"{wording.noun(row.signal)} of {measured.entity} {wording.reading(judged.value, row.signal)} against "
        f"{wording.reading(judged.centre, row.signal)} before (score {judged.score:.1f})"
    )


def worse_is_up(row: SeriesRow, sign: str) -> bool:
    if row.signal.kind is SignalKind.SUCCESS:
        return False
    if row.signal.worse is Direction.EITHER:
        return sign not in _DOWN
    if row.signal.kind in (K.MEMORY, K.DISK_USAGE, K.CPU) and row.signal.worse is Direction.DOWN:
        return False  # what is left of it, not what is used
    # the sign says which way it is claimed to have gone; the catalogue's direction fills in where no sign says
    return sign not in _DOWN if sign else row.signal.worse is Direction.UP


async def _series(
    ask: Ask, entities: Sequence[EntityRef], kinds: frozenset[SignalKind], problems: list[str]
) -> Answer[SeriesTable] | None:
    query = SignalQuery(kinds=kinds, window=ask.window, entities=_asked(entities, ask.graph))
    try:
        answer = await ask.telemetry.series(query, deadline=ask.deadline)
    except (SourceError, DeadlineError) as error:
        problems.append(f"metrics could not be asked: {error.what}")
        return None
    return answer


def _asked(entities: Sequence[EntityRef], graph: ServiceGraph) -> tuple[EntityRef, ...]:
    """The entities and their parts; not the guests of a node or namespace, which are measured for themselves."""
    found = dict.fromkeys(entities)
    for entity in entities:
        if entity.kind not in _EXACT:
            found.update(dict.fromkeys(graph.contained(entity)))
    return tuple(found)[:MAX_ENTITIES]


def _rows_about(table: SeriesTable, entity: EntityRef, graph: ServiceGraph) -> list[int]:
    return numbers_of([row.entity for row in table.rows], entity, graph)


def numbers_of(entities: Sequence[EntityRef], entity: EntityRef, graph: ServiceGraph) -> list[int]:
    """Places in `entities` of what is `entity` or belongs to it."""
    return [i for i, found in enumerate(entities) if _about(found, entity, graph)]


def _about(found: EntityRef, entity: EntityRef, graph: ServiceGraph) -> bool:
    if entity.kind in _EXACT:
        return found == entity
    return same_thing(found, entity) or graph.owner(found) == entity or entity in graph.hosts(found)


def judge(
    ask: Ask, entity: EntityRef, rows: list[int], signs: Sequence[str], answer: Answer[SeriesTable],
    quality: Quality = Quality.DIRECT,
) -> Measured:  # fmt: skip
    """What `rows` of an answer say about `entity`: each against its own baseline, in its worse direction.

    Rows that are dead or have too few samples for a finite score are not judged; before an onset is known none is.
    `signs` are those asked for: a series is given the first one that its kind can show. `quality`: the answer's.
    """
    table = _clean(answer.data.take(rows))
    judged: list[Judged] = []
    if rows and ask.board.onset is not None and table.times_ns.size:
        with np.errstate(all="ignore"):  # hostile magnitudes overflow to infinity, which is then no number
            scores = screen(table, ask.board.baseline, ask.board.during)
        spread = scores.scale * small_sample_factor(scores.baseline_samples)
        dead = dead_rows(table)
        for i, row in enumerate(table.rows):
            if dead[i]:
                continue
            sign = sign_for(row.signal.kind, signs)
            up = worse_is_up(row, sign)
            side = scores.side(up=up)
            score, value, centre = float(side.score[i]), float(side.value[i]), float(scores.centre[i])
            scale = float(spread[i])
            if all(map(math.isfinite, (score, value, centre))):
                judged.append(Judged(
                    row=i, sign=sign, up=up, score=score, value=value, centre=centre, since_ns=int(side.since_ns[i]),
                    samples=int(scores.during_samples[i]), baseline_samples=int(scores.baseline_samples[i]),
                    scale=scale if math.isfinite(scale) else math.inf,
                ))  # fmt: skip
    judged.sort(key=lambda j: (-j.score, table.rows[j.row].key, j.row))
    return Measured(
        entity=entity, table=table, judged=tuple(judged), query=answer.query, source=answer.source, quality=quality,
        coverage=narrowed(answer.coverage, table, [j.row for j in judged], ask.board.during),
    )  # fmt: skip


def narrowed(coverage: Coverage, table: SeriesTable, rows: Sequence[int], during: Window) -> Coverage:
    """The coverage of what a judgement of `rows` rests on.

    A gap long before the onset does not make the time after it unknown: where the answer was not cut and every row has
    a sample in nearly all steps after the onset, the part from the first sample on is complete. Else it stays as it is.
    """
    if coverage.complete or coverage.truncated or not coverage.unsampled or not rows:
        return coverage
    late = (table.times_ns > during.start_ns) & (table.times_ns <= during.end_ns)
    known = np.isfinite(table.values[list(rows)])
    # the first step may have begun before the onset and the last may not have ended yet
    wanted = max(1.0, DENSE * (during.seconds / table.step_s - 1.0)) if table.step_s > 0 else math.inf
    if int(known[:, late].sum(axis=1).min()) < wanted:
        return coverage
    first = int(table.times_ns[known.any(axis=0)][0])
    window = Window(start_ns=min(first, during.start_ns), end_ns=during.end_ns)
    return Coverage(requested=window, received=window, sampling=coverage.sampling, step_s=table.step_s)


def _clean(table: SeriesTable) -> SeriesTable:
    """Values as finite numbers of a sane size or NaN, times ascending."""
    values = np.where(np.abs(table.values) < 1e18, table.values, np.nan)  # NaN and infinity compare as False
    order = np.argsort(table.times_ns, kind="stable")
    return SeriesTable(rows=table.rows, times_ns=table.times_ns[order], values=values[:, order], step_s=table.step_s)


def sign_for(kind: SignalKind, signs: Sequence[str]) -> str:
    """The sign of `signs` that series of `kind` measure; else any sign they measure."""
    own = [sign for sign in signs if kind in KINDS.get(sign, ())]
    return own[0] if own else next((sign for sign, kinds in KINDS.items() if kind in kinds), "latency.up")


async def _from_spans(
    ask: Ask, entities: Sequence[EntityRef], signs: Sequence[str], problems: list[str]
) -> dict[EntityRef, Measured]:
    query = SpanQuery(window=ask.window, entities=_asked(entities, ask.graph))
    try:
        answer = await ask.telemetry.spans(query, deadline=ask.deadline)
    except (SourceError, DeadlineError) as error:
        problems.append(f"traces could not be asked: {error.what}")
        return {}
    quality = Quality.INDIRECT if _PARTLY.intersection(signs) else Quality.DIRECT
    # who asks whether requests fail does not ask whether they are slow
    kinds = {kind for sign in signs for kind in _BY_SPANS.get(sign, ())}
    found = {}
    for entity in entities:
        wanted = numbers_of(answer.data.entities, entity, ask.graph)
        table = await asyncio.to_thread(bin_spans, answer.data, wanted, entity, ask.board)
        binned = Answer(data=table, coverage=answer.coverage, query=answer.query, source=answer.source)
        rows = [i for i, row in enumerate(table.rows) if row.signal.kind in kinds]
        found[entity] = judge(ask, entity, rows, (), binned, quality)
    return found


async def _from_logs(
    ask: Ask, entities: Sequence[EntityRef], signs: Sequence[str], problems: list[str]
) -> dict[EntityRef, Measured]:
    query = LogQuery(window=ask.window, entities=_asked(entities, ask.graph), errors_only=True)
    try:
        answer = await ask.telemetry.logs(query, deadline=ask.deadline)
    except (SourceError, DeadlineError) as error:
        problems.append(f"logs could not be asked: {error.what}")
        return {}
    # lines of every kind of error are counted; for one kind of error text that is an indirect measure
    quality = Quality.DIRECT if "log.errors_up" in signs else Quality.INDIRECT
    found = {}
    for entity in entities:
        wanted = numbers_of(answer.data.entities, entity, ask.graph)
        table = await asyncio.to_thread(bin_errors, answer.data, wanted, entity, ask.board, answer.coverage)
        binned = Answer(data=table, coverage=answer.coverage, query=answer.query, source=answer.source)
        found[entity] = judge(ask, entity, list(range(len(table.rows))), ("log.errors_up",), binned, quality)
    return found


def _nothing(ask: Ask, entity: EntityRef, reason: str) -> Measured:
    blank = Coverage(requested=ask.window, received=ask.window, missing=(reason,))
    return Measured(
        entity=entity, table=empty_series(), judged=(), coverage=blank, problem=reason, source=ask.telemetry.name,
        query=NativeQuery(language="derived", text=f"signals of {entity}"),
    )  # fmt: skip
