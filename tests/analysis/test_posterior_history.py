"""History is a visible, capped part of the prior: it enters once and goes with a refutation."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.analysis.history import CAP
from compass.analysis.likelihood import load_assumed
from compass.analysis.posterior import update
from compass.domain.hypothesis import Hypothesis
from compass.domain.learned import HistoryCount
from compass.domain.posterior import Evidence, Posterior
from compass.domain.proposed import BY_MEMORY
from tests.support.boards import LEDGER, ORDERS, WEB, account, theory

TABLE = load_assumed()
POOL, DISK = theory("pool", ORDERS, "H1"), theory("disk", LEDGER, "H2")
MECHANISMS = {"pool": ("pools", 1.0), "disk": ("disk", 1.0), "dns": ("dns", 1.0)}


def believed(*evidence: Evidence, heads: tuple[Hypothesis, ...] = (POOL, DISK), **counts: HistoryCount) -> Posterior:
    history = {h.id: counts[h.mechanism] for h in heads if h.mechanism in counts}
    return update([account(h) for h in heads], {h.id: h for h in heads}, MECHANISMS, evidence, TABLE, history=history)


def odds(found: Posterior) -> float:
    return math.log(found.accounts[f"a-{POOL.id}"] / found.accounts[f"a-{DISK.id}"])


def count(right: float, wrong: float) -> HistoryCount:
    return HistoryCount(mechanism="pool", entity=ORDERS, right=right, wrong=wrong, lessons=("#4/resolved/for",))


@given(st.floats(0, 100), st.floats(0, 100))
def test_it_moves_the_odds_by_the_ratio_of_counts_within_the_cap(right: float, wrong: float) -> None:
    moved = odds(believed(pool=count(right, wrong))) - odds(believed())
    assert moved == pytest.approx(max(-CAP, min(CAP, math.log((1 + right) / (1 + wrong)))), abs=1e-9)


def test_it_is_a_term_with_words_and_the_lessons_behind_it() -> None:
    (term,) = [t for t in believed(pool=count(2.0, 0.0)).terms if t.group == "history"]
    assert term.account == f"a-{POOL.id}"
    assert term.because == ("#4/resolved/for",)
    assert "it was it 2.0 times (#4)" in term.text


def test_a_decisive_refutation_takes_it_along() -> None:
    refuted = Evidence(
        id="e", group="g", kind="refuted", log_likelihood={POOL.id: -7.0}, because="normal", link=POOL.id
    )
    with_history, without = believed(refuted, pool=count(50.0, 0.0)), believed(refuted)
    assert with_history.accounts == pytest.approx(without.accounts)
    assert not [t for t in with_history.terms if t.group == "history"]


def test_what_a_past_incident_proposes_weighs_as_little_as_all_that_was_not_seen() -> None:
    """Until something that it requires is seen here it stands where "not on this list" had it."""
    past = replace(theory("dns", WEB, "H3"), proposed_by=f"{BY_MEMORY}#4")
    own = believed(heads=(POOL, DISK))
    beside = believed(heads=(POOL, DISK, past))
    assert odds(beside) == pytest.approx(odds(own))
    both = beside.not_listed + beside.accounts[f"a-{past.id}"]
    assert both == pytest.approx(own.not_listed)
    seen = Evidence(id="e", group="g", kind="required", log_likelihood={past.id: 2.0}, because="seen", rests_on=("o",))
    after = believed(seen, heads=(POOL, DISK, past))
    assert after.accounts[f"a-{past.id}"] > 5 * beside.accounts[f"a-{past.id}"]
