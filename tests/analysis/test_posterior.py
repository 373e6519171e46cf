from __future__ import annotations

import math
import random
import time
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.likelihood import load_assumed
from compass.analysis.posterior import NO_INCIDENT, NOT_LISTED, prior_masses, softmax, update
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Account, Hypothesis, Link
from compass.domain.posterior import Evidence
from compass.domain.time import Instant

TABLE = load_assumed()
MECHANISMS = {f"m{i}": ("family", 1.0 + i) for i in range(6)}


def hypothesis(key: str, mechanism: str = "m0", lead: float = 0.5) -> Hypothesis:
    return Hypothesis(
        id=key,
        label=key,
        mechanism=mechanism,
        entity=EntityRef(kind=EntityKind.SERVICE, name=key),
        onset=Instant(ns=0),
        proposed_by="t",
        suggested_by=frozenset(),
        lead=lead,
    )


def account(head: str, *effects: str) -> Account:
    links = tuple(Link(cause=head, effect=effect, because="b") for effect in effects)
    return Account(id=f"A:{head}", head=head, links=links, triggers=())


def says(
    key: str, values: dict[str, float], *, group: str = "", kind: str = "expected", rests_on=(), link=None
) -> Evidence:
    return Evidence(
        id=key,
        group=group or key,
        kind=kind,
        log_likelihood=values,
        because=f"because of {key}",
        rests_on=tuple(rests_on),
        link=link,
    )


THEORIES = {f"h{i}": hypothesis(f"h{i}", f"m{i % 4}", lead=0.2 + 0.1 * i) for i in range(6)}
ACCOUNTS = (account("h0", "h1", "h2"), account("h1", "h2"), *(account(f"h{i}") for i in range(2, 6)))
keys = st.sampled_from([*THEORIES, NO_INCIDENT, NOT_LISTED, "somebody-else"])


@st.composite
def evidence(draw) -> list[Evidence]:
    found = []
    for i in range(draw(st.integers(0, 14))):
        values = draw(st.dictionaries(keys, st.floats(-9, 9), min_size=1, max_size=3))
        kind = draw(st.sampled_from(["suggestion", "expected", "survived", "refuted", "coverage", "incident"]))
        link = draw(st.sampled_from([None, None, None, *values]))
        rests = draw(st.lists(st.sampled_from(["o1", "o2", "o3", "o4", "o5"]), max_size=2))
        found.append(says(f"e{i}", values, group=draw(st.sampled_from(["g1", "g2", f"g{i + 3}"])), kind=kind,
                          rests_on=rests, link=link if kind == "refuted" else None))  # fmt: skip
    return found


@given(support=st.floats(0.1, 6), against=st.floats(-3, -0.1))
def test_what_another_theory_explains_counts_in_part_and_is_lent_whole(support: float, against: float) -> None:
    accounts = (account("h0"), account("h1", "h0"))
    speaks = says("e1", {"h0": support}, kind="suggestion", rests_on=("o1",))
    refuted = says("e2", {"h0": against}, kind="refuted", rests_on=("o2",))

    def scores(item: Evidence) -> tuple[float, float]:
        terms = update(accounts, THEORIES, MECHANISMS, [speaks, item], TABLE).terms
        own = math.fsum(t.log_score for t in terms if t.account == "A:h0" and t.group != "prior")
        lent = math.fsum(t.log_score for t in terms if t.account == "A:h1" and t.group == "links")
        return own, lent

    plain, explained = scores(refuted), scores(replace(refuted, explained=True))
    assert plain == pytest.approx((support + against, min(2.0, TABLE.groups.link_share * support)))
    assert explained == pytest.approx((TABLE.groups.explained_share * support + against, plain[1]))


@given(found=evidence())
@settings(max_examples=150, deadline=None)
def test_sums_to_one_and_the_terms_are_the_whole_truth(found: list[Evidence]) -> None:
    posterior = update(ACCOUNTS, THEORIES, MECHANISMS, found, TABLE)
    every = {**posterior.accounts, NO_INCIDENT: posterior.no_incident, NOT_LISTED: posterior.not_listed}
    assert math.fsum(every.values()) == pytest.approx(1.0, abs=1e-12)
    assert all(0 <= p <= 1 for p in every.values())
    summed = {key: math.fsum(t.log_score for t in posterior.terms if t.account == key) for key in every}
    assert softmax(summed) == every
    assert all(term.text for term in posterior.terms)
    assert posterior.table_sha256 == TABLE.sha256


@given(found=evidence(), seed=st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_shuffled_evidence_gives_identical_floats_and_terms(found: list[Evidence], seed: int) -> None:
    mixed, accounts = list(found), list(ACCOUNTS)
    random.Random(seed).shuffle(mixed)
    random.Random(seed).shuffle(accounts)
    mixed += mixed[:2]  # the same evidence twice is the same evidence
    theories = dict(reversed(THEORIES.items()))
    one = update(ACCOUNTS, THEORIES, MECHANISMS, found, TABLE)
    two = update(accounts, theories, dict(reversed(MECHANISMS.items())), mixed, TABLE)
    assert one == two
    assert list(one.accounts) == list(two.accounts)


@given(found=evidence())
@settings(max_examples=60, deadline=None)
def test_no_account_falls_further_than_a_decisive_refutation(found: list[Evidence]) -> None:
    posterior = update(ACCOUNTS, THEORIES, MECHANISMS, found, TABLE)
    for own in ACCOUNTS:
        terms = [t for t in posterior.terms if t.account == own.id and t.group != "prior"]
        assert math.fsum(t.log_score for t in terms) >= TABLE.decisive_floor - 1e-9


@given(leads=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=3), new=st.floats(0.01, 1.0))
@settings(max_examples=60, deadline=None)
def test_stating_a_theory_takes_from_not_listed_alone(leads: list[float], new: float) -> None:
    roomy = msgspec.structs.replace(TABLE, prior=msgspec.structs.replace(TABLE.prior, entity_capacity=5.0))
    theories = {f"h{i}": hypothesis(f"h{i}", "m1", lead) for i, lead in enumerate(leads)}
    before = prior_masses([account(key) for key in theories], theories, MECHANISMS, roomy)
    more = {**theories, "new": hypothesis("new", "m1", new), "far": hypothesis("far", "not in the catalogue")}
    after = prior_masses([account(key) for key in more], more, MECHANISMS, roomy)
    for key in theories:
        assert after[f"A:{key}"] == before[f"A:{key}"]
    assert after[NO_INCIDENT] == before[NO_INCIDENT]
    assert after[NOT_LISTED] < before[NOT_LISTED]
    assert math.fsum(after.values()) == pytest.approx(1.0)


def test_prior_mass_is_mechanism_times_entity_by_lead() -> None:
    theories = {"a": hypothesis("a", "m1", 0.8), "b": hypothesis("b", "m1", 0.4), "c": hypothesis("c", "m3", 0.8)}
    masses = prior_masses([account(key) for key in theories], theories, MECHANISMS, TABLE)
    assert masses["A:a"] == pytest.approx(2 * masses["A:b"])
    assert masses["A:c"] == pytest.approx(2 * masses["A:a"])  # weight 4 against 2


def test_many_theories_of_one_mechanism_share_its_mass() -> None:
    theories = {f"h{i}": hypothesis(f"h{i}", "m1", 1.0) for i in range(50)}
    masses = prior_masses([account(key) for key in theories], theories, MECHANISMS, TABLE)
    whole = (1 - TABLE.prior.no_incident - TABLE.prior.not_listed) * 2.0 / 21.0
    assert math.fsum(masses[f"A:{key}"] for key in theories) == pytest.approx(whole)


def score(found, key="A:h0", accounts=ACCOUNTS, **more) -> float:
    posterior = update(accounts, THEORIES, MECHANISMS, found, TABLE, **more)
    return math.fsum(t.log_score for t in posterior.terms if t.account == key and t.group != "prior")


ALONE = tuple(account(key) for key in THEORIES)


def test_evidence_of_one_group_counts_strongest_plus_a_share() -> None:
    share = TABLE.groups.share_of_rest
    found = [says("a", {"h0": 2.0}, group="g"), says("b", {"h0": 1.0}, group="g"), says("c", {"h0": 3.0})]
    assert score(found, accounts=ALONE) == pytest.approx(3.0 + 2.0 + share * 1.0)


def test_shared_observations_or_series_make_a_group() -> None:
    share = TABLE.groups.share_of_rest
    one, two = says("a", {"h0": 2.0}, rests_on=["o1"]), says("b", {"h0": 1.0}, rests_on=["o1", "o2"])
    assert score([one, two], accounts=ALONE) == pytest.approx(2.0 + share)
    far = says("b", {"h0": 1.0}, rests_on=["o2"])
    assert score([one, far], accounts=ALONE) == pytest.approx(3.0)
    same = {"o1": "cpu of a", "o2": "cpu of a"}
    assert score([one, far], accounts=ALONE, series=same) == pytest.approx(2.0 + share)


def test_what_contradicts_is_not_swallowed_by_its_group() -> None:
    found = [says("a", {"h0": 3.0}, group="g", kind="suggestion"), says("b", {"h0": -2.0}, group="g", kind="refuted")]
    assert score(found, accounts=ALONE) == pytest.approx(1.0)


def test_a_decisive_refutation_is_the_floor_whatever_else_speaks_for_it() -> None:
    found = [says("a", {"h0": 9.0}), says("b", {"h0": -7.0}, kind="refuted", link="h0")]
    assert score(found, accounts=ALONE) == TABLE.decisive_floor
    assert score(found[:1], accounts=ALONE) == pytest.approx(9.0)


def test_an_effect_lends_to_its_account_until_its_link_is_cut() -> None:
    groups = TABLE.groups
    support = [says("a", {"h1": 3.0}, kind="suggestion")]
    assert score(support) == pytest.approx(groups.link_share * 3.0)
    assert score([says("a", {"h1": 500.0})]) == pytest.approx(groups.link_cap)
    cut = [*support, says("b", {"h1": -7.0}, kind="refuted", link="h1")]
    assert score(cut) == 0.0
    assert score([says("a", {"h1": -3.0})]) == 0.0  # an effect that is not there does not refute the head


def test_a_cut_link_cuts_what_hangs_on_it() -> None:
    links = (Link(cause="h0", effect="h1", because="b"), Link(cause="h1", effect="h2", because="b"))
    chain = (Account(id="A:h0", head="h0", links=links, triggers=()),)
    support = [says("a", {"h2": 3.0})]
    assert score(support, accounts=chain) > 0
    cut = [*support, says("b", {"h1": -7.0}, kind="refuted", link="h1")]
    assert score(cut, accounts=chain) == 0.0


def test_links_lend_nothing_that_the_head_already_counted() -> None:
    found = [says("a", {"h0": 2.0}, rests_on=["o1"]), says("b", {"h1": 2.0}, rests_on=["o1"])]
    assert score(found) == pytest.approx(2.0)


def test_no_incident_and_not_listed_have_evidence_of_their_own() -> None:
    base = update(ACCOUNTS, THEORIES, MECHANISMS, [], TABLE)
    more = update(ACCOUNTS, THEORIES, MECHANISMS, [says("i", {NO_INCIDENT: 3.0}, kind="incident")], TABLE)
    less = update(ACCOUNTS, THEORIES, MECHANISMS, [says("i", {NOT_LISTED: -3.0})], TABLE)
    assert more.no_incident > base.no_incident
    assert less.not_listed < base.not_listed
    assert base.not_listed > max(base.accounts.values())


def test_what_was_screened_and_not_seen_weighs_less_than_what_is_unknown() -> None:
    masses = prior_masses(ACCOUNTS, THEORIES, MECHANISMS, TABLE)
    posterior = update(ACCOUNTS, THEORIES, MECHANISMS, [], TABLE)
    terms = {t.group: t.log_score for t in posterior.terms if t.account == NOT_LISTED}
    left = TABLE.prior.not_listed + TABLE.prior.unseen * (masses[NOT_LISTED] - TABLE.prior.not_listed)
    assert math.exp(math.fsum(terms.values())) == pytest.approx(left)
    nothing = update((), {}, MECHANISMS, [], TABLE)
    assert [t.group for t in nothing.terms if t.account == NOT_LISTED] == ["prior"]


def test_no_account_at_all_leaves_the_two_others() -> None:
    posterior = update((), {}, {}, [], TABLE)
    assert posterior.accounts == {}
    assert posterior.no_incident + posterior.not_listed == pytest.approx(1.0)


def test_figures_that_are_no_numbers_count_as_nothing() -> None:
    odd = [says(f"e{i}", {"h0": value}) for i, value in enumerate((math.nan, math.inf, -math.inf))]
    assert score(odd, accounts=ALONE) == 0.0


def test_temper_scales_all_evidence() -> None:
    half = msgspec.structs.replace(TABLE, temper=0.5)
    posterior = update(ALONE, THEORIES, MECHANISMS, [says("a", {"h0": 2.0})], half)
    assert [t.log_score for t in posterior.terms if t.account == "A:h0" and t.group == "a"] == [1.0]


def test_the_reason_names_the_evidence() -> None:
    found = [says("a", {"h0": 2.0}, group="g"), says("b", {"h0": 1.0}, group="g")]
    posterior = update(ALONE, THEORIES, MECHANISMS, found, TABLE)
    term = next(t for t in posterior.terms if t.account == "A:h0" and t.group == "g")
    assert term.because == ("a", "b")
    assert term.text.startswith("because of a")


def test_five_hundred_accounts_do_not_take_seconds() -> None:
    theories = {f"h{i}": hypothesis(f"h{i}", f"m{i % 6}") for i in range(500)}
    accounts = [account(key, *(f"h{(i + j) % 500}" for j in range(1, 8))) for i, key in enumerate(theories)]
    found = [says(f"e{i}", {f"h{i % 500}": 1.0}, rests_on=[f"o{i % 700}"]) for i in range(4000)]
    start = time.process_time()  # what others take from the machine does not count
    update(accounts, theories, MECHANISMS, found, TABLE)
    assert time.process_time() - start < 3.0
