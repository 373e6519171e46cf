"""Likeness of incidents: symmetric, bounded, 1 for the same, told by what is rare."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.analysis.similarity import likeness, rarity_of, shared, similarity
from compass.domain.learned import Signature

NAMES = st.sampled_from([f"{sign}@{role}" for sign in ("latency.up", "errors.up", "cpu.up") for role in ("paged", "x")])
SIGNATURES = st.builds(
    Signature, signs=st.dictionaries(NAMES, st.floats(0.01, 1.0), max_size=5),
    services=st.lists(st.sampled_from(["service//a", "service//b"]), unique=True).map(tuple),
)  # fmt: skip


@given(SIGNATURES, SIGNATURES, st.floats(-1, 1))
def test_similarity_is_symmetric_and_bounded(one: Signature, other: Signature, cosine: float) -> None:
    rarity = rarity_of([one, other])
    value = similarity(one, other, rarity, cosine)
    assert 0.0 <= value <= 1.0 + 1e-12
    assert value == pytest.approx(similarity(other, one, rarity, cosine))
    assert 0.0 <= likeness(one, other, rarity) <= 1.0 + 1e-12


@given(SIGNATURES.filter(lambda s: bool(s.signs)))
def test_an_incident_is_wholly_like_itself(one: Signature) -> None:
    rarity = rarity_of([one])
    assert likeness(one, one, rarity) == pytest.approx(1.0)
    assert similarity(one, one, rarity, 1.0) == pytest.approx(1.0)


def test_what_every_incident_shows_tells_less_than_what_few_show() -> None:
    usual = [Signature(signs={"latency.up@paged": 0.9, f"k8s.odd{i}@x": 0.9}) for i in range(20)]
    rarity = rarity_of(usual)
    now = Signature(signs={"latency.up@paged": 0.9, "pool.exhausted@dependency": 0.9})
    common = Signature(signs={"latency.up@paged": 0.9, "disk.full@dependency": 0.9})
    telling = Signature(signs={"errors.up@paged": 0.9, "pool.exhausted@dependency": 0.9})
    assert likeness(now, telling, rarity) > likeness(now, common, rarity)


def test_nothing_shared_is_unlike_and_says_nothing() -> None:
    one, other = Signature(signs={"latency.up@paged": 1.0}), Signature(signs={"errors.up@paged": 1.0})
    rarity = rarity_of([one, other])
    assert likeness(one, other, rarity) == 0.0
    assert shared(one, other, rarity) == ()
    assert likeness(Signature(), Signature(), rarity) == 0.0


def test_the_words_name_the_most_telling_sign_first_and_the_services() -> None:
    signs = {"latency.up@paged": 0.9, "pool.exhausted@dependency": 0.9}
    one = Signature(signs=signs, services=("service/shop/orders",))
    rarity = rarity_of([Signature(signs={"latency.up@paged": 1.0})] * 5)
    said = shared(one, one, rarity)
    assert said[0] == "all connections or workers of a pool in use, callers waiting, below it"
    assert said[-1] == "also hit: orders"
