"""Look-alikes with telemetry: the screens flagged what a mechanism requires, and the records say that it is not so.

One look-alike for each way of being wrong (one a strategy), and a bystander: the sign is there as on every other day
while something below is full and slow. All are generated from the mechanism's own patterns, as in `cases`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from compass.disproof._measure import KINDS
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism, Pattern, Relation
from compass.domain.observation import Observation
from compass.domain.telemetry import (
    Answer,
    Capability,
    Health,
    LogQuery,
    NativeQuery,
    ObjectQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)  # fmt: skip
from compass.domain.time import NS_PER_S, Instant
from compass.mechanisms.propose import hypothesis_id
from compass.ports.clock import Deadline
from compass.tables.logs import LogTable, empty_logs
from compass.tables.objects import ObjectTable
from compass.tables.series import Floats, SeriesTable
from compass.tables.spans import SpanTable, empty_spans
from tests.support.cases import (
    COMPLETE,
    LEDGER,
    MINUTE,
    ONSET,
    ORDERS,
    START,
    WEB,
    System,
    board_of,
    kind_of,
    seen,
    sighting,
    spelt_out,
    system_for,
)  # fmt: skip
from tests.support.tracks import Track, table_of

K = SignalKind
Data = TypeVar("Data")
STEP_S, STEPS, ONSET_STEP = 10, 180, 120
TIMES = START + STEP_S * NS_PER_S * np.arange(1, STEPS + 1, dtype=np.int64)
LATE = ONSET + 4 * MINUTE
FAINT = 0.55
FULL = 0.3  # of its limit: nowhere near full
_SYMPTOM_KINDS = (K.LATENCY, K.ERRORS, K.SUCCESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """A telemetry port that answers completely from series and error lines, for the entities asked about."""

    tracks: tuple[Track, ...] = ()
    lines: LogTable = field(default_factory=empty_logs)
    name: str = "records"
    capabilities: frozenset[Capability] = frozenset()

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:
        chosen = (t for t in self.tracks if t.kind in query.kinds and t.entity in query.entities)
        return _answer(table_of(chosen, TIMES, STEP_S))

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:
        return _answer(self.lines)

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:
        return _answer(empty_spans())

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:
        return _answer(ObjectTable())

    async def check(self) -> tuple[Health, ...]:
        return ()


def _answer(data: Data) -> Answer[Data]:
    return Answer(data=data, coverage=COMPLETE, query=NativeQuery(language="derived", text="made up"), source="records")


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAlike:
    """A board on which the screens suggest the mechanism at `entity`, and records that speak against it."""

    board: Board
    mechanism: Mechanism
    entity: EntityRef
    telemetry: Records
    stated: tuple[Hypothesis, ...] = ()  # theories that somebody stated beside those the catalogue proposes


def lookalike(mechanism: Mechanism, strategy: str) -> LookAlike:
    """The look-alike that `strategy` is there to tell apart. KeyError for a strategy without one."""
    return _LOOKALIKES[strategy](mechanism, system_for(kind_of(mechanism)))


def bystander(mechanism: Mechanism) -> LookAlike:
    """The mechanism's signs are as high as on other days, or came late; what `ledger` does about its CPU is new."""
    system = system_for(kind_of(mechanism))
    own = _required(mechanism, system, LATE)
    known = {(o.sign, o.entity) for o in own}
    below = [sighting("cpu.saturated", LEDGER, strength=FAINT), sighting("latency.up", LEDGER, strength=FAINT)]
    above = [sighting("latency.up", WEB, strength=FAINT), sighting("latency.up", _middle(system), strength=FAINT)]
    added = [o for o in (*below, *above) if (o.sign, o.entity) not in known]
    tracks = [
        *_usual(mechanism, system), _latency(WEB, 0.3), _latency(_middle(system), 0.3), _latency(LEDGER, 0.28),
        Track(LEDGER, K.CPU, _rising(25.0, 73.0), "%"),
    ]  # fmt: skip
    return _of(mechanism, system, [*own, *added], tracks, lines=_lines_as_ever(system))


def _of(
    mechanism: Mechanism, system: System, observations: Iterable[Observation], tracks: Iterable[Track] = (), *,
    lines: LogTable | None = None, stated: tuple[Hypothesis, ...] = (),
) -> LookAlike:  # fmt: skip
    records = Records(tracks=tuple(tracks), lines=lines if lines is not None else empty_logs())
    return LookAlike(
        board=board_of(system, observations), mechanism=mechanism, entity=system.struck, telemetry=records,
        stated=stated,
    )  # fmt: skip


def _late(mechanism: Mechanism, system: System) -> LookAlike:
    """What it requires began minutes after the symptom."""
    symptom = sighting("latency.up", WEB)
    return _of(mechanism, system, [symptom, *_required(mechanism, system, LATE)])


def _unfelt(mechanism: Mechanism, system: System) -> LookAlike:
    """Everybody who depends on the thing is served as ever: as fast, and as successfully; so are their calls to it."""
    calm = [_latency(entity, 0.0) for entity in system.entities]
    calm += [Track(entity, K.SUCCESS, np.full(STEPS, 99.5), "%") for entity in system.entities]
    for call in (d for d in system.dependencies if d.callee == system.struck):
        waits = _latency(call.caller, 0.0).values
        ok = np.full(STEPS, 99.5)
        calm.append(Track(call.caller, K.CLIENT_LATENCY, waits, "s", "client", peer=call.callee))
        calm.append(Track(call.caller, K.SUCCESS, ok, "%", "calls that succeed", peer=call.callee))
    return _of(mechanism, system, _required(mechanism, system), calm)


def _unmoved(mechanism: Mechanism, system: System) -> LookAlike:
    """The symptom moves, and what should drive it stands still."""
    still = [
        replace(t, values=np.full(STEPS, float(t.values[0]))) for t in _usual(mechanism, system)
    ]  # fmt: skip
    return _of(mechanism, system, _required(mechanism, system), [*still, _latency(WEB, 0.3)])


def _as_ever(mechanism: Mechanism, system: System) -> LookAlike:
    """It is like that all the time."""
    return _of(mechanism, system, _required(mechanism, system), _usual(mechanism, system), lines=_lines_as_ever(system))


def _far_from_full(mechanism: Mechanism, system: System) -> LookAlike:
    """The gauge of what is said to be full stayed at a third of its limit."""
    return _of(mechanism, system, _required(mechanism, system), _gauges(system.struck))


def _further_down(mechanism: Mechanism, system: System) -> LookAlike:
    """What it calls added nearly all the time that it added."""
    tracks = [_latency(system.struck, 0.3), _latency(LEDGER, 0.28), _latency(WEB, 0.3)]
    return _of(mechanism, system, _required(mechanism, system), tracks)


def _happened_before(mechanism: Mechanism, system: System) -> LookAlike:
    """Twice in the recording the sign was there, and nothing followed."""
    tracks = []
    for track in _usual(mechanism, system):
        values = np.full(STEPS, float(track.values[0])) + 0.01 * track.values[0] * np.sin(np.arange(STEPS))
        for start, stop in ((6, 9), (16, 19), (ONSET_STEP, STEPS)):
            values[start:stop] *= 0.2 if _falls(track.kind, mechanism) else 1.9
        tracks.append(replace(track, values=values))
    return _of(mechanism, system, _required(mechanism, system), [*tracks, _latency(WEB, 0.3)])


def _explained_below(mechanism: Mechanism, system: System) -> LookAlike:
    """Another theory, at something it calls or that holds it, rests on the same records and on more."""
    own = _required(mechanism, system)
    where = system.places[Relation.HOST] if system.struck.kind is EntityKind.NODE else LEDGER
    same = [sighting("latency.up" if n == 0 else "errors.up", where, series=o.series) for n, o in enumerate(own)]
    more = sighting("cpu.up", where)
    rival = Hypothesis(
        id=hypothesis_id("stated", where), label="", mechanism="stated", entity=where, onset=Instant(ns=ONSET),
        proposed_by="test", suggested_by=frozenset(o.id for o in (*same, more)), lead=0.9,
    )  # fmt: skip
    return _of(mechanism, system, [*own, *same, more], stated=(rival,))


_LOOKALIKES = {
    "time_order": _late, "scope": _unfelt, "correlation": _unmoved, "baseline": _as_ever, "threshold": _far_from_full,
    "dependency_direction": _further_down, "similar_incident": _happened_before, "alternative": _explained_below,
}  # fmt: skip


def _required(mechanism: Mechanism, system: System, since_ns: int = ONSET) -> list[Observation]:
    """What the screens flagged: all that it requires, begun at `since_ns`."""
    since = Instant(ns=since_ns, uncertainty_ns=5 * NS_PER_S)
    without = {(s, p.at) for p in mechanism.requires for s in spelt_out(p) if s != _measurable(p)}
    return [replace(o, since=since) for o in seen(mechanism.requires, system, 0.85, without=without)]


def _measurable(pattern: Pattern) -> str:
    """The alternative of a pattern that a series measures, so that it can be asked; else the first."""
    signs = spelt_out(pattern)
    return next((s for s in signs if s in KINDS), signs[0])


def _usual(mechanism: Mechanism, system: System) -> list[Track]:
    """Series of what is required, at one level all the time; a little worse before than after the onset."""
    kinds = {
        kind
        for pattern in mechanism.requires for kind in KINDS.get(_measurable(pattern), ())
    }  # fmt: skip
    easing = np.linspace(1.02, 1.0, STEPS)
    level = {K.SUCCESS: 60.0, K.CPU: 60.0, K.LATENCY: 0.5, K.DB_LATENCY: 0.5, K.CLIENT_LATENCY: 0.5}
    unit = {K.SUCCESS: "%", K.CPU: "%", K.LATENCY: "s", K.DB_LATENCY: "s", K.CLIENT_LATENCY: "s"}
    tracks = []
    for kind in sorted(kinds):
        easier = 1.0 / easing if _falls(kind, mechanism) else easing
        tracks.append(Track(system.struck, kind, level.get(kind, 50.0) * easier, unit.get(kind, "{thing}")))
    return tracks


def _falls(kind: SignalKind, mechanism: Mechanism) -> bool:
    down = ("success.down", "traffic.down", "network.traffic_down", "pool.limit_down", "cache.hit_down")
    return any(kind in KINDS.get(s, ()) and s in down for s in map(_measurable, mechanism.requires))


def _gauges(entity: EntityRef) -> list[Track]:
    """Every gauge with a limit, at FULL of it."""
    used, limit, pool = np.full(STEPS, FULL), np.full(STEPS, 1.0), {"pool": "main"}
    return [
        Track(entity, K.CPU, 100 * used, "%"), Track(entity, K.DISK_USAGE, used, "1"),
        Track(entity, K.MEMORY, 1e9 * used, "By"), Track(entity, K.MEMORY_LIMIT, 1e9 * limit, "By"),
        Track(entity, K.FILE_DESCRIPTORS, 1000 * used), Track(entity, K.FILE_DESCRIPTORS_LIMIT, 1000 * limit),
        Track(entity, K.DB_CONNECTIONS, 100 * used), Track(entity, K.DB_CONNECTIONS_LIMIT, 100 * limit),
        Track(entity, K.POOL_USED, 10 * used, "1", "used", pool),
        Track(entity, K.POOL_LIMIT, 10 * limit, "1", "max", pool),
        Track(entity, K.POOL_PENDING, 0 * used, "1", "pending", pool),
    ]  # fmt: skip


def _rising(level: float, jump: float) -> Floats:
    """A level with a small wave, higher by `jump` from the onset on and swinging with it."""
    wave = np.sin(np.arange(STEPS) * 0.7)
    values = level * (1 + 0.02 * wave)
    values[ONSET_STEP:] += jump * (0.9 + 0.1 * wave[ONSET_STEP:])
    return np.asarray(values, dtype=np.float64)


def _latency(entity: EntityRef, jump: float) -> Track:
    return Track(entity, K.LATENCY, _rising(0.1, jump), "s")


def _middle(system: System) -> EntityRef:
    """What `web` calls and what calls `ledger`: the struck thing itself, unless that holds services."""
    holds = system.struck.kind in (EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER)
    return ORDERS if holds else system.struck


def _lines_as_ever(system: System) -> LogTable:
    """One error line every five seconds, all the time."""
    times = np.arange(START + NS_PER_S, TIMES[-1], 5 * NS_PER_S, dtype=np.int64)
    zero, blank = np.zeros(times.size, dtype=np.int32), np.full(times.size, "", dtype=object)
    return LogTable(
        entities=(system.struck,), times_ns=times, entity=zero, service=zero, trace_id=blank, span_id=blank,
        line=np.full(times.size, "it failed", dtype=object), weight=np.ones(times.size),
    )  # fmt: skip
