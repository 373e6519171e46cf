"""Improvements: strongest first, about systems, with what they rest on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.board import Board
from compass.domain.hypothesis import NO_CHANGE, TriggerOption
from compass.domain.incident import Change
from compass.domain.time import NS_PER_S, Instant
from compass.exports.improvements import ORDER, Improvement, improvements
from compass.exports.sources_of_fact import gap_key
from compass.exports.wording import objections
from compass.projections.build_view import build_view
from tests.support.boards import DETECTED_NS, ONSET_NS, ORDERS, account, believed, board, mechanism, seen, theory

CHANGE = Change(id="d1", at=Instant(ns=ONSET_NS), kind="deploy", summary="deploy")


def proposed(held: Board) -> tuple[Improvement, ...]:
    return improvements(build_view(held, {"pool": mechanism("pool")}, id="i", number=1), held)


def led(since_ns: int | None = ONSET_NS, *, sign: str = "pool.exhausted", trigger: str = "d1") -> Board:
    first = seen(sign, ORDERS, since_ns=since_ns)
    head = replace(theory("pool", ORDERS), suggested_by=frozenset({first.id}))
    held = believed({head: 0.8}, observations=(first,), changes=(CHANGE,), gaps=(("no spans", "time"),))
    return replace(held, accounts=(account(head, triggers=(TriggerOption(change=trigger, weight=1.0),)),))


def test_they_come_strongest_first_and_say_what_they_rest_on() -> None:
    found = proposed(led())
    assert [item.strength for item in found] == [
        "forcing function", "automation", "automation", "simplification", "checklist"
    ]  # fmt: skip
    assert [ORDER.index(item.strength) for item in found] == sorted(ORDER.index(item.strength) for item in found)
    assert found[0].rests_on == ("change", "d1")
    assert ("gap", gap_key("no spans", "time")) in [item.rests_on for item in found]
    assert "no spans" in next(item.text for item in found if item.rests_on == ("gap", gap_key("no spans", "time")))
    assert not any(objections(item.text) for item in found)


@pytest.mark.parametrize(
    ("since_ns", "said"),
    [(DETECTED_NS - 120 * NS_PER_S, "it was visible 120 s before anyone was paged"), (DETECTED_NS, None), (None, None),
     (DETECTED_NS + NS_PER_S, None)],
)  # fmt: skip
def test_that_an_alert_would_have_been_earlier_is_said_only_when_it_was_so(
    since_ns: int | None, said: str | None
) -> None:
    alert = next(item.text for item in proposed(led(since_ns)) if item.text.startswith("Alert on"))
    assert alert.startswith("Alert on pool.exhausted at orders")
    assert (said in alert) if said else ("visible" not in alert)


def test_nobody_can_put_an_alert_on_a_change() -> None:
    assert not any(item.text.startswith("Alert on") for item in proposed(led(sign="change.pool_shrunk")))


def test_without_a_trigger_no_change_is_held_against_anybody() -> None:
    assert all(item.strength != "forcing function" for item in proposed(led(trigger=NO_CHANGE)))


def test_without_a_theory_a_question_remains() -> None:
    assert [item.strength for item in proposed(board())] == ["simplification"]
