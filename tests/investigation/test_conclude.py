"""Every way an investigation can end: status, code, words and what is stored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.briefed import Discounted
from compass.domain.commanded import Decided
from compass.domain.disproof import Outcome
from compass.domain.failure import ExitCode, FailureMode, Status
from compass.domain.observation import Quantity, Verdict
from compass.domain.sign import CRITICAL
from compass.domain.telemetry import Health, HealthStatus
from compass.investigation.conclude import MOST_LISTED, conclude
from compass.investigation.moves import BUDGET_REACHED
from compass.investigation.settings import Limits
from tests.support.boards import HEALTHY, ORDERS, WEB, attempt, believed, board, plan, posterior, seen, theory
from tests.support.knowing import about, normal

POOL, SLOW = theory("pool", ORDERS, "H1"), theory("slow", WEB, "H2")
ODD = seen("memory.up", ORDERS, 0.7, text="memory of orders 900 MiB")
FINE = seen("latency.up", WEB, verdict=Verdict.NORMAL)


def ending(held: Board, reason: str = "no informative plan left", limits: Limits | None = None) -> list[c.Payload]:
    return [payload for _, payload in conclude(held, reason, limits or Limits())]


def ended(payloads: list[c.Payload]) -> c.Ended:
    return next(p for p in payloads if isinstance(p, c.Ended))


def declared(payloads: list[c.Payload]) -> list[FailureMode]:
    return [p.mode for p in payloads if isinstance(p, c.FailureDeclared)]


def test_a_working_theory_is_named_with_its_belief_and_never_as_more() -> None:
    payloads = ending(believed({POOL: 0.7, SLOW: 0.1}, observations=(ODD,)))
    assert ended(payloads) == c.Ended(status=Status.DONE, exit_code=0, said="working theory: H1 pool at orders (70%)")
    assert declared(payloads) == []


def test_when_not_on_this_list_leads_it_says_so_and_is_inconclusive() -> None:
    result = ended(ending(believed({POOL: 0.2}, observations=(ODD,))))
    assert (result.status, result.exit_code) == (Status.INCONCLUSIVE, 3)
    assert "“Not on this list” leads with 80%" in result.said
    assert "H1 pool at orders (20%)" in result.said


def test_no_hypothesis_gives_the_observations_best_first_and_an_unsolved_pattern() -> None:
    stronger = seen("traffic.up", WEB, 0.9, text="traffic of web doubled")
    payloads = ending(board((ODD, stronger, FINE), posterior=posterior({})))
    assert declared(payloads) == [FailureMode.NO_HYPOTHESIS]
    assert c.UnsolvedPattern(signs=("memory.up", "traffic.up"), entities=(ORDERS, WEB)) in payloads
    said = ended(payloads).said
    assert said.index("traffic of web doubled") < said.index("memory of orders 900 MiB")
    assert ended(payloads).exit_code == ExitCode.INCONCLUSIVE


def test_no_incident_when_nothing_is_abnormal_whatever_was_believed() -> None:
    for believes in (None, posterior({}, no_incident=0.4)):
        payloads = ending(board((FINE,), posterior=believes))
        assert declared(payloads) == [FailureMode.NO_INCIDENT]
        assert ended(payloads).status is Status.DONE
        assert "1 signals of 1 parts were checked and are normal (latency)" in ended(payloads).said


def test_no_incident_when_that_is_the_likeliest_of_all() -> None:
    likeliest = believed({POOL: 0.2}, observations=(ODD, FINE))
    assert declared(ending(replace(likeliest, posterior=posterior({"a": 0.2}, 0.6)))) == [FailureMode.NO_INCIDENT]
    assert declared(ending(replace(likeliest, posterior=posterior({f"a-{POOL.id}": 0.5}, 0.4)))) == []


def refuted(*attempts: object, beliefs: dict[object, float] | None = None, **parts: object) -> Board:
    heads = beliefs or {POOL: 0.1, SLOW: 0.05}
    given = {a.plan: a for a in attempts}  # type: ignore[attr-defined]
    return believed(heads, observations=(ODD,), attempts=given, **parts)  # type: ignore[arg-type]


def test_all_disproven_lists_each_with_what_refuted_it_and_names_blind_spots() -> None:
    blind = (
        *HEALTHY,
        Health(source="t", part="probes", status=HealthStatus.NOT_CONNECTED, hides="whether ports answer"),
    )
    held = refuted(attempt(POOL, Outcome.REFUTED), attempt(SLOW, Outcome.REFUTED, "time_order"), health=blind)
    payloads = ending(held)
    assert declared(payloads) == [FailureMode.ALL_HYPOTHESES_DISPROVEN]
    said = ended(payloads).said
    assert "H1 pool at orders: scope refuted pool; H2 slow at web: time_order refuted slow" in said
    assert "look by hand at probes: whether ports answer" in said
    gap = c.GapNamed(gap="probes not connected", hides="whether ports answer", suggestion="connect probes")
    assert gap in payloads
    assert ended(payloads).exit_code == 3
    everything = ending(replace(held, health=HEALTHY))
    assert "look by hand at what no source covers" in ended(everything).said


def test_of_several_refutations_the_decisive_one_is_told() -> None:
    weak = attempt(POOL, Outcome.REFUTED, "a")
    strong = attempt(POOL, Outcome.REFUTED, "b", decisive=True, found="the gauge stayed at 3 %")
    said = ended(ending(refuted(weak, strong, beliefs={POOL: 0.1}))).said
    assert "the gauge stayed at 3 %" in said
    assert "a refuted pool" not in said


def test_a_theory_that_nobody_refuted_is_not_eliminated() -> None:
    half = refuted(attempt(POOL, Outcome.REFUTED), attempt(SLOW, Outcome.SURVIVED))
    assert declared(ending(half)) == []
    trigger_only = refuted(attempt(POOL, Outcome.REFUTED, trigger="deploy-1"), beliefs={POOL: 0.1})
    assert declared(ending(trigger_only)) == [], "that a change did not set it off says nothing about the theory"
    still_leading = refuted(attempt(POOL, Outcome.REFUTED), beliefs={POOL: 0.6})
    assert ended(ending(still_leading)).status is Status.DONE


def test_a_long_list_of_refuted_theories_is_counted_not_recited() -> None:
    heads = {theory(f"m{i}", ORDERS, f"H{i}"): 0.001 for i in range(MOST_LISTED + 4)}
    held = refuted(*(attempt(head, Outcome.REFUTED) for head in heads), beliefs=heads)  # type: ignore[arg-type]
    assert "and 4 more" in ended(ending(held)).said


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (board(health=(Health(source="t", part="changes", status=HealthStatus.OK),)), "No source of metrics"),
        (board((seen("latency.up", WEB, verdict=Verdict.UNKNOWN),)), "Nothing could be measured"),
        (board(), "Nothing could be measured"),
    ],
)
def test_without_data_it_never_reports_success(held: Board, said: str) -> None:
    payloads = ending(held)
    assert declared(payloads) == [FailureMode.SOURCE_LOST]
    assert (ended(payloads).status, ended(payloads).exit_code) == (Status.FAILED, 1)
    assert said in ended(payloads).said


def test_a_stop_is_a_stop_whatever_was_found() -> None:
    for held in (Board(), board((ODD,)), believed({POOL: 0.9}, observations=(ODD,))):
        payloads = ending(replace(held, stop_requested=True), "stopped by a human")
        assert ended(payloads) == c.Ended(status=Status.STOPPED, exit_code=130, said="stopped by a human")
        assert declared(payloads) == []
        assert not any(isinstance(p, Decided) for p in payloads), "a person decided it; the policy did not"


def test_a_reached_budget_is_told_with_figures_and_stored_as_a_decision() -> None:
    spent = plan(POOL, cost=3.0)
    held = believed(
        {POOL: 0.5, SLOW: 0.2}, observations=(ODD,), plans={spent.id: spent},
        attempts={spent.id: attempt(POOL, Outcome.SURVIVED)}, steps_done=frozenset({("a", "s")}),
    )  # fmt: skip
    payloads = ending(held, BUDGET_REACHED, Limits(work=4))
    said = "The work budget is spent: 4 units done of 4, 0 left. What remains to be done: attempts to refute H2."
    assert c.FailureDeclared(mode=FailureMode.BUDGET_REACHED, said=said) in payloads
    assert ("stop spending", "policy:unattended", said) in [
        (p.decision, p.by, p.because) for p in payloads if isinstance(p, Decided) and p.record is not None
    ]
    assert ended(payloads).status is Status.DONE, "the exit code is that of what was found"


def test_every_ending_has_keys_of_its_own() -> None:
    """An investigation that is taken up again ends again: idempotent keys must not swallow that."""
    held = believed({POOL: 0.7}, observations=(ODD,))
    keys = [
        {key for key, _ in conclude(replace(held, round=number, reopened=reopened), "done", Limits())}
        for number, reopened in ((1, 0), (1, 1), (2, 1))
    ]
    assert not keys[0] & keys[1]
    assert not keys[1] & keys[2]


def test_no_incident_says_what_the_team_s_word_left_out() -> None:
    slow = seen("latency.up", WEB)
    aside = {slow.id: Discounted(observation=slow, entry=normal(about("latency.up")))}
    held = board((seen("errors.up", WEB, verdict=Verdict.NORMAL),), discounted=aside)
    payloads = ending(held)
    assert declared(payloads) == [FailureMode.NO_INCIDENT]
    assert "1 abnormal one the team calls normal or a false alarm" in ended(payloads).said


@pytest.mark.parametrize(("lines", "mode"), [(3.0, FailureMode.NO_HYPOTHESIS), (0.0, FailureMode.NO_INCIDENT)])
def test_a_critical_error_is_not_hidden_by_no_incident(lines: float, mode: FailureMode) -> None:
    line = replace(seen(CRITICAL, WEB, text="web: corruption, 3 lines"), value=Quantity(value=lines))
    held = board((line, seen("errors.up", WEB, verdict=Verdict.NORMAL)), posterior=posterior({}, 0.9))
    payloads = ending(held)
    assert declared(payloads) == [mode]
    assert (ended(payloads).status is Status.INCONCLUSIVE) is (lines > 0)
