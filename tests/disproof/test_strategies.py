"""Every strategy on cases with a known answer. A strategy that never refutes anything here fails."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from compass.disproof import all_strategies, by_id
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome
from compass.domain.mechanism import Pattern, Relation
from compass.domain.observation import Quality
from compass.domain.telemetry import SignalKind
from compass.domain.time import NS_PER_S
from compass.ports.clock import Deadline
from tests.analysis.span_tables import Spans
from tests.disproof.cases import CASES
from tests.disproof.making import Case
from tests.disproof.world import (
    DB,
    ORDERS,
    START,
    STOCK,
    TIMES,
    WEB,
    FakeTelemetry,
    Track,
    at,
    board,
    hypothesis,
    mechanism,
    noisy,
    seen,
)

STRATEGIES = by_id()


def plan_of(case: Case) -> DisproofPlan:
    plans = STRATEGIES[case.strategy].plan(case.hypothesis, case.mechanism, case.board)
    return next(p for p in plans if p.arguments.change == case.trigger)


def attempt_of(case: Case) -> DisproofAttempt:
    return asyncio.run(STRATEGIES[case.strategy].run(plan_of(case), case.board, case.telemetry, Deadline()))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.strategy}-{c.name}".replace(" ", "-"))
def test_known_answer(case: Case) -> None:
    attempt = attempt_of(case)
    assert attempt.outcome is case.outcome, attempt.found
    assert attempt.decisive is case.decisive
    assert attempt.trigger == case.trigger
    assert case.says in attempt.found
    if attempt.decisive:
        assert attempt.quality is Quality.DIRECT


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_strategy_refutes_survives_and_lacks_data_somewhere(strategy: str) -> None:
    outcomes: dict[str, set[Outcome]] = defaultdict(set)
    for case in CASES:
        if case.strategy == strategy:
            outcomes[strategy].add(attempt_of(case).outcome)
    wanted = {Outcome.REFUTED, Outcome.SURVIVED, Outcome.AMBIGUOUS}
    assert wanted <= outcomes[strategy]
    # `alternative` plans nothing unless its findings are on the board, so it lacks data only when they are gone later
    assert Outcome.NO_DATA in outcomes[strategy] or strategy == "alternative"


def test_numbers_and_names_stand_in_what_was_found() -> None:
    for case in CASES:
        attempt = attempt_of(case)
        if attempt.outcome in (Outcome.REFUTED, Outcome.SURVIVED):
            named = case.hypothesis.entity.name in attempt.found
            assert named or any(ch.isdigit() for ch in attempt.found), attempt.found


def test_the_strategies_are_found_without_a_list() -> None:
    assert [s.id for s in all_strategies()] == [
        "alternative", "baseline", "correlation", "dependency_direction", "prediction", "scope", "similar_incident",
        "threshold", "time_order",
    ]  # fmt: skip


@pytest.mark.parametrize(("gap", "counts"), [(slice(0, 60), True), (slice(130, 140), False)])
def test_a_gap_before_the_onset_hides_nothing_after_it(gap: slice, counts: bool) -> None:
    """Scope needs the callers' normality: a hole an hour ago leaves it known, one after the onset does not."""
    values = noisy(0.1, 0.004, 1)
    values[gap] = np.nan
    telemetry = GappyTelemetry(tuple(Track(entity, SignalKind.LATENCY, values) for entity in (WEB, ORDERS)))
    own, strategy = hypothesis(), STRATEGIES["scope"]
    known = board([own])
    (plan,) = strategy.plan(own, mechanism(), known)
    attempt = asyncio.run(strategy.run(plan, known, telemetry, Deadline()))
    assert (attempt.outcome is Outcome.REFUTED) is counts, attempt.found
    assert all(o.coverage.complete for o in attempt.observations) is counts


class GappyTelemetry(FakeTelemetry):
    """Says that something is missing, as a source does that has a hole in its window."""

    async def series(self, query, *, deadline):
        answer = await FakeTelemetry.series(self, query, deadline=deadline)
        return replace(answer, coverage=replace(answer.coverage, missing=("no metrics for some minutes",)))


def test_a_mechanism_that_nobody_feels_is_not_refuted_by_callers_that_feel_nothing() -> None:
    own, known = hypothesis(), board([hypothesis()])
    silent = mechanism("wrong_results", "log.path_changed", expects=())
    assert STRATEGIES["scope"].plan(own, silent, known) == ()
    assert len(STRATEGIES["scope"].plan(own, mechanism(), known)) == 1


def _scope(telemetry: FakeTelemetry, *expected_of_callers: str) -> DisproofAttempt:
    patterns = (Pattern(signs=expected_of_callers, at=Relation.CALLER),)
    own, strategy = hypothesis(), STRATEGIES["scope"]
    known = board([own])
    (plan,) = strategy.plan(own, mechanism(expects=patterns), known)
    return asyncio.run(strategy.run(plan, known, telemetry, Deadline()))


def test_fast_callers_clear_nothing_that_makes_them_fail() -> None:
    fast = Track(WEB, SignalKind.LATENCY, noisy(0.1, 0.004, 1))
    failing = Track(WEB, SignalKind.SUCCESS, noisy(0.99, 0.002, 2, jump=-0.4), unit="1")
    itself = Track(ORDERS, SignalKind.LATENCY, noisy(0.05, 0.002, 3))
    assert _scope(FakeTelemetry((fast, itself)), "latency.up").outcome is Outcome.REFUTED
    assert _scope(FakeTelemetry((fast,)), "errors.up").outcome is Outcome.NO_DATA
    assert _scope(FakeTelemetry((fast, failing)), "errors.up").outcome is Outcome.SURVIVED


def test_a_success_ratio_that_never_left_zero_measures_nothing() -> None:
    dead = Track(WEB, SignalKind.SUCCESS, np.zeros(TIMES.size), unit="1")
    assert _scope(FakeTelemetry((dead,)), "errors.up").outcome is Outcome.NO_DATA


@pytest.mark.parametrize(("status", "known"), [("unset", False), ("ok", True)])
def test_spans_without_an_outcome_do_not_show_that_requests_succeed(status: str, known: bool) -> None:
    spans = Spans()
    for step in range(TIMES.size):
        spans.add(
            f"t{step}", "web", "GET /", (START / NS_PER_S + 30 * step + 1) * 1000, 20, kind="server", status=status
        )
    table = replace(spans.table(), entities=(WEB,))
    attempt = _scope(FakeTelemetry(span_table=table), "errors.up")
    # known: they succeed, but how much of what they do comes to the suspected service is not
    assert attempt.outcome is (Outcome.AMBIGUOUS if known else Outcome.NO_DATA), attempt.found


@pytest.mark.parametrize(("strength", "outcome"), [(1.5, Outcome.AMBIGUOUS), (9.0, Outcome.REFUTED)])
def test_nothing_is_late_for_an_onset_guessed_from_a_faint_step(strength: float, outcome: Outcome) -> None:
    case = next(c for c in CASES if c.name == "sign surely after the onset")
    onset = replace(case.board.onset, method="split scan", strength=strength)
    attempt = attempt_of(replace(case, board=replace(case.board, onset=onset)))
    assert attempt.outcome is outcome, attempt.found


def test_where_nobody_is_named_a_cause_is_late_only_for_what_it_could_explain() -> None:
    """Something unrelated moved first; the sign precedes the symptom of the one who depends on it."""
    seed = seen("cpu.saturated", ORDERS, since=at(200, 15))
    own = hypothesis("cpu_saturation", ORDERS, [seed])
    symptom = seen("latency.up", WEB, since=at(230, 15))
    strategy = STRATEGIES["time_order"]
    for observations, outcome in (([seed, symptom], Outcome.SURVIVED), ([seed], Outcome.REFUTED)):
        known = board([own], observations, paged=None)
        plan = strategy.plan(own, mechanism("cpu_saturation", "cpu.saturated"), known)[0]
        attempt = asyncio.run(strategy.run(plan, known, FakeTelemetry(), Deadline()))
        assert attempt.outcome is outcome, attempt.found


def test_logs_with_a_gap_do_not_date_a_beginning() -> None:
    seed = seen("log.novel", ORDERS, since=at(300, 15), complete=False)
    own = hypothesis("regression", ORDERS, [seed])
    known, strategy = board([own], [seed]), STRATEGIES["time_order"]
    plan = strategy.plan(own, mechanism("regression", "log.novel"), known)[0]
    attempt = asyncio.run(strategy.run(plan, known, FakeTelemetry(), Deadline()))
    assert attempt.outcome is Outcome.AMBIGUOUS, attempt.found


def test_dose_and_response_are_sought_where_the_symptom_is_clearest() -> None:
    """Nobody is named: of two callers the one that is hit is asked, not the first by name."""
    seed = seen("cpu.saturated", DB)
    own = hypothesis("cpu_saturation", DB, [seed])
    known = board([own], [seed, seen("latency.up", STOCK)], paged=None)
    (plan,) = STRATEGIES["correlation"].plan(own, mechanism("cpu_saturation", "cpu.saturated"), known)
    assert plan.arguments.peers == (STOCK,)
