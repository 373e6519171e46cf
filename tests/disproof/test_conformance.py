"""What every strategy must keep to, whatever it is given. A new strategy is tested here without being named."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.disproof import all_strategies
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Pattern
from compass.domain.observation import Quality, Verdict
from compass.domain.sign import SIGNS
from compass.domain.telemetry import SignalKind
from compass.domain.time import NS_PER_S, Instant, Window
from compass.ports.clock import Deadline
from compass.ports.disproof import Disproof
from compass.tables.series import SeriesTable
from tests.disproof.cases import CASES
from tests.disproof.world import (
    AFTER,
    BEFORE,
    CALLS,
    DB,
    NOW,
    ORDERS,
    START,
    STOCK,
    TIMES,
    WEB,
    FakeTelemetry,
    Track,
    at,
    board,
    change,
    errors_log,
    hypothesis,
    mechanism,
    seen,
    server_spans,
)

STRATEGIES = all_strategies()
SEVERAL = ("cpu.saturated", "pool.exhausted", "latency.up", "log.errors_up", "trace.errors_up", "no.such_sign")
each = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.id)


def run(strategy: Disproof, plan: DisproofPlan, known: Board, telemetry: FakeTelemetry) -> DisproofAttempt:
    return asyncio.run(strategy.run(plan, known, telemetry, Deadline()))


CLAIMS = ("pool.exhausted", "cpu.saturated", "memory.near_limit", "disk.full", "db.connections_near_limit")


def rich_board(claim: str = CLAIMS[0], **more) -> tuple[Board, tuple]:
    seeds = tuple(seen(sign, ORDERS, since=at(-30, 15)) for sign in SEVERAL[:-1])
    own = replace(hypothesis("cpu_saturation", ORDERS, seeds), proposed_by="model x")  # so that every strategy applies
    rival = hypothesis("other", DB, [seen("latency.up", DB)])
    changes = [change("c1", DB, -60), change("c2", None, -10), change("c3", ORDERS, 400)]
    known = board([own, rival], [*seeds, seen("latency.up", DB)], changes=changes, **more)
    wide = mechanism("cpu_saturation", *SEVERAL)
    unseen = (Pattern(signs=("cpu.throttled",)),)
    return known, (own, replace(wide, requires=(*wide.requires, Pattern(signs=(claim,))), expects=unseen))


def well_formed(strategy: Disproof, plan: DisproofPlan, attempt: DisproofAttempt) -> None:
    assert isinstance(attempt.outcome, Outcome)
    assert attempt.plan == plan.id
    assert attempt.hypothesis == plan.hypothesis
    assert attempt.strategy == strategy.id
    assert attempt.trigger == plan.arguments.change
    assert attempt.found.strip()
    assert not attempt.decisive or (attempt.quality is Quality.DIRECT and attempt.outcome is Outcome.REFUTED)
    assert len({o.id for o in attempt.observations}) == len(attempt.observations)
    assert {o.id for o in attempt.observations} <= set(attempt.observed)
    for item in attempt.observations:
        assert item.sign in SIGNS
        assert 0.0 <= item.strength <= 1.0
        assert item.strength == 0.0 or item.verdict is Verdict.ANOMALY
        assert item.text
        assert item.series
        assert item.value is None or math.isfinite(item.value.value)
        assert item.verdict is not Verdict.NORMAL or item.coverage.complete


@each
def test_plans_are_pure_stable_and_say_what_to_expect(strategy: Disproof) -> None:
    known, theory = rich_board()
    before = repr(known)
    first, second = strategy.plan(*theory, known), strategy.plan(*theory, known)
    assert first == second
    assert first
    assert repr(known) == before
    assert len({plan.id for plan in first}) == len(first)
    for plan in first:
        assert plan.strategy == strategy.id
        assert plan.hypothesis == theory[0].id
        assert plan.expectation.startswith("If ")
        assert plan.expectation.endswith(".")
        assert plan.cost > 0
        assert 0 < plan.power < 1
        assert any(e.name in plan.expectation for e in (ORDERS, WEB, DB, STOCK)) or plan.arguments.change


@each
def test_ids_stay_while_the_board_grows_and_order_does_not_matter(strategy: Disproof) -> None:
    known, theory = rich_board()
    later = [seen("cpu.up", WEB), seen("latency.up", STOCK)]
    grown = replace(known, observations={**known.observations, **{o.id: o for o in later}})
    turned = replace(
        known,
        observations=dict(reversed(known.observations.items())),
        dependencies=known.dependencies[::-1],
        changes=known.changes[::-1],
        hypotheses=dict(reversed(known.hypotheses.items())),
    )
    plans = strategy.plan(*theory, known)
    assert [p.id for p in strategy.plan(*theory, grown)] == [p.id for p in plans]
    assert strategy.plan(*theory, turned) == plans
    telemetry = FakeTelemetry()
    for plan in plans:
        assert run(strategy, plan, known, telemetry) == run(strategy, plan, turned, telemetry)


@each
def test_named_by_the_mechanism_it_counts_as_more_powerful(strategy: Disproof) -> None:
    known, (own, plain) = rich_board()
    named = replace(plain, refuters=(strategy.id,))
    for one, two in zip(strategy.plan(own, plain, known), strategy.plan(own, named, known), strict=True):
        assert two.power > one.power
        assert two.id == one.id


@each
def test_empty_boards_give_no_plan_or_no_data(strategy: Disproof) -> None:
    known, theory = rich_board()
    for empty in (Board(), board(opened=False)):
        assert strategy.plan(*theory, empty) == ()
        for plan in strategy.plan(*theory, known):
            attempt = run(strategy, plan, empty, FakeTelemetry())
            well_formed(strategy, plan, attempt)
            assert attempt.outcome is Outcome.NO_DATA


@each
def test_a_failing_source_is_no_data_never_an_error(strategy: Disproof) -> None:
    known, theory = rich_board()
    bare = replace(known, observations={})
    for plan in strategy.plan(*theory, known):
        attempt = run(strategy, plan, bare, FakeTelemetry(fails=True))
        well_formed(strategy, plan, attempt)
        assert attempt.outcome is Outcome.NO_DATA or plan.arguments.change


@each
def test_a_plan_with_nothing_in_it_is_no_error(strategy: Disproof) -> None:
    known, _ = rich_board()
    for gone in ("h-cpu_saturation-orders", "no-such-hypothesis"):
        for lost in (None, "no-such-change"):
            arguments = PlanArguments(entity=ORDERS, change=lost)
            plan = DisproofPlan(id="p", hypothesis=gone, strategy=strategy.id, arguments=arguments, expectation="e")
            well_formed(strategy, plan, run(strategy, plan, known, FakeTelemetry()))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.strategy}-{c.name}".replace(" ", "-"))
def test_known_cases_are_well_formed_and_repeat(case) -> None:
    strategy = next(s for s in STRATEGIES if s.id == case.strategy)
    for plan in strategy.plan(case.hypothesis, case.mechanism, case.board):
        first = run(strategy, plan, case.board, case.telemetry)
        well_formed(strategy, plan, first)
        assert run(strategy, plan, case.board, case.telemetry) == first


def test_absence_under_incomplete_coverage_refutes_nothing() -> None:
    for case in CASES:
        if case.outcome is Outcome.REFUTED and case.strategy in ("scope", "threshold", "similar_incident"):
            strategy = next(s for s in STRATEGIES if s.id == case.strategy)
            broken = replace(case.telemetry, complete=False, asked=[])
            cut = {
                o.id: replace(o, coverage=replace(o.coverage, truncated=True)) for o in case.board.observations.values()
            }
            for plan in strategy.plan(case.hypothesis, case.mechanism, case.board):
                attempt = run(strategy, plan, replace(case.board, observations=cut), broken)
                assert attempt.outcome is not Outcome.REFUTED, (case.strategy, case.name, attempt.found)


class RawTelemetry(FakeTelemetry):
    """Answers series with a table of its own, whatever is asked."""

    raw: SeriesTable

    async def series(self, query, *, deadline):
        return self._answer(self.raw)


nasty = st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0, -1.0, 1.0, 1e-300, 100.0])
ends = st.sampled_from([0, -(10**18), START, NOW, 10**18, 9 * 10**18, *TIMES[:5].tolist(), *TIMES[-5:].tolist()])
kinds = st.sampled_from(sorted(SignalKind))
units = st.sampled_from(["s", "%", "1", "", "{", "By/s", "ms/ms", "furlong"])
places = st.sampled_from([ORDERS, WEB, DB, STOCK, EntityRef(kind=EntityKind.POD, name="p-1", namespace="shop")])


@st.composite
def tables(draw) -> SeriesTable:
    columns = draw(st.integers(0, 40))
    if draw(st.booleans()):
        times = np.sort(np.array(draw(st.lists(ends, min_size=columns, max_size=columns)), dtype=np.int64))
    else:
        times = np.linspace(START, NOW, columns).astype(np.int64)
    chosen = draw(st.lists(st.tuples(kinds, units, places), max_size=6))
    rows = tuple(Track(entity, kind, TIMES, unit, f"m{i}").row() for i, (kind, unit, entity) in enumerate(chosen))
    cells = draw(st.lists(nasty, min_size=1, max_size=20))
    values = np.resize(np.array(cells), (len(rows), columns))
    return SeriesTable(rows=rows, times_ns=times, values=values, step_s=draw(st.sampled_from([0.0, 1e-9, 30.0, 1e9])))


@each
@settings(max_examples=25, deadline=None)
@given(
    table=tables(), onset=st.integers(-5, AFTER * 30 + 5), width=st.integers(0, 10_000), claim=st.sampled_from(CLAIMS)
)
def test_hostile_series_never_raise(strategy: Disproof, table: SeriesTable, onset: int, width: int, claim: str) -> None:
    known, theory = rich_board(claim)
    assert known.onset is not None
    known = replace(known, onset=replace(known.onset, instant=at(onset, width)))
    bare = replace(known, observations={})
    telemetry = RawTelemetry()
    telemetry.raw = table
    for plan in strategy.plan(*theory, known):
        for view in (known, bare):
            well_formed(strategy, plan, run(strategy, plan, view, telemetry))


@each
@settings(max_examples=15, deadline=None)
@given(
    numbers=st.lists(st.integers(-3, 9), min_size=4, max_size=4),
    length=st.sampled_from([-(2**62), -1, 0, 5, 2**62]),
    start=st.sampled_from([-(2**62), 0, START, NOW - NS_PER_S, 2**62]),
    weight=nasty,
)
def test_hostile_spans_and_lines_never_raise(strategy: Disproof, numbers, length, start, weight) -> None:
    spans = server_spans([(ORDERS, -60.0 + i, 0.1, i % 2 == 0) for i in range(90)])
    for name, value in zip(("service", "instance", "kind", "status"), numbers, strict=True):
        getattr(spans, name)[::3] = value
    spans.duration_ns[::4] = length
    spans.start_ns[::5] = start
    logs = errors_log(ORDERS, np.arange(-100, 100, 3))
    logs.entity[::3] = numbers[0]
    logs.weight[::2] = weight
    known, theory = rich_board()
    for plan in strategy.plan(*theory, known):
        telemetry = FakeTelemetry(span_table=spans, log_table=logs)
        well_formed(strategy, plan, run(strategy, plan, replace(known, observations={}), telemetry))


def hostile_boards() -> list[Board]:
    known, _ = rich_board()
    assert known.incident is not None
    assert known.onset is not None
    far = [replace(c, at=Instant(ns=ns, uncertainty_ns=u)) for c, ns, u in zip(
        known.changes, (-(2**62), 2**62, 0), (0, 2**61, 0), strict=True)]  # fmt: skip
    ring = ((WEB, ORDERS), (ORDERS, WEB), (ORDERS, ORDERS))
    nobody = replace(known, dependencies=())
    odd = {key: replace(o, strength=math.nan, since=Instant(ns=2**62)) for key, o in known.observations.items()}
    return [
        replace(known, changes=tuple(far)),
        rich_board(calls=ring)[0],
        nobody,
        replace(known, containment={ORDERS: WEB, WEB: ORDERS, DB: DB}),
        replace(known, observations=odd),
        replace(known, onset=replace(known.onset, instant=Instant(ns=START))),
        replace(known, onset=replace(known.onset, instant=Instant(ns=NOW))),
        replace(known, onset=replace(known.onset, instant=Instant(ns=2**62))),
        replace(known, incident=replace(known.incident, window=Window(start_ns=NOW, end_ns=NOW))),
        replace(known, incident=replace(known.incident, service="nobody-knows")),
        replace(known, incident=replace(known.incident, service=None)),
    ]


@each
@pytest.mark.parametrize("number", range(len(hostile_boards())))
def test_hostile_boards_never_raise(strategy: Disproof, number: int) -> None:
    known = hostile_boards()[number]
    _, theory = rich_board()
    tracks = (
        Track(ORDERS, SignalKind.CPU, np.full(BEFORE + AFTER, 3.0), "%"),
        Track(WEB, SignalKind.LATENCY, np.full(BEFORE + AFTER, 3.0)),
    )
    for plan in strategy.plan(*theory, known):
        well_formed(strategy, plan, run(strategy, plan, known, FakeTelemetry(tracks)))


def test_calls_of_the_made_up_system_hold_no_cycle() -> None:
    assert not set(CALLS) & {(b, a) for a, b in CALLS}
