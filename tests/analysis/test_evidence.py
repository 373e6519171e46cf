from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from compass.analysis.evidence import (
    NO_TRIGGER_FLOOR,
    evidence_of_attempts,
    evidence_of_incident,
    evidence_of_triggers,
    trigger_weights,
)
from compass.analysis.likelihood import load_assumed
from compass.analysis.posterior import NO_INCIDENT
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.hypothesis import NO_CHANGE, Account, TriggerOption
from compass.domain.observation import Quality, Verdict
from tests.disproof.world import DB, ORDERS, WEB, board, change, hypothesis, mechanism, seen

TABLE = load_assumed()
THEORY = hypothesis("cpu_saturation", ORDERS)
FAMILIES = {"cpu_saturation": ("resource", 1.0)}


def attempt(outcome: Outcome, *, plan: str = "p", trigger: str | None = None, quality: Quality = Quality.DIRECT,
            decisive: bool = False, strategy: str = "scope", **more) -> DisproofAttempt:  # fmt: skip
    return DisproofAttempt(
        plan=plan,
        hypothesis=THEORY.id,
        strategy=strategy,
        outcome=outcome,
        found=f"{outcome.value} by {plan}",
        quality=quality,
        decisive=decisive,
        trigger=trigger,
        **more,
    )


def evidence(*attempts: DisproofAttempt):
    return evidence_of_attempts(board([THEORY], attempts=attempts), FAMILIES, TABLE)


def test_refuted_counts_against_survived_counts_for_the_rest_moves_nothing() -> None:
    for outcome in Outcome:
        found = evidence(attempt(outcome))
        if outcome in (Outcome.AMBIGUOUS, Outcome.NO_DATA):
            assert found == ()
        else:
            (only,) = found
            assert only.kind == outcome.value
            assert only.because == f"{outcome.value} by p"
            assert (only.log_likelihood[THEORY.id] < 0) is (outcome is Outcome.REFUTED)
            assert only.log_likelihood[THEORY.id] != 0


def test_a_decisive_refutation_cuts_and_needs_direct_quality() -> None:
    (cut,) = evidence(attempt(Outcome.REFUTED, decisive=True))
    assert cut.link == THEORY.id
    assert cut.log_likelihood[THEORY.id] == TABLE.decisive_floor
    (weak,) = evidence(attempt(Outcome.REFUTED, decisive=True, quality=Quality.INDIRECT))
    assert weak.link is None
    assert weak.log_likelihood[THEORY.id] > TABLE.decisive_floor
    (survived,) = evidence(attempt(Outcome.SURVIVED, decisive=True))
    assert survived.link is None


def test_attempts_on_triggers_and_on_unknown_theories_are_not_evidence_of_a_theory() -> None:
    assert evidence(attempt(Outcome.REFUTED, trigger="c1")) == ()
    assert evidence(replace(attempt(Outcome.REFUTED), hypothesis="gone")) == ()


def test_it_rests_on_what_it_used_and_made() -> None:
    made = seen("latency.up", WEB)
    (only,) = evidence(attempt(Outcome.REFUTED, observed=("o2", "o1"), observations=(made,)))
    assert only.rests_on == tuple(sorted(("o1", "o2", made.id)))


def incident_value(known: Board) -> float:
    return math.fsum(e.log_likelihood[NO_INCIDENT] for e in evidence_of_incident(known, TABLE))


def test_a_symptom_at_the_paged_service_speaks_against_no_incident_more_than_one_elsewhere() -> None:
    here = incident_value(board(observations=[seen("latency.up", WEB)]))
    there = incident_value(board(observations=[seen("latency.up", DB)]))
    assert here < there < 0
    assert incident_value(board(observations=[seen("latency.up", WEB, strength=0.1)])) > here


def test_only_complete_normality_speaks_for_no_incident() -> None:
    normal = [seen(sign, WEB, verdict=Verdict.NORMAL) for sign in ("latency.up", "errors.up")]
    assert incident_value(board(observations=normal)) > 0
    cut = [seen(sign, WEB, verdict=Verdict.NORMAL, complete=False) for sign in ("latency.up", "errors.up")]
    assert incident_value(board(observations=cut)) == 0
    assert incident_value(board(observations=normal[:1])) == 0
    quiet = [seen(sign, WEB, verdict=Verdict.NORMAL) for sign in ("log.errors_up", "k8s.unready", "traffic.down")]
    assert incident_value(board(observations=quiet)) == 0  # none of these was measured on requests
    assert incident_value(board(observations=[*normal, seen("success.down", WEB)])) < 0
    assert incident_value(board()) == 0
    assert incident_value(Board()) == 0


def told(sign: str, entity=WEB, series: str = "page"):
    return seen(sign, entity, series=series)


def test_that_the_page_or_its_alert_says_so_moves_nothing() -> None:
    assert incident_value(board(observations=[told("latency.up"), told("latency.up", series="alert|P95|web")])) == 0
    assert incident_value(board(observations=[told("latency.up", DB, series="alert|P95|db")])) < 0


def test_a_complaint_is_answered_only_by_what_would_show_it() -> None:
    normal = {
        sign: seen(sign, WEB, verdict=Verdict.NORMAL) for sign in ("client_latency.up", "errors.up", "traffic.down")
    }
    asked = [told("latency.up"), normal["errors.up"], normal["traffic.down"]]
    assert incident_value(board(observations=asked)) == 0
    assert incident_value(board(observations=[*asked, normal["client_latency.up"]])) > 0
    assert incident_value(board(observations=[*asked[1:], told("success.down")])) > 0


def account(*options: TriggerOption) -> Account:
    return Account(id="A:h", head=THEORY.id, links=(), triggers=options)


HALF = account(TriggerOption(change="c1", weight=0.6), TriggerOption(change=NO_CHANGE, weight=0.4))


def test_a_refuted_trigger_is_nearly_nothing_and_says_why() -> None:
    refuted = trigger_weights(HALF, [attempt(Outcome.REFUTED, trigger="c1")], TABLE)
    by_change = {t.change: t for t in refuted}
    assert by_change["c1"].weight < 0.01
    assert by_change["c1"].refuted == "refuted by p"
    assert by_change[NO_CHANGE].weight > 0.99
    indirect = trigger_weights(HALF, [attempt(Outcome.REFUTED, trigger="c1", quality=Quality.INDIRECT)], TABLE)
    assert {t.change: t.weight for t in indirect}["c1"] > by_change["c1"].weight


def test_a_surviving_trigger_gains_and_a_refutation_outweighs_it() -> None:
    base = {t.change: t.weight for t in trigger_weights(HALF, [], TABLE)}
    assert base == pytest.approx({"c1": 0.6, NO_CHANGE: 0.4})
    more = {t.change: t.weight for t in trigger_weights(HALF, [attempt(Outcome.SURVIVED, trigger="c1")], TABLE)}
    assert more["c1"] > base["c1"]
    both = [attempt(Outcome.SURVIVED, trigger="c1", plan="p1"), attempt(Outcome.REFUTED, trigger="c1", plan="p2")]
    assert {t.change: t.weight for t in trigger_weights(HALF, both, TABLE)}["c1"] < 0.01


def test_attempts_on_other_heads_or_other_changes_move_no_trigger() -> None:
    others = [
        attempt(Outcome.REFUTED, trigger="c9", plan="p1"),
        attempt(Outcome.REFUTED, plan="p2"),
        replace(attempt(Outcome.REFUTED, trigger="c1", plan="p3"), hypothesis="other"),
    ]
    assert trigger_weights(HALF, others, TABLE) == trigger_weights(HALF, [], TABLE)


@given(
    raw=st.dictionaries(st.sampled_from(["c1", "c2", "c3", NO_CHANGE]), st.floats(allow_nan=True), max_size=4),
    drawn=st.lists(
        st.tuples(st.sampled_from(list(Outcome)), st.sampled_from(["c1", "c2", "none", None]),
                  st.sampled_from(list(Quality))), max_size=6),
    seed=st.randoms(),
)  # fmt: skip
@example(raw={"c1": -1.0, "c2": -3.2e42, "none": -1.8e-266}, drawn=[], seed=random.Random(1))
@settings(max_examples=100, deadline=None)
def test_trigger_weights_always_sum_to_one_whatever_the_order(raw, drawn, seed) -> None:
    own = account(*(TriggerOption(change=key, weight=value) for key, value in raw.items()))
    attempts = [attempt(o, plan=f"p{i}", trigger=t, quality=q) for i, (o, t, q) in enumerate(drawn)]
    found = trigger_weights(own, attempts, TABLE)
    assert math.fsum(t.weight for t in found) == pytest.approx(1.0)
    assert {t.change for t in found} == {*raw, NO_CHANGE}
    seed.shuffle(attempts)
    assert trigger_weights(own, attempts, TABLE) == found


def no_trigger_value(none: float, *required: str, changes: tuple[str, ...] = ("c1",)) -> float:
    """What the evidence of triggers says about THEORY, "no change" having the weight `none`."""
    options = (TriggerOption(change="c1", weight=1 - none), TriggerOption(change=NO_CHANGE, weight=none))
    known = board([THEORY], changes=[change(key, ORDERS, -60) for key in changes])
    known = replace(known, accounts=(account(*options),))
    found = evidence_of_triggers(known, {THEORY.mechanism: mechanism(THEORY.mechanism, *required)})
    assert all(e.kind == "trigger" and set(e.log_likelihood) == {THEORY.id} for e in found)
    return math.fsum(e.log_likelihood[THEORY.id] for e in found)


def test_a_theory_of_a_change_is_worth_the_chance_that_a_recorded_change_did_it() -> None:
    assert no_trigger_value(0.5, "change.pool_shrunk") == pytest.approx(math.log(0.5))
    assert no_trigger_value(0.9, "change.pool_shrunk") == pytest.approx(math.log(0.1))
    assert no_trigger_value(0.0, "change.pool_shrunk") == 0


def test_where_every_recorded_change_is_cleared_a_trace_remains() -> None:
    assert no_trigger_value(1.0, "change.pool_shrunk") == NO_TRIGGER_FLOOR


def test_triggers_say_nothing_of_other_theories_and_nothing_where_no_change_is_recorded() -> None:
    assert no_trigger_value(1.0, "cpu.saturated") == 0
    assert no_trigger_value(1.0, "change.pool_shrunk", "pool.limit_down") == 0  # the limit alone shows it, too
    assert no_trigger_value(1.0, "change.pool_shrunk", changes=()) == 0
