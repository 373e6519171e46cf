"""What a language model proposes divides "not on this list" and touches nothing else, however much it is."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.likelihood import LikelihoodTable, load_assumed, load_table
from compass.analysis.posterior import prior_masses, update
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Account, Hypothesis
from compass.domain.posterior import Evidence, Posterior
from compass.domain.time import Instant

TABLES = (load_assumed(), load_table())
MECHANISMS = {f"m{i}": ("family", 1.0 + i) for i in range(6)}
tables = st.sampled_from(TABLES)
leads = st.floats(0.01, 1.0)


def hypothesis(key: str, mechanism: str, lead: float, by: str) -> Hypothesis:
    return Hypothesis(
        id=key, label=key, mechanism=mechanism, entity=EntityRef(kind=EntityKind.SERVICE, name=key),
        onset=Instant(ns=0), proposed_by=by, suggested_by=frozenset(), lead=lead,
    )  # fmt: skip


@st.composite
def theories(draw: st.DrawFn, by: str, prefix: str, least: int, most: int) -> dict[str, Hypothesis]:
    """Several of one mechanism, mechanisms of the catalogue and such as it does not have."""
    count = draw(st.integers(least, most))
    kinds = st.sampled_from([*MECHANISMS, "stated.1", "stated.2"] if by != "engine" else [*MECHANISMS])
    return {f"{prefix}{i}": hypothesis(f"{prefix}{i}", draw(kinds), draw(leads), by) for i in range(count)}


@st.composite
def weighed(draw: st.DrawFn, heads: dict[str, Hypothesis]) -> list[Evidence]:
    values = st.floats(-8, 8)
    return [
        Evidence(id=f"e-{key}", group=key, kind="expected", log_likelihood={key: draw(values)}, because="b")
        for key in sorted(heads)
    ]


def believed(heads: dict[str, Hypothesis], evidence: list[Evidence], table: LikelihoodTable) -> Posterior:
    accounts = [Account(id=f"A:{key}", head=key, links=(), triggers=()) for key in heads]
    return update(accounts, heads, MECHANISMS, evidence, table)


@given(theories("engine", "h", 1, 8), theories("model x", "p", 0, 12), tables, st.data())
@settings(max_examples=150, deadline=None)
def test_proposals_without_evidence_leave_everything_else_as_it_was(
    own: dict[str, Hypothesis], proposed: dict[str, Hypothesis], table: LikelihoodTable, data: st.DataObject
) -> None:
    evidence = data.draw(weighed(own))
    before, after = believed(own, evidence, table), believed({**own, **proposed}, evidence, table)
    for key, belief in before.accounts.items():
        assert after.accounts[key] == pytest.approx(belief, rel=1e-6, abs=1e-12)
    assert after.no_incident == pytest.approx(before.no_incident, rel=1e-6)
    named = math.fsum(after.accounts[f"A:{key}"] for key in proposed)
    assert after.not_listed + named == pytest.approx(before.not_listed, rel=1e-6)


@given(theories("engine", "h", 2, 8), theories("model x", "p", 1, 12), tables, st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_speaks_for_proposals_the_odds_between_engine_accounts_stay(
    own: dict[str, Hypothesis], proposed: dict[str, Hypothesis], table: LikelihoodTable, data: st.DataObject
) -> None:
    evidence, more = data.draw(weighed(own)), data.draw(weighed(proposed))
    before = believed(own, evidence, table)
    after = believed({**own, **proposed}, [*evidence, *more], table)
    first, *others = sorted(before.accounts)
    for key in others:
        odds = math.log(before.accounts[key]) - math.log(before.accounts[first])
        assert math.log(after.accounts[key]) - math.log(after.accounts[first]) == pytest.approx(odds, abs=1e-9)


@given(theories("engine", "h", 0, 8), theories("model x", "p", 1, 30), tables)
@settings(max_examples=150, deadline=None)
def test_prior_masses_still_sum_to_one_and_engine_ones_do_not_move(
    own: dict[str, Hypothesis], proposed: dict[str, Hypothesis], table: LikelihoodTable
) -> None:
    def masses(heads: dict[str, Hypothesis]) -> dict[str, float]:
        accounts = [Account(id=key, head=key, links=(), triggers=()) for key in heads]
        return prior_masses(accounts, heads, MECHANISMS, table)

    before, after = masses(own), masses({**own, **proposed})
    assert math.fsum(after.values()) == pytest.approx(1.0)
    assert {key: after[key] for key in own} == {key: before[key] for key in own}


def test_a_thousand_proposals_have_no_more_than_one_could_have() -> None:
    table = load_table()
    many = {f"p{i}": hypothesis(f"p{i}", f"stated.{i}", 1.0, "model x") for i in range(1000)}
    after = believed(many, [], table)
    reserve = table.prior.not_listed * table.prior.unlisted_share
    assert math.fsum(after.accounts.values()) <= reserve * 1.0001


def test_what_came_to_nothing_still_takes_its_share() -> None:
    """Stating many and keeping the survivors is no way to a larger prior."""
    table = load_table()
    many = {f"p{i}": hypothesis(f"p{i}", f"stated.{i}", 0.5, "model x") for i in range(24)}
    kept = [Account(id="A:p0", head="p0", links=(), triggers=())]
    alone = update(kept, {"p0": many["p0"]}, MECHANISMS, [], table).accounts["A:p0"]
    among = update(kept, many, MECHANISMS, [], table).accounts["A:p0"]
    assert among == pytest.approx(alone * table.prior.entity_capacity / (24 * 0.5))


def test_a_known_mechanism_was_screened_for_wherever_it_is_proposed() -> None:
    table = load_table()
    own = {"h": hypothesis("h", "m0", 0.5, "engine")}
    engine = believed({**own, "p": hypothesis("p", "m1", 0.5, "engine")}, [], table)
    model = believed({**own, "p": hypothesis("p", "m1", 0.5, "model x")}, [], table)
    ratio = model.accounts["A:p"] / model.accounts["A:h"]
    assert ratio == pytest.approx(table.prior.unseen * engine.accounts["A:p"] / engine.accounts["A:h"])


def test_one_that_the_engine_comes_to_later_is_one_of_its_own() -> None:
    table = load_table()
    proposed = {"p": hypothesis("p", "m1", 0.5, "model x")}
    adopted = {"p": replace(proposed["p"], proposed_by="mechanisms")}
    assert believed(adopted, [], table).accounts["A:p"] > believed(proposed, [], table).accounts["A:p"]
