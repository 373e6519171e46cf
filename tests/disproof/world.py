"""A small made-up system for attempts: a board, and telemetry that answers from arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.incident import Change, Dependency, Incident, Onset
from compass.domain.mechanism import Mechanism, Pattern
from compass.domain.observation import Observation, Quality, Verdict
from compass.domain.telemetry import (
    Answer,
    Capability,
    Coverage,
    Health,
    LogQuery,
    NativeQuery,
    ObjectQuery,
    SignalQuery,
    SpanQuery,
)
from compass.domain.time import NS_PER_S, Instant, Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceUnavailableError
from compass.tables.logs import LogTable, empty_logs
from compass.tables.objects import ObjectTable
from compass.tables.series import Floats, SeriesTable
from compass.tables.spans import SpanTable, empty_spans
from tests.support import tracks

START = 1_700_000_000 * NS_PER_S
STEP_S = 30
BEFORE, AFTER = 120, 24
ONSET = START + BEFORE * STEP_S * NS_PER_S
NOW = ONSET + AFTER * STEP_S * NS_PER_S
WINDOW = Window(start_ns=START, end_ns=NOW)
TIMES = START + STEP_S * NS_PER_S * np.arange(1, BEFORE + AFTER + 1, dtype=np.int64)


def at(seconds: float, uncertainty_s: float = 0.0) -> Instant:
    """Seconds from the onset."""
    return Instant(ns=ONSET + int(seconds * NS_PER_S), uncertainty_ns=int(uncertainty_s * NS_PER_S))


def service(name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.SERVICE, name=name, namespace="shop")


WEB, ORDERS, STOCK, DB, OTHER = (service(name) for name in ("web", "orders", "stock", "store", "mail"))
NODE = EntityRef(kind=EntityKind.NODE, name="worker-1")
CALLS = ((WEB, ORDERS), (ORDERS, STOCK), (ORDERS, DB), (STOCK, DB), (WEB, OTHER))


def noisy(level: float, spread: float, seed: int, *, jump: float = 0.0, at_step: int = BEFORE) -> Floats:
    """A level with noise that rises by `jump` at a step."""
    values = level + spread * np.random.default_rng(seed).standard_normal(BEFORE + AFTER)
    values[at_step:] += jump
    return values


@dataclass(frozen=True, slots=True)
class Track(tracks.Track):
    """One series of the fake telemetry."""

    unit: str = "s"
    name: str = "m"


@dataclass(slots=True)
class FakeTelemetry:
    """Answers from what it was given; counts what it was asked."""

    tracks: tuple[Track, ...] = ()
    span_table: SpanTable = field(default_factory=empty_spans)
    log_table: LogTable = field(default_factory=empty_logs)
    complete: bool = True
    fails: bool = False
    asked: list[str] = field(default_factory=list)
    name: str = "fake"
    capabilities: frozenset[Capability] = frozenset()

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:
        self._ask("series")
        chosen = (t for t in self.tracks if t.kind in query.kinds)
        return self._answer(tracks.table_of(chosen, TIMES, STEP_S))

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:
        self._ask("logs")
        return self._answer(self.log_table)

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:
        self._ask("spans")
        return self._answer(self.span_table)

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:
        self._ask("objects")
        return self._answer(ObjectTable())

    async def check(self) -> tuple[Health, ...]:
        return ()

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.fails:
            raise SourceUnavailableError("no answer within 5 s", where=self.name)

    def _answer(self, data):
        coverage = Coverage(requested=WINDOW, received=WINDOW, truncated=not self.complete)
        query = NativeQuery(language="derived", text="fake")
        return Answer(data=data, coverage=coverage, query=query, source=self.name)


def seen(
    sign: str,
    entity: EntityRef,
    *,
    verdict: Verdict = Verdict.ANOMALY,
    strength: float = 0.8,
    since: Instant | None = None,
    change: str | None = None,
    series: str = "",
    complete: bool = True,
    quality: Quality = Quality.DIRECT,
    peer: EntityRef | None = None,
) -> Observation:
    coverage = Coverage(requested=WINDOW, received=WINDOW, truncated=not complete)
    return Observation(
        id=f"o-{sign}-{entity.name}-{verdict.value}-{change or ''}{series}",
        agent="test",
        sign=sign,
        entity=entity,
        verdict=verdict,
        strength=strength if verdict is Verdict.ANOMALY else 0.0,
        text=f"{sign} at {entity}",
        query=NativeQuery(language="derived", text="q"),
        coverage=coverage,
        source="fake",
        series=series or f"{sign}|{entity.key}",
        since=since,
        change=change,
        quality=quality,
        peer=peer,
    )


def hypothesis(
    mechanism: str = "cpu_saturation",
    entity: EntityRef = ORDERS,
    suggested_by: Iterable[Observation] = (),
    *,
    onset: Instant | None = None,
    lead: float = 0.8,
) -> Hypothesis:
    key = f"h-{mechanism}-{entity.name}"
    return Hypothesis(
        id=key,
        label="H1",
        mechanism=mechanism,
        entity=entity,
        onset=onset or at(0, 15),
        proposed_by="test",
        suggested_by=frozenset(o.id for o in suggested_by),
        lead=lead,
    )


def mechanism(name: str = "cpu_saturation", *required: str, refuters: tuple[str, ...] = (), **more) -> Mechanism:
    signs = required or ("cpu.saturated",)
    return Mechanism(
        id=name,
        claim="c",
        family=more.pop("family", "resource"),
        strikes=frozenset({EntityKind.SERVICE}),
        owner="infrastructure",
        requires=(Pattern(signs=signs),),
        refuters=refuters,
        expects=more.pop("expects", (Pattern(signs=("latency.up",)),)),
        **more,
    )


def board(
    theories: Iterable[Hypothesis] = (),
    observations: Iterable[Observation] = (),
    *,
    calls=CALLS,
    changes: Iterable[Change] = (),
    containment: Mapping[EntityRef, EntityRef] | None = None,
    attempts: Iterable[DisproofAttempt] = (),
    paged: str | None = "web",
    opened: bool = True,
) -> Board:
    incident = Incident(title="t", window=WINDOW, detected_ns=ONSET, now_ns=NOW, service=paged) if opened else None
    return Board(
        incident=incident,
        onset=Onset(instant=at(0, 15), method="test") if opened else None,
        entities=tuple(sorted({e for pair in calls for e in pair})),
        dependencies=tuple(Dependency(caller=a, callee=b) for a, b in calls),
        containment=containment or {},
        changes=tuple(changes),
        observations={o.id: o for o in observations},
        hypotheses={h.id: h for h in theories},
        attempts={a.plan: a for a in attempts},
    )


def change(key: str, entity: EntityRef | None, seconds: float, kind: str = "deploy") -> Change:
    return Change(id=key, at=at(seconds), kind=kind, summary="s", entity=entity)


def errors_log(entity: EntityRef, seconds: Iterable[float]) -> LogTable:
    """One error line of `entity` at each of the seconds from the onset."""
    times = np.array(sorted(ONSET + int(s * NS_PER_S) for s in seconds), dtype=np.int64)
    n = times.size
    blank = np.full(n, "", dtype=object)
    zero = np.zeros(n, dtype=np.int32)
    return LogTable(
        entities=(entity,),
        times_ns=times,
        entity=zero,
        service=zero,
        line=np.full(n, "boom", dtype=object),
        trace_id=blank,
        span_id=blank,
        weight=np.ones(n),
    )


def server_spans(spans: Iterable[tuple[EntityRef, float, float, bool]]) -> SpanTable:
    """Server spans of (entity, seconds from the onset, duration s, failing)."""
    rows = sorted(spans, key=lambda s: s[1])
    entities = tuple(sorted({r[0] for r in rows}))
    n = len(rows)
    full = lambda value, kind: np.full(n, value, dtype=kind)  # noqa: E731
    return SpanTable(
        entities=entities,
        names=("GET",),
        statements=(),
        peers=(),
        trace=np.arange(n, dtype=np.int32),
        trace_ids=np.array([f"t{i}" for i in range(n)], dtype=object),
        span_ids=np.array([f"s{i}" for i in range(n)], dtype=object),
        parent=full(-1, np.int64),
        service=np.array([entities.index(r[0]) for r in rows], dtype=np.int32),
        instance=full(-1, np.int32),
        name=full(0, np.int32),
        kind=full(2, np.int8),
        status=np.array([2 if r[3] else 1 for r in rows], dtype=np.int8),
        start_ns=np.array([ONSET + int(r[1] * NS_PER_S) for r in rows], dtype=np.int64),
        duration_ns=np.array([int(r[2] * NS_PER_S) for r in rows], dtype=np.int64),
        http_status=full(0, np.int16),
        statement=full(-1, np.int32),
        peer=full(-1, np.int32),
        error_type=full(-1, np.int32),
        error_types=(),
    )
