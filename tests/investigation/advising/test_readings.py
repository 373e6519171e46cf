"""Preferences and readings: what is given may be named, all else is dropped; none of it scores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.agents import specialists
from compass.disproof import by_id
from compass.domain import advised as told
from compass.domain.advice import ChosenTests, ReadChange, ReadChanges, ReadName, ReadNames
from compass.domain.board import Board
from compass.domain.incident import Change
from compass.domain.time import NS_PER_S, Instant
from compass.investigation.advising import advisers, changes, choose, classify
from compass.investigation.advising.base import Taken
from compass.investigation.settings import Crew, Limits
from compass.ports.specialist import Budget, Stop
from tests.support.boards import ONSET_NS, ORDERS, WEB, believed, mechanism, seen, theory

MECHANISMS = {f"m{i}": mechanism(f"m{i}", owner="database") for i in range(9)}
CREW = Crew(specialists=specialists(MECHANISMS, by_id()), mechanisms=MECHANISMS, strategies=by_id())
SLOW = seen("latency.up", ORDERS, agent="database")
BEFORE = Change(id="deploy-7", at=Instant(ns=ONSET_NS - 60 * NS_PER_S), kind="deploy", summary="smaller", diff="-1\n+2")
AFTER = replace(BEFORE, id="deploy-8", at=Instant(ns=ONSET_NS + 500 * NS_PER_S))
ODD = "frobnicator <*> went sideways"
NOVEL = replace(seen("log.novel", WEB), statements=(ODD, "connection refused by <*>"))


def board_of(theories: int = 9) -> Board:
    heads = {theory(f"m{i}", ORDERS, f"H{i + 1}", [SLOW.id]): 0.1 for i in range(theories)}
    return believed(heads, observations=(SLOW, NOVEL), changes=(BEFORE, AFTER), specialists=("database",))


def test_every_task_of_an_investigation_is_found_by_its_module() -> None:
    assert [adviser.id for adviser in advisers()] == ["changes", "choose", "classify", "propose", "series"]


def test_where_all_plans_are_made_there_is_nothing_to_choose() -> None:
    assert choose.ADVISER.questions(board_of(1), CREW) == ()


def test_preferred_plans_are_made_besides_and_unknown_ones_dropped() -> None:
    board = board_of()
    (question,) = choose.ADVISER.questions(board, CREW)
    given = [item.id for section in question.sections if section.title == choose.PLANS for item in section.items]
    taken = choose.ADVISER.take(board, CREW, question, ChosenTests(plans=(given[-1], "p-none", given[0])), "m")
    ((_, event),) = taken.payloads
    assert isinstance(event, told.PlansPreferred)
    left = [plan.id for plan in choose.left_out(board, CREW, Limits().work_per_round)][: choose.MOST]
    assert given == [f"A{number}" for number in range(1, len(left) + 1)], "ids of hex digits cost a prompt 300 tokens"
    assert event.plans == (left[-1], left[0])
    assert taken.dropped == 1
    database = next(s for s in CREW.specialists if s.name == "database")
    budget, ahead = Budget(work=Limits().work_per_round), replace(board, phase="disprove")
    plain = database.decide(ahead, budget)
    advised = replace(ahead, advice=replace(ahead.advice, preferred=event.plans))
    chosen = database.decide(advised, budget)
    assert not isinstance(plain, Stop)
    assert not isinstance(chosen, Stop)
    assert chosen[: len(plain)] == plain
    assert [step.id for step in chosen[len(plain) :]] == list(event.plans)


@pytest.mark.parametrize("plans", [(), ("",), ("p-none",), tuple(f"A{n}" for n in range(100, 1100))])
def test_a_choice_of_nothing_that_is_there_is_no_event(plans: tuple[str, ...]) -> None:
    board = board_of()
    (question,) = choose.ADVISER.questions(board, CREW)
    taken = choose.ADVISER.take(board, CREW, question, ChosenTests(plans=plans), "m")
    assert taken == Taken(dropped=len(plans))


def test_changes_that_came_before_are_read_against_the_symptom() -> None:
    board = board_of()
    (question,) = changes.ADVISER.questions(board, CREW)
    (item,) = next(s.items for s in question.sections if s.title == changes.CHANGES)
    assert "+2" in item.text
    assert not item.trusted
    replies = (
        ReadChange(change=item.id, could=True, why="it halves the pool", cites=("E1",)),
        ReadChange(change=item.id, could=False, why="and it does not"),
        ReadChange(change="deploy-7", could=True, why="an id that was not given"),
        ReadChange(change=item.id, could=True, why=""),
        ReadChange(change="C9", could=True, why="not there"),
    )
    taken = changes.ADVISER.take(board, CREW, question, ReadChanges(changes=replies), "m")
    ((_, event),) = taken.payloads
    assert isinstance(event, told.ChangesRead)
    assert event.changes == (ReadChange(change="deploy-7", could=True, why="it halves the pool", cites=("E1",)),)
    assert taken.dropped == 4


def test_a_reading_that_cites_what_is_not_there_is_dropped() -> None:
    board = board_of()
    (question,) = changes.ADVISER.questions(board, CREW)
    reply = ReadChanges(changes=(ReadChange(change="C1", could=True, why="so", cites=("E77",)),))
    assert changes.ADVISER.take(board, CREW, question, reply, "m") == Taken(dropped=1)


def test_changes_are_read_once() -> None:
    board = board_of()
    assert changes.ADVISER.questions(replace(board, advice=replace(board.advice, heard=1)), CREW) == ()


def test_a_template_that_no_phrase_table_knows_is_asked_for_alone_whatever_the_incident() -> None:
    (question,) = classify.ADVISER.questions(board_of(), CREW)
    (item,) = question.sections[0].items
    assert item.text == ODD
    other = believed({}, observations=(replace(NOVEL, strength=0.99),))
    assert classify.ADVISER.questions(other, CREW) == (question,)


def test_only_meanings_that_exist_are_taken() -> None:
    board = board_of()
    (question,) = classify.ADVISER.questions(board, CREW)
    key = question.sections[0].items[0].id
    names = (
        ReadName(id=key, meaning="log.everything_is_fine"), ReadName(id="T0", meaning="log.config"),
        ReadName(id=key, meaning="log.config", unit="s", worse="up", why="it says so"), ReadName(id=key),
    )  # fmt: skip
    taken = classify.ADVISER.take(board, CREW, question, ReadNames(names=names), "m")
    ((_, event),) = taken.payloads
    assert isinstance(event, told.NamesRead)
    assert event.names == (ReadName(id=key, meaning="log.config", why="it says so"),)
    assert taken.dropped == 3
    read = replace(board, advice=replace(board.advice, names={key: event.names[0]}))
    assert classify.ADVISER.questions(read, CREW) == ()
