"""History moves a prior a little, decays, is capped, and says nothing about quite other incidents."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.analysis.history import CAP, HALF_LIFE_DAYS, counts_of, history_of, log_factor, words
from compass.analysis.similarity import rarity_of
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.knowledge import Lesson
from compass.domain.learned import HistoryCount, Signature
from tests.support.boards import theory

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ORDERS = EntityRef(kind=EntityKind.SERVICE, name="orders")
SLOW = Signature(signs={"latency.up@paged": 0.9, "pool.exhausted@dependency": 0.8})
OTHER = Signature(signs={"k8s.unready@elsewhere": 1.0})
RARITY = rarity_of([SLOW, OTHER])


def lesson(number: int, *, right: bool = True, age_days: float = 0.0, signature: Signature = SLOW) -> Lesson:
    return Lesson(
        id=f"#{number}/resolved", investigation=UUID(int=number), right=right, mechanism="pool_exhausted",
        entity=ORDERS, signature=signature, at=NOW - timedelta(days=age_days), by="human",
    )  # fmt: skip


def test_a_lesson_counts_by_its_age_and_by_how_alike_its_incident_was() -> None:
    (fresh,) = counts_of([lesson(1)], SLOW, RARITY, NOW)
    (old,) = counts_of([lesson(1, age_days=HALF_LIFE_DAYS)], SLOW, RARITY, NOW)
    assert fresh.right == pytest.approx(1.0)
    assert old.right == pytest.approx(0.5)
    assert counts_of([lesson(1)], OTHER, RARITY, NOW) == ()
    assert counts_of([lesson(1, age_days=-3)], SLOW, RARITY, NOW)[0].right == pytest.approx(1.0)


def about(number: int, mechanism: str, signature: Signature, *, right: bool = True) -> Lesson:
    return replace(lesson(number, right=right, signature=signature), mechanism=mechanism)


def test_an_incident_that_is_as_unlike_as_any_other_says_nothing() -> None:
    here = Signature(signs={"latency.up@paged": 0.9, "pool.exhausted@dependency": 0.8, "cpu.up@elsewhere": 0.7})
    usual = Signature(signs={"latency.up@paged": 0.9})  # what every incident of this team shows
    taught = [about(1, "pool_exhausted", SLOW), about(2, "disk_full", usual), about(3, "memory_leak", usual)]
    counts = {count.mechanism: count for count in counts_of(taught, here, RARITY, NOW)}
    assert set(counts) == {"pool_exhausted"}
    alone = counts_of(taught[:1], here, RARITY, NOW)[0]
    assert 0 < counts["pool_exhausted"].right < alone.right
    again = counts_of([*taught, about(4, "disk_full", here)], here, RARITY, NOW)
    assert next(count for count in again if count.mechanism == "disk_full").right == pytest.approx(1.0)


def test_the_only_correction_counts_also_against_what_led_in_its_own_incident() -> None:
    taught = [about(1, "pool_exhausted", SLOW, right=False), about(1, "disk_full", SLOW)]
    counts = {count.mechanism: count for count in counts_of(taught, SLOW, RARITY, NOW)}
    assert (counts["pool_exhausted"].wrong, counts["disk_full"].right) == (pytest.approx(1.0), pytest.approx(1.0))


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["a", "b"]), st.booleans()), max_size=12))
def test_others_can_only_lessen_what_a_lesson_counts(told: list[tuple[int, str, bool]]) -> None:
    here = Signature(signs={"latency.up@paged": 0.9, "cpu.up@elsewhere": 0.7})
    taught = [about(n, of, (SLOW, here, OTHER)[n % 3], right=right) for n, of, right in told]
    for count in counts_of(taught, here, RARITY, NOW):
        own = [one for one in taught if one.mechanism == count.mechanism]
        (alone,) = counts_of(own, here, RARITY, NOW)
        assert 0 <= count.right <= alone.right + 1e-9
        assert 0 <= count.wrong <= alone.wrong + 1e-9


def test_what_is_undone_or_names_no_mechanism_does_not_count() -> None:
    taught = [replace(lesson(1), undone=True), replace(lesson(2), mechanism="")]
    assert counts_of(taught, SLOW, RARITY, NOW) == ()


def test_right_and_wrong_are_kept_apart_and_named() -> None:
    (count,) = counts_of([lesson(1), lesson(2, right=False), lesson(3, right=False)], SLOW, RARITY, NOW)
    assert (count.right, count.wrong) == (pytest.approx(1.0), pytest.approx(2.0))
    assert log_factor(count) == pytest.approx(math.log(2 / 3))
    assert words(count).startswith("history of incidents like this (decayed): it was it 1.0 times and was put first")
    assert "#1" in words(count)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_factor_is_capped_and_turns_round_with_its_counts(right: float, wrong: float) -> None:
    count = HistoryCount(mechanism="m", entity=ORDERS, right=right, wrong=wrong)
    other = HistoryCount(mechanism="m", entity=ORDERS, right=wrong, wrong=right)
    assert -CAP <= log_factor(count) <= CAP
    assert log_factor(count) == pytest.approx(-log_factor(other))


def test_a_count_speaks_about_its_own_mechanism_and_entity_only() -> None:
    count = HistoryCount(mechanism="pool_exhausted", entity=ORDERS, right=1.0, wrong=0.0)
    same, another = theory("pool_exhausted", ORDERS), theory("disk_full", ORDERS)
    assert history_of([same, another], [count]) == {same.id: count}
