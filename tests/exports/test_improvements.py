"""Improvements: strongest first, about systems, with what they rest on."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from compass.domain.board import Board
from compass.domain.hypothesis import NO_CHANGE, TriggerOption
from compass.domain.incident import Change
from compass.domain.observation import Quantity
from compass.domain.time import NS_PER_S, Instant
from compass.exports.improvements import ORDER, PROMPTS, Improvement, improvements
from compass.exports.wording import objections
from compass.projections.build_view import build_view
from tests.support.boards import DETECTED_NS, ONSET_NS, ORDERS, account, believed, board, mechanism, seen, theory

ONSET = Instant(ns=ONSET_NS)
CHANGE = Change(id="d1", at=Instant(ns=ONSET_NS), kind="deploy", summary="deploy")


def proposed(held: Board) -> tuple[Improvement, ...]:
    return improvements(build_view(held, {"pool": mechanism("pool")}, id="i", number=1))


def led(
    since: Instant | None = ONSET, *, sign: str = "pool.exhausted", trigger: str = "d1", sampled: bool = True
) -> Board:
    first = replace(seen(sign, ORDERS), since=since, value=Quantity(value=1.0) if sampled else None)
    head = replace(theory("pool", ORDERS), suggested_by=frozenset({first.id}))
    held = believed({head: 0.8}, observations=(first,), changes=(CHANGE,), gaps=(("no spans", "time"),))
    return replace(held, accounts=(account(head, triggers=(TriggerOption(change=trigger, weight=1.0),)),))


def alert(held: Board) -> str:
    return next(item.text for item in proposed(held) if item.text.startswith("Alert on"))


def test_they_come_strongest_first_and_ask_where_nothing_is_known() -> None:
    found = proposed(led())
    assert [item.strength for item in found] == list(ORDER)
    assert found[0].rests_on == ("change", "d1")
    known = {"forcing function", "automation", "checklist"}
    asked = {item.strength for item in found if item.text == f"Question: {PROMPTS[item.strength]}"}
    assert asked == set(ORDER) - known
    assert not any(objections(item.text) for item in found)


def test_a_gap_is_told_once_in_a_section_of_its_own() -> None:
    assert not any("no spans" in item.text for item in proposed(led()))


@pytest.mark.parametrize(
    ("before_s", "doubt_s", "said"),
    [(120, 5, "its first abnormal sample was at least 115 s before anyone was paged"), (120, 60, None), (0, 0, None),
     (-1, 0, None), (10, 20, None)],
)  # fmt: skip
def test_that_an_alert_would_have_been_earlier_is_said_only_when_it_surely_was(
    before_s: int, doubt_s: int, said: str | None
) -> None:
    text = alert(led(Instant(ns=DETECTED_NS - before_s * NS_PER_S, uncertainty_ns=doubt_s * NS_PER_S)))
    assert text.startswith("Alert on pool.exhausted at orders")
    assert (said in text) if said else ("sample" not in text)


@pytest.mark.parametrize(
    "held", [led(None), led(sampled=False), led(sign="release.worse"), led(sign="k8s.oom_killed")],
    ids=["undated", "not a sample", "dated by its change", "dated by an event"],
)  # fmt: skip
def test_what_has_no_first_sample_gives_no_number(held: Board) -> None:
    assert re.search(r"\d+ s ", alert(held)) is None


def test_nobody_can_put_an_alert_on_a_change() -> None:
    assert not any(item.text.startswith("Alert on") for item in proposed(led(sign="change.pool_shrunk")))


def test_without_a_trigger_no_change_is_held_against_anybody() -> None:
    assert proposed(led(trigger=NO_CHANGE))[0].text == f"Question: {PROMPTS['forcing function']}"


def test_without_a_theory_questions_remain() -> None:
    assert [item.text for item in proposed(board())] == [f"Question: {PROMPTS[strength]}" for strength in ORDER]
